"""Keeps the index as the files of the directory are: what appeared or changed is read, what vanished is hidden."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oft_demo.data.catalog import changes, schema
from oft_demo.data.catalog.examining import Facts, examine, facts_from, facts_json
from oft_demo.data.catalog.files import Stamp, free_name, sort_key, stamp_of
from oft_demo.data.catalog.labelling import SPANS, labels_in
from oft_demo.data.catalog.salvage import PARTS_MISSING
from oft_demo.data.catalog.shelving import shelve, weigh
from oft_demo.data.catalog.standing import told_about
from oft_demo.errors import OftDemoError


@dataclass(frozen=True)
class News:
    """What is different in the directory since the index was written."""

    changed: tuple[str, ...] = ()  # appeared or changed, in the order of their numbers
    gone: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()  # were gone, and are as they were before


@dataclass(frozen=True)
class Reading:
    """What came of reading one file."""

    name: str
    stamp: Stamp
    facts: Facts | None
    reason: str | None = None  # why it cannot be read


def news(connection: sqlite3.Connection, found: Mapping[str, Stamp]) -> News:
    """Compare the files of the directory with those of the index."""
    rows = connection.execute("SELECT name, mtime_ns, size, gone FROM files").fetchall()
    known = {name: Stamp(mtime_ns, size) for name, mtime_ns, size, _ in rows}
    changed = (name for name, stamp in found.items() if known.get(name) != stamp)
    return News(
        tuple(sorted(changed, key=sort_key)),
        tuple(name for name, _, _, gone in rows if not gone and name not in found),
        tuple(name for name, _, _, gone in rows if gone and name in found and found[name] == known[name]),
    )


def readings(directory: Path, names: Iterable[str]) -> Iterator[Reading]:
    """Read files one after the other; those that are gone again are left out."""
    for name in names:
        stamp = stamp_of(directory, name)
        if stamp is None:
            continue
        try:
            yield Reading(name, stamp, examine(directory, name))
        except OftDemoError as error:
            yield Reading(name, stamp, None, str(error))


def take_in(connection: sqlite3.Connection, directory: Path, read: Sequence[Reading]) -> None:
    """Write what was read into the index."""
    tasks = set[str | None]()
    for one in read:
        if stamp_of(directory, one.name) != one.stamp:
            continue  # it changed while it waited for its turn; the next look reads it again
        _take_in_file(connection, one)
        tasks.update(shelve(connection, directory, name) for name in _made_of(connection, one.name))
    weigh(connection, tasks)


def mark(connection: sqlite3.Connection, directory: Path, names: Sequence[str], gone: bool) -> None:
    """Hide the episodes of files that are gone, or show them again: what was said about them waits for that day."""
    tasks = set[str | None]()
    for name in names:
        connection.execute("UPDATE files SET gone = ? WHERE name = ?", (gone, name))
        tasks.update(shelve(connection, directory, each) for each in _made_of(connection, name))
    weigh(connection, tasks)


def shelve_parts(connection: sqlite3.Connection, directory: Path) -> None:
    """Write the rows of all episodes that are parts of recordings, where the index is being made anew."""
    if connection.execute("DELETE FROM meta WHERE key = ? RETURNING 1", (PARTS_MISSING,)).fetchall():
        rows = connection.execute("SELECT name FROM labels WHERE field = ?", (SPANS,)).fetchall()
        weigh(connection, {shelve(connection, directory, name) for (name,) in rows})


def forget(connection: sqlite3.Connection) -> None:
    """Empty the index; the next look at the directory fills it again."""
    schema.empty_index(connection)
    connection.execute("UPDATE files SET mtime_ns = NULL")  # which episode is which file's stays
    connection.execute("INSERT OR REPLACE INTO meta VALUES(?, 1)", (PARTS_MISSING,))


def is_known(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a name is that of an episode, or was that of one once."""
    query = "SELECT 1 FROM files WHERE episode = ?1 UNION SELECT 1 FROM files WHERE name = ?1 UNION "
    return connection.execute(query + "SELECT 1 FROM labels WHERE name = ?1", (name,)).fetchone() is not None


def _take_in_file(connection: sqlite3.Connection, one: Reading) -> None:
    row = connection.execute("SELECT episode, facts FROM files WHERE name = ?", (one.name,)).fetchone()
    episode = _new_name(connection, one.name) if row is None else row[0]
    before = None if row is None or row[1] is None else facts_from(json.loads(row[1]))
    facts = before if one.facts is None else one.facts  # damaged for now: later it may be the same recording again
    if before is not None and facts is not None and before.motion != facts.motion:
        changes.forget_replaced(connection, episode, _made_of(connection, one.name))
        before = None
    text = None if facts is None else facts_json(facts)
    connection.execute(
        "INSERT INTO files(name, episode, mtime_ns, size, gone, reason, facts) VALUES(?, ?, ?, ?, 0, ?, ?) "
        "ON CONFLICT(name) DO UPDATE SET mtime_ns = excluded.mtime_ns, size = excluded.size, gone = 0, "
        "reason = excluded.reason, facts = excluded.facts",
        (one.name, episode, *one.stamp, one.reason, text),
    )
    if before is None and facts is not None:
        changes.take_over(connection, episode, labels_in(facts.annotation, facts.length))


def _new_name(connection: sqlite3.Connection, file: str) -> str:
    """An episode is called as its file, unless one that was made of others is called so already."""
    spans = told_about(connection, file).spans
    if spans is None or any(span.file == file for span in spans):
        return file
    return free_name(file, lambda name: is_known(connection, name))


def _made_of(connection: sqlite3.Connection, file: str) -> list[str]:
    """The episodes that a file is part of."""
    query = (
        "SELECT name FROM uses JOIN episodes USING(id) WHERE file = ?1 UNION SELECT episode FROM files WHERE name = ?1"
    )
    return [name for (name,) in connection.execute(query, (file,)).fetchall()]
