"""The database of a catalogue: one connection for all threads, which follows the file when that is replaced."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from oft_demo.data.catalog.opening import (
    BUSY_SECONDS,
    NAME,
    UNWRITABLE,
    code_of,
    identity,
    in_memory,
    is_damaged,
    open_or_renew,
    renew,
)
from oft_demo.errors import OftDemoError

Result = TypeVar("Result")
Begin: TypeAlias = Literal["DEFERRED", "IMMEDIATE"]
Work: TypeAlias = Callable[[sqlite3.Connection], Result]

BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

logger = logging.getLogger(__name__)


class LabelsNotKept(OftDemoError):
    """What somebody said about episodes cannot be written down."""

    def __init__(self, directory: Path, reason: str):
        super().__init__(
            f"Labels cannot be written into {directory.name or directory}: {reason}. Nothing was changed. "
            "Free some space or allow writing there, and try again."
        )


class CatalogBusy(OftDemoError):
    """Another process writes for too long."""

    def __init__(self, directory: Path):
        super().__init__(
            f"Another program has been writing into {NAME} of {directory.name or directory} for "
            f"{BUSY_SECONDS:.0f} s. Nothing was changed. Try again when it is done."
        )


class Database:
    """Opened when it is needed; in memory where the directory cannot be written or is not there."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.renewed: Callable[[], None] = lambda: None  # called when a damaged file was replaced by an empty one
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # the identity of the open file; None: in memory
        self._without_directory = False
        self._openings = 0
        self._process = os.getpid()
        self._inherited: list[sqlite3.Connection] = []

    def read(self, work: Work[Result]) -> Result:
        """Do something that sees one state of the database, whoever writes meanwhile."""
        return self._run("DEFERRED", work)

    def index(self, work: Work[Result]) -> Result:
        """Write what can be made again from the files."""
        return self._run("IMMEDIATE", work)

    def write(self, work: Work[Result]) -> Result:
        """Write what people say: all of it is on disk afterwards, or nothing; raises LabelsNotKept."""
        with self._lock:
            self._open()
            if self._file is None:
                self._open_on_disk()
        return self._run("IMMEDIATE", work)

    def opening(self) -> int:
        """A number that is another one when the file is: what is remembered of an earlier one may be wrong."""
        with self._lock:
            self._open()
            return self._openings

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def _run(self, begin: Begin, work: Work[Result]) -> Result:
        try:
            return self._transaction(begin, work)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise _for_people(self.directory, error) from error
            self._replace(error)
        self.renewed()
        try:
            return self._transaction(begin, work)
        except sqlite3.DatabaseError as error:
            raise _for_people(self.directory, error) from error

    def _transaction(self, begin: Begin, work: Work[Result]) -> Result:
        with self._lock:
            connection = self._open()
            connection.execute(f"BEGIN {begin}")
            try:
                result = work(connection)
                connection.execute("COMMIT")
                return result
            except BaseException:
                # A full disk ends the transaction by itself; rolling back once more would hide the reason.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._process != os.getpid():
            self._inherited.append(self._connection)  # SQLite's locks do not survive a fork; closing would break them
            self._connection = None
        if self._connection is None or not self._is_current():
            self.close()
            self._process = os.getpid()
            self._use(*self._connected())
        assert self._connection is not None
        return self._connection

    def _use(self, connection: sqlite3.Connection, file: tuple[int, int] | None) -> None:
        self._connection, self._file = connection, file
        self._openings += 1

    def _is_current(self) -> bool:
        if self._file is None:
            return not (self._without_directory and self.directory.is_dir())
        return identity(self.directory) == self._file

    def _connected(self) -> tuple[sqlite3.Connection, tuple[int, int] | None]:
        self._without_directory = not self.directory.is_dir()
        if self._without_directory:
            return in_memory(self.directory), None
        try:
            return open_or_renew(self.directory), identity(self.directory)
        except sqlite3.Error as error:
            if code_of(error) in BUSY:
                raise CatalogBusy(self.directory) from error
            logger.warning("%s of %s is kept in memory: %s", NAME, self.directory, error)
        except OSError as error:
            logger.warning("%s of %s is kept in memory: %s", NAME, self.directory, error)
        return in_memory(self.directory), None

    def _open_on_disk(self) -> None:
        """Perhaps the directory can be written by now."""
        try:
            connection = open_or_renew(self.directory)
        except sqlite3.DatabaseError as error:
            raise _for_people(self.directory, error) from error
        except OSError as error:
            raise LabelsNotKept(self.directory, error.strerror or str(error)) from error
        self.close()
        self._use(connection, identity(self.directory))

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        with self._lock:
            judged = self._file
            self.close()
            if judged is not None:
                renew(self.directory, judged, error)


def _for_people(directory: Path, error: sqlite3.DatabaseError) -> Exception:
    code = code_of(error)
    if code in BUSY:
        return CatalogBusy(directory)
    if code == sqlite3.SQLITE_FULL:
        return LabelsNotKept(directory, "the disk is full")
    if code in UNWRITABLE:
        return LabelsNotKept(directory, "the directory cannot be written")
    if code == sqlite3.SQLITE_IOERR or is_damaged(error):
        return LabelsNotKept(directory, f"the disk refused ({error})")
    return error
