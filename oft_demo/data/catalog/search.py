"""Finds episodes in the index by words and filters."""

import difflib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from oft_demo.data.catalog.entries import Entry, Search
from oft_demo.data.catalog.entry_rows import BINNED, entry_from
from oft_demo.data.catalog.files import number_of
from oft_demo.data.catalog.shelving import LISTED
from oft_demo.types import SOURCES

MAX_WORDS = 16  # of a search
MAX_NAME = 200  # [characters] that are compared
CANDIDATES = 100  # names that are compared with a wrong one
CHOICES_SHOWN = 8  # of the names in an error message
LENGTH_OUTLIER = "length outlier"
ORDERS = {
    "newest": "recorded DESC, number DESC",
    "oldest": "recorded, number",
    "longest": "seconds DESC, number DESC",
    "shortest": "seconds, number",
    "worst": "problems + outlier DESC, recorded DESC, number DESC",
}

Condition: TypeAlias = tuple[str, tuple[Any, ...]]


def find(connection: sqlite3.Connection, search: Search) -> tuple[tuple[Entry, ...], int]:
    """One page of what was found in the order that was asked for, and how much there is altogether."""
    words = words_of(search.text)
    if search.text.strip() and not words:
        return (), 0  # signs that no word holds
    table, conditions = _source(search, words)
    clause = f"FROM {table} WHERE {' AND '.join(condition for condition, _ in conditions)}"
    values = tuple(value for _, each in conditions for value in each)
    (total,) = connection.execute(f"SELECT count(*) {clause}", values).fetchone()
    query = f"SELECT episodes.id {clause} ORDER BY {ORDERS[search.order]} LIMIT ? OFFSET ?"
    rows = connection.execute(query, (*values, max(search.limit, 0), max(search.offset, 0))).fetchall()
    return tuple(entry_of(connection, key) for (key,) in rows), total


def _source(search: Search, words: str) -> tuple[str, list[Condition]]:
    """Where the rows come from, and what they have to fulfil.

    What narrows most comes first, and CROSS JOIN keeps it there: looking each episode up in a list of what was found
    takes much longer. The plus keeps SQLite from an index by which it would visit most rows one by one.
    """
    filters, shelf = list(_filters(search)), (BINNED if search.deleted else LISTED,)
    if words:
        joined = "words CROSS JOIN episodes ON episodes.id = words.rowid"
        return joined, [("words MATCH ?", (words,)), *filters, *_tagged(search.tags), ("+shelf = ?", shelf)]
    if search.tags:
        joined = "tags CROSS JOIN episodes ON episodes.id = tags.id"
        first = ("tags.tag = ?", search.tags[:1])
        return joined, [first, *filters, *_tagged(search.tags[1:]), ("+shelf = ?", shelf)]
    return "episodes", [*filters, ("+shelf = ?" if filters else "shelf = ?", shelf)]


def words_of(text: str) -> str:
    """What is typed as FTS5 reads it: every word begins a word that is found; no sign in it means anything."""
    words = re.findall(r"[^\W_]+", text)[:MAX_WORDS]
    return " ".join(f'"{word}"*' for word in words)


def entry_of(connection: sqlite3.Connection, key: int) -> Entry:
    """One entry by its key in the index."""
    query = (
        "SELECT entry, episodes.name, shelf, facts, outlier, low, high FROM episodes JOIN entries USING(id) "
        "LEFT JOIN files ON files.episode = episodes.name LEFT JOIN usual USING(task) WHERE episodes.id = ?"
    )
    entry, name, shelf, facts, outlier, low, high = connection.execute(query, (key,)).fetchone()
    return entry_from(entry, name, shelf, facts, (low, high) if outlier and low is not None else None)


def close_names(connection: sqlite3.Connection, name: str) -> list[str]:
    """Names of listed episodes that somebody may have meant."""
    query = f"SELECT name FROM episodes WHERE shelf = {LISTED} ORDER BY abs(number - ?) LIMIT ?"
    rows = connection.execute(query, (number_of(name), CANDIDATES)).fetchall()
    return difflib.get_close_matches(name[:MAX_NAME], [row[0] for row in rows], CHOICES_SHOWN, cutoff=0.0)


def _filters(search: Search) -> Iterator[Condition]:
    for column in ("task", "instruction", "operator"):
        value = getattr(search, column)
        if value is not None:
            yield f"{column} = ?", (value,)
    if search.success is not None:
        yield "success = ?", (search.success,)
    if search.source is not None:
        yield "sources & ?", (1 << SOURCES.index(search.source),)
    if search.quality_at_least is not None:
        yield "quality >= ?", (search.quality_at_least,)
    if search.recovered is not None:
        yield "recovered = ?", (search.recovered,)
    if search.hint == LENGTH_OUTLIER:
        yield "outlier", ()
    elif search.hint is not None:
        yield "EXISTS(SELECT 1 FROM hints WHERE hints.kind = ? AND hints.id = episodes.id)", (search.hint,)


def _tagged(tags: Sequence[str]) -> Iterator[Condition]:
    for tag in tags:
        yield "EXISTS(SELECT 1 FROM tags AS other WHERE other.tag = ? AND other.id = episodes.id)", (tag,)
