"""The tables of a catalogue: what people said, which cannot be made again, and the index, which can."""

import sqlite3
from collections.abc import Iterable

VERSION = 1
WORDS = "words"  # FTS5 keeps tables of its own under this name

TOLD = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- The value of each label that is not as it was recorded, as JSON; `revision` orders the writes of all labels.
CREATE TABLE labels(
  name TEXT, field TEXT, value TEXT NOT NULL, revision INTEGER NOT NULL, by TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY(name, field)
) WITHOUT ROWID;
-- undone: 0 it stands; 1 it can be done again; 2 it was undone, and something else was done since
CREATE TABLE changes(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, by TEXT NOT NULL, kind TEXT NOT NULL,
  sentence TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0, undone_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX changes_by ON changes(by, undone, id);
-- before, after: values as in labels
CREATE TABLE items(
  change INTEGER, name TEXT, field TEXT, before TEXT NOT NULL, after TEXT NOT NULL,
  PRIMARY KEY(change, name, field)
) WITHOUT ROWID;
CREATE INDEX items_name ON items(name, change);
"""
INDEX = """
-- facts: what was read from a file, as JSON; reason: why it cannot be read; episode: the one that it is the whole of
CREATE TABLE files(
  name TEXT PRIMARY KEY, episode TEXT NOT NULL UNIQUE, mtime_ns INTEGER, size INTEGER, gone INTEGER NOT NULL,
  reason TEXT, facts TEXT
) WITHOUT ROWID;
-- Only what is filtered and sorted by, so that all of it is read quickly; shelf: 0 hidden, 1 listed, 2 in the bin
CREATE TABLE episodes(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, shelf INTEGER NOT NULL, number INTEGER NOT NULL,
  task TEXT NOT NULL, instruction TEXT NOT NULL, success INTEGER NOT NULL, sources INTEGER NOT NULL,
  quality INTEGER, operator TEXT, recovered INTEGER NOT NULL, recorded REAL NOT NULL, seconds REAL NOT NULL,
  problems INTEGER NOT NULL, outlier INTEGER NOT NULL
);
CREATE INDEX episodes_recorded ON episodes(shelf, recorded, number);
CREATE INDEX episodes_seconds ON episodes(shelf, seconds, number);
CREATE INDEX episodes_worst ON episodes(shelf, problems + outlier, recorded, number);
CREATE INDEX episodes_usual ON episodes(shelf, task, seconds, outlier);
CREATE TABLE entries(id INTEGER PRIMARY KEY, entry TEXT NOT NULL);
CREATE TABLE ranges(id INTEGER PRIMARY KEY, joints BLOB NOT NULL);
CREATE TABLE uses(file TEXT, id INTEGER, PRIMARY KEY(file, id)) WITHOUT ROWID;
CREATE INDEX uses_id ON uses(id);
CREATE TABLE tags(tag TEXT COLLATE NOCASE, id INTEGER, PRIMARY KEY(tag, id)) WITHOUT ROWID;
CREATE INDEX tags_id ON tags(id);
CREATE TABLE hints(kind TEXT, id INTEGER, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE INDEX hints_id ON hints(id);
CREATE TABLE usual(task TEXT PRIMARY KEY, low REAL NOT NULL, high REAL NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, detail = none, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
"""
INDEX_TABLES = ("episodes", "entries", "ranges", "uses", "tags", "hints", "usual", WORDS)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, inside the transaction that is going on."""
    for statement in _statements():
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def described(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Name and definition of everything in a database, but for what SQLite adds itself."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return frozenset((str(name), str(sql)) for name, sql in rows if not _is_added(str(name)))


def expected() -> frozenset[tuple[str, str]]:
    """What `described` says of a database that `create` made."""
    connection = sqlite3.connect(":memory:")
    create(connection)
    found = described(connection)
    connection.close()
    return found


def empty_index(connection: sqlite3.Connection) -> None:
    """Forget the rows of all episodes."""
    for table in INDEX_TABLES:
        connection.execute(f"DELETE FROM {table}")


def _statements() -> Iterable[str]:
    lines = (line for line in (TOLD + INDEX).splitlines() if not line.startswith("--"))
    return filter(None, (statement.strip() for statement in "\n".join(lines).split(";")))


def _is_added(name: str) -> bool:
    return name.startswith("sqlite_") or name.startswith(f"{WORDS}_")
