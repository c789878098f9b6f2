"""The journal of a take: written as things happen, durable within a second, readable up to its last whole record."""

import contextlib
import fcntl
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oft_demo.data.durable import sync_directory, why
from oft_demo.data.timeline import Note, TakeHeader, Timeline, step_type
from oft_demo.recording.journal_records import (
    FRONT,
    HEADER,
    MAGIC,
    NOTE,
    STEP,
    Framing,
    InvalidJournal,
    header_content,
    note_content,
    parse_header,
    parse_note,
    whole_records,
)

JOURNAL = "journal"
SYNC_SECONDS = 0.5  # between two times that everything is made durable; promised is a second
RETRY_SECONDS = 1.0  # between two attempts on a disk that refused


@dataclass(frozen=True)
class JournalContents:
    """Everything that could be read of a journal."""

    timeline: Timeline
    lost_bytes: int  # behind the last whole record

    @property
    def recovered(self) -> bool:
        """Whether the take was cut off rather than ended."""
        return not self.timeline.ended


def read_journal(path: Path) -> JournalContents:
    """Everything up to the last whole record; raises InvalidJournal where not even the header is whole."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            records = whole_records(file)
            kind, content = next(records, (None, b""))
            if kind != HEADER:
                raise InvalidJournal(path, f"{size} bytes without a whole first record", "the journal of a take")
            timeline = Timeline(parse_header(path, content))
            read = len(MAGIC) + FRONT.size + len(content)
            for kind, content in records:
                if not _told(timeline, kind, content):
                    break
                read += FRONT.size + len(content)
    except OSError as error:
        raise InvalidJournal(path, f"a file that cannot be read ({error.strerror})", "the journal of a take") from error
    return JournalContents(timeline, size - read)


def _told(timeline: Timeline, kind: int | None, content: bytes) -> bool:
    """Tell a timeline one record; False for a record that makes no sense there."""
    if kind == STEP:
        shape = step_type(timeline.header.state_size)
        if len(content) != shape.itemsize:
            return False
        timeline.add(np.frombuffer(content, shape).reshape(()))
        return True
    note = parse_note(content, timeline.length) if kind == NOTE else None
    if note is None:
        return False
    timeline.note(note)
    return True


class Journal:
    """Appends to one take's journal; what it is given goes to a thread that writes, so that nobody waits for a disk.

    A disk that refuses is no end: everything stays in memory and is tried again, `trouble` says so meanwhile.
    """

    def __init__(self, directory: Path, header: TakeHeader):
        """The directory is made for it; the file is locked as long as the journal is open."""
        self.path = directory / JOURNAL
        self.trouble: str | None = None
        self._framing = Framing()
        self._kept = bytearray(MAGIC + self._framing.frame(HEADER, header_content(header)))  # what is not durable yet
        self._durable_bytes = self._written_bytes = 0
        self._length = self._written_length = self._durable_length = 0  # in steps
        self._handle: int | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name=f"journal {header.take_id}", daemon=True)
        self._thread.start()

    @classmethod
    def create(cls, directory: Path, header: TakeHeader) -> "Journal":
        """Begin the journal of a take in a directory of its own."""
        return cls(directory, header)

    @property
    def durable(self) -> int:
        """Steps that would be there after a power cut."""
        return min(self._durable_length, self._length)

    def step(self, record: np.ndarray) -> None:
        """One more step."""
        self._append(STEP, record.tobytes(), self._length + 1)

    def note(self, note: Note) -> None:
        """Something beside the steps; a rewind takes steps back, though not from the file."""
        self._append(NOTE, note_content(note), note["step"] if note["what"] == "rewind" else self._length)

    def close(self, timeout: float) -> bool:
        """Write what is left and let go of the file; False where the disk still refuses after `timeout` [s].

        It goes on being tried then, for as long as the process lives.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        return self._done.wait(timeout)

    def _append(self, kind: int, content: bytes, length: int) -> None:
        with self._changed:
            self._kept += self._framing.frame(kind, content)
            self._length = length
            self._changed.notify()

    def _keep_writing(self) -> None:
        sync_at = time.monotonic()
        while not self._done.is_set():
            self._wait(sync_at)
            try:
                self._write()
                if time.monotonic() >= sync_at or self._closing:
                    self._sync()
                    sync_at = time.monotonic() + SYNC_SECONDS
                self.trouble = None
                self._end_if_wanted()
            except OSError as error:
                self.trouble = f"{why(error, self.path.parent.parent)} The take goes on in memory."
                time.sleep(RETRY_SECONDS)

    def _wait(self, sync_at: float) -> None:
        """Until there is something to write, to make durable or to end."""
        with self._changed:
            while not self._closing and not self._unwritten:
                unsynced = self._written_bytes > self._durable_bytes
                left = sync_at - time.monotonic() if unsynced else None
                if left is not None and left <= 0:
                    return
                self._changed.wait(left)

    @property
    def _unwritten(self) -> int:
        return self._durable_bytes + len(self._kept) - self._written_bytes

    def _write(self) -> None:
        if self._handle is None:
            self._open()
        assert self._handle is not None
        with self._changed:
            data = bytes(self._kept[self._written_bytes - self._durable_bytes :])
            length = self._length
        while data:
            count = os.pwrite(self._handle, data, self._written_bytes)
            self._written_bytes += count
            data = data[count:]
        self._written_length = length

    def _sync(self) -> None:
        assert self._handle is not None
        try:
            os.fdatasync(self._handle)
        except OSError:
            self._written_bytes = self._durable_bytes  # the kernel may have forgotten them
            raise
        with self._changed:
            del self._kept[: self._written_bytes - self._durable_bytes]
            self._durable_bytes, self._durable_length = self._written_bytes, self._written_length

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            sync_directory(self.path.parent)
            sync_directory(self.path.parent.parent)
        except OSError:
            os.close(handle)
            raise
        self._handle = handle

    def _end_if_wanted(self) -> None:
        with self._changed:
            if not self._closing or self._kept:
                return
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
        self._done.set()
