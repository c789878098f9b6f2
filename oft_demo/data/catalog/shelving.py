"""Keeps the rows of each episode in the index as its recordings and its labels say."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.data.catalog.entries import Span
from oft_demo.data.catalog.entry_rows import BINNED, entry_text, part_facts, summary_of
from oft_demo.data.catalog.examining import Facts, examine_part
from oft_demo.data.catalog.files import number_of
from oft_demo.data.catalog.hints import FEWEST_OTHERS, kinds, usual_seconds
from oft_demo.data.catalog.labelling import Told
from oft_demo.data.catalog.standing import parts_of, segments_of, told_about
from oft_demo.errors import InvalidEpisode
from oft_demo.types import SOURCES

HIDDEN, LISTED = 0, 1
SHELVES = {"kept": LISTED, "deleted": BINNED, "replaced": HIDDEN, "absent": HIDDEN}


def shelve(connection: sqlite3.Connection, directory: Path, name: str) -> str | None:
    """Write the rows of an episode anew; gives its task, whose usual times are the business of `weigh`."""
    told = told_about(connection, name)
    parts = parts_of(connection, name, told)
    facts = _facts(connection, directory, name, parts)
    if facts is None:
        connection.execute("UPDATE episodes SET shelf = ? WHERE name = ?", (HIDDEN, name))
        row = connection.execute("SELECT task FROM episodes WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]
    put(connection, name, told, [span for span, _ in parts], facts)
    return facts.task


def put(connection: sqlite3.Connection, name: str, told: Told, spans: Sequence[Span], facts: Facts) -> None:
    """Write the rows of an episode whose facts are known."""
    columns = _columns(name, told, facts)
    marks = ", ".join("?" * len(columns))
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "name")
    ((key,),) = connection.execute(
        f"INSERT INTO episodes({', '.join(columns)}, outlier) VALUES({marks}, 0) "
        f"ON CONFLICT(name) DO UPDATE SET {changed} RETURNING id",
        tuple(columns.values()),
    ).fetchall()
    ranges = np.array([facts.low, facts.high], np.float32).tobytes()
    connection.execute("INSERT OR REPLACE INTO entries VALUES(?, ?)", (key, entry_text(told, spans, facts)))
    connection.execute("INSERT OR REPLACE INTO ranges VALUES(?, ?)", (key, ranges))
    connection.execute("INSERT OR REPLACE INTO words(rowid, text) VALUES(?, ?)", (key, _words(name, told, facts)))
    _relate(connection, "uses", key, (span.file for span in spans))
    _relate(connection, "tags", key, told.annotation.tags)
    _relate(connection, "hints", key, kinds(facts.hints))


def weigh(connection: sqlite3.Connection, tasks: Iterable[str | None]) -> None:
    """Find out which episodes of some tasks are unusually long or short."""
    for task in sorted({task for task in tasks if task is not None}):
        mine = f"FROM episodes WHERE shelf = {LISTED} AND task = ?"
        (count,) = connection.execute(f"SELECT count(*) {mine}", (task,)).fetchone()
        low, high = 0.0, float(np.finfo(np.float64).max)
        if count >= FEWEST_OTHERS:
            places = [(count - 1) * quarter // 4 for quarter in (1, 2, 3)]
            query = f"SELECT seconds {mine} ORDER BY seconds LIMIT 1 OFFSET ?"
            first, median, third = (connection.execute(query, (task, place)).fetchone()[0] for place in places)
            low, high = usual_seconds((first, median, third))
        connection.execute("INSERT OR REPLACE INTO usual VALUES(?, ?, ?)", (task, low, high))
        update = f"UPDATE episodes SET outlier = ? WHERE shelf = {LISTED} AND task = ? AND outlier != ? AND "
        connection.execute(update + "seconds < ?", (1, task, 1, low))
        connection.execute(update + "seconds > ?", (1, task, 1, high))
        connection.execute(update + "seconds BETWEEN ? AND ?", (0, task, 0, low, high))


def _facts(
    connection: sqlite3.Connection, directory: Path, name: str, parts: Sequence[tuple[Span, Facts]]
) -> Facts | None:
    if not parts:
        return None
    spans, recordings = [span for span, _ in parts], [facts for _, facts in parts]
    if len(parts) == 1 and spans[0].length == recordings[0].length:
        return recordings[0]
    row = connection.execute("SELECT entry FROM entries JOIN episodes USING(id) WHERE name = ?", (name,)).fetchone()
    try:
        return examine_part(directory, spans, recordings, None if row is None else part_facts(row[0]))
    except InvalidEpisode:  # the file changed since the index was made; the next look at the directory will tell
        return None


def _columns(name: str, told: Told, facts: Facts) -> dict[str, Any]:
    said = told.annotation
    return {
        "name": name,
        "shelf": SHELVES[told.state],
        "number": number_of(name),
        "task": facts.task,
        "instruction": facts.instruction if said.instruction is None else said.instruction,
        "success": facts.success if said.success is None else said.success,
        "sources": sum(1 << SOURCES.index(source) for source in facts.sources),
        "quality": said.quality,
        "operator": facts.operator if said.operator is None else said.operator,
        "recovered": facts.recovered,
        "recorded": facts.recorded,
        "seconds": facts.length / facts.control_hz,
        "problems": len(kinds(facts.hints)),
    }


def _words(name: str, told: Told, facts: Facts) -> str:
    """Everything that a search finds an episode by."""
    said, summary = told.annotation, summary_of(name, told.annotation, facts)
    segments = (segment.text for segment in segments_of(told, facts))
    operator = facts.operator if said.operator is None else said.operator
    parts = (name, summary.task, summary.instruction, summary.named_object, operator, said.notes)
    return "\n".join(filter(None, (*parts, *said.paraphrases, *said.tags, *segments)))


def _relate(connection: sqlite3.Connection, table: str, key: int, values: Iterable[str]) -> None:
    connection.execute(f"DELETE FROM {table} WHERE id = ?", (key,))
    connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES(?, ?)", [(value, key) for value in values])
