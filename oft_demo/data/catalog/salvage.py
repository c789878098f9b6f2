"""Saves labels from a damaged database, as far as they can still be read."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from oft_demo.data.catalog import schema
from oft_demo.data.catalog.labelling import from_json
from oft_demo.errors import OftDemoError

# Keys of the table meta
PARTS_MISSING = "episodes that are parts of recordings are still to be put into the index"
OLD_LABELS_TAKEN = "labels.json was taken over"


def labels(damaged: Path, connection: sqlite3.Connection) -> int:
    """Copy the labels that make sense into a new database; gives their number."""
    rows = list[tuple[object, ...]]()
    if damaged.is_symlink():
        return 0
    try:
        with closing(
            sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=rw", isolation_level=None, uri=True)
        ) as source:
            source.execute("PRAGMA trusted_schema = OFF")
            if schema.described(source) == schema.expected():
                for row in source.execute("SELECT name, field, value, revision, by, at FROM labels"):
                    rows.append(row)
    except sqlite3.Error:
        pass  # so far and no further
    good = [row for row in rows if _makes_sense(row)]
    if good:
        connection.executemany("INSERT OR IGNORE INTO labels VALUES(?, ?, ?, ?, ?, ?)", good)
        connection.execute("INSERT INTO meta SELECT 'revision', max(revision) FROM labels")
        connection.executemany("INSERT INTO meta VALUES(?, 1)", [(PARTS_MISSING,), (OLD_LABELS_TAKEN,)])
    return len(good)


def _makes_sense(row: tuple[object, ...]) -> bool:
    name, field, value, revision, by, at = row
    if not isinstance(name, str) or not isinstance(field, str) or not isinstance(value, str):
        return False
    if not isinstance(revision, int) or not isinstance(by, str) or not isinstance(at, float):
        return False
    try:
        from_json(field, value)
    except (OftDemoError, json.JSONDecodeError, RecursionError):
        return False
    return True
