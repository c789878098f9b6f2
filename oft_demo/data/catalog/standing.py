"""What the database says of one episode: its labels, its parts, and what is known of its recordings."""

import json
import sqlite3

from oft_demo.data.catalog.entries import Span
from oft_demo.data.catalog.examining import Facts, facts_from
from oft_demo.data.catalog.labelling import Told, told_of
from oft_demo.types import Segment


def told_about(connection: sqlite3.Connection, name: str) -> Told:
    """What was said about an episode and done to it."""
    rows = connection.execute("SELECT field, value, revision FROM labels WHERE name = ?", (name,)).fetchall()
    revision = max((revision for _, _, revision in rows), default=0)
    state = "kept" if file_of(connection, name) is not None else "absent"
    return told_of({field: value for field, value, _ in rows}, revision, state)


def is_shelved(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the index has an episode of this name."""
    return connection.execute("SELECT 1 FROM episodes WHERE name = ?", (name,)).fetchone() is not None


def file_of(connection: sqlite3.Connection, name: str) -> str | None:
    """The recording that an episode is the whole of, as long as nobody edits it."""
    row = connection.execute("SELECT name FROM files WHERE episode = ?", (name,)).fetchone()
    return None if row is None else row[0]


def files_of(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """The recordings that an episode is made of, whether they are there or not."""
    spans = told_about(connection, name).spans
    if spans is not None:
        return tuple(dict.fromkeys(span.file for span in spans))
    return (file_of(connection, name) or name,)


def facts_about(connection: sqlite3.Connection, file: str) -> Facts | None:
    """What the index knows of a recording that is there and can be read."""
    query = "SELECT facts FROM files WHERE name = ? AND NOT gone AND reason IS NULL"
    row = connection.execute(query, (file,)).fetchone()
    return None if row is None else facts_from(json.loads(row[0]))


def parts_of(connection: sqlite3.Connection, name: str, told: Told) -> tuple[tuple[Span, Facts], ...]:
    """The parts that an episode is made of and their recordings; empty where one of them cannot be read."""
    if told.spans is None:
        file = file_of(connection, name)
        facts = None if file is None else facts_about(connection, file)
        return () if file is None or facts is None else ((Span(file, 0, facts.length), facts),)
    parts = list[tuple[Span, Facts]]()
    for span in told.spans:
        facts = facts_about(connection, span.file)
        if facts is None or span.stop > facts.length:
            return ()
        parts.append((span, facts))
    return tuple(parts)


def segments_of(told: Told, facts: Facts) -> tuple[Segment, ...]:
    """The segments of an episode, by hand where somebody gave them."""
    return facts.segments if told.annotation.segments is None else told.annotation.segments
