"""Opens the SQLite file of a catalogue; one that is damaged is moved aside, and a new one takes its place."""

import contextlib
import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from oft_demo.data.catalog import salvage, schema
from oft_demo.errors import InvalidData

NAME = "catalog.sqlite3"
BESIDE = ("-wal", "-shm")  # what SQLite keeps beside its file
BUSY_SECONDS = 20.0  # [s] to wait for another process
CHECKED_BYTES = 32 * 2**20  # a database up to this size is checked whole when it is opened, in a fraction of a second
CACHE_KIB = 65536  # [KiB] of the database in memory: all that a search of 100,000 episodes looks at
UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)

logger = logging.getLogger(__name__)


class Foreign(sqlite3.DatabaseError):
    """A file that is no catalogue of ours."""

    sqlite_errorcode = sqlite3.SQLITE_NOTADB


def open_or_renew(directory: Path) -> sqlite3.Connection:
    """The database of a directory, a new one where there is none or a damaged one; raises sqlite3.Error."""
    with _alone(directory):
        try:
            return _opened(directory)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            return _renewed(directory, error)


def renew(directory: Path, judged: tuple[int, int], error: sqlite3.Error) -> None:
    """Replace a damaged database, unless another process has done so; raises sqlite3.Error."""
    with _alone(directory):
        if identity(directory) == judged:
            _renewed(directory, error).close()


def in_memory(directory: Path) -> sqlite3.Connection:
    """A database that does not last, with the labels of the directory where it has some."""
    return (_copied(directory) if (directory / NAME).is_file() else None) or _new_in_memory()


def identity(directory: Path) -> tuple[int, int] | None:
    """Which file the database is now; another one is another database."""
    try:
        status = (directory / NAME).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether a file is not what it should be, and not just out of reach."""
    return code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def code_of(error: sqlite3.Error) -> int:
    """What kind of error it is, as SQLite counts them."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more, but not of another kind


def _opened(directory: Path) -> sqlite3.Connection:
    path = directory / NAME
    if path.is_symlink():
        raise Foreign("a link to another place")
    if not path.exists():
        for ending in BESIDE:  # of a database that is gone
            with contextlib.suppress(OSError):
                path.with_name(NAME + ending).unlink(missing_ok=True)
    connection = _connection(str(path))
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
        connection.execute("BEGIN IMMEDIATE")
        _prepare(connection, directory)
        connection.execute("COMMIT")
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _renewed(directory: Path, error: sqlite3.Error) -> sqlite3.Connection:
    aside = _moved_aside(directory, error)
    connection = _opened(directory)
    if aside is not None:
        connection.execute("BEGIN IMMEDIATE")
        saved = salvage.labels(aside, connection)
        connection.execute("COMMIT")
        logger.warning("%d labels could be saved from %s.", saved, aside.name)
    return connection


def _moved_aside(directory: Path, error: sqlite3.Error) -> Path | None:
    aside = _free(directory / f"{NAME}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        for ending in (*BESIDE, ""):
            with contextlib.suppress(FileNotFoundError):
                (directory / (NAME + ending)).rename(aside.with_name(aside.name + ending))
    except OSError as reason:
        logger.error("%s in %s is damaged (%s) and cannot be moved: %s", NAME, directory, error, reason)
        return None
    logger.error(
        "%s in %s is damaged (%s). It was moved to %s, and a new one is made from the recordings.",
        *(NAME, directory, error, aside.name),
    )
    return aside


def _connection(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _new_in_memory() -> sqlite3.Connection:
    connection = _connection(":memory:")
    schema.create(connection)
    return connection


def _copied(directory: Path) -> sqlite3.Connection | None:
    """The database of a directory that cannot be written: SQLite itself would have to write there to read it."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / NAME
            shutil.copyfile(directory / NAME, copy)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(directory / f"{NAME}-wal", copy.with_name(f"{NAME}-wal"))
            memory = _connection(":memory:")
            with contextlib.closing(_connection(str(copy))) as source:
                source.backup(memory)
        _prepare(memory, directory)
        return memory
    except (sqlite3.DatabaseError, OSError) as error:
        logger.error("%s in %s cannot be read: %s", NAME, directory, error)
        return None


def _prepare(connection: sqlite3.Connection, directory: Path) -> None:
    """Make the tables where there are none, and refuse all but our own."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    found = schema.described(connection)
    if version > schema.VERSION:
        raise InvalidData(f"{NAME} of {directory.name} was made by a newer version of OFT Demo. Update OFT Demo.")
    if not found and not version:
        schema.create(connection)
    elif found != schema.expected():
        raise Foreign("other tables than those of a catalogue")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size > CHECKED_BYTES:
        return
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Foreign(str(verdict)[:200])


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Only one process at a time makes a database, or moves one aside."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _free(path: Path) -> Path:
    number, wanted = 1, path
    while path.exists():
        number, path = number + 1, wanted.with_name(f"{wanted.name}-{number}")
    return path
