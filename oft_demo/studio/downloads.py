"""The files that were made for one visitor, kept until they leave."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from oft_demo.errors import OftDemoError

MAX_FILES = 6
MAX_BYTES = 400 * 2**20  # [bytes] of all files of a visitor; a run of 12 s with pictures takes 60 MB


class DownloadUnderWay(OftDemoError):
    """A second file was asked for while one is being written."""

    def __init__(self, name: str):
        super().__init__(f"{name} is being written. Wait until it is done, or stop it, and ask again.")


@dataclass(frozen=True)
class Download:
    """A file that can be had by whoever knows its token."""

    token: str
    path: Path

    @property
    def url(self) -> str:
        """Where it can be had."""
        return f"/studio/downloads/{self.token}/{self.path.name}"

    def is_meant(self, token: str, name: str) -> bool:
        """Whether somebody asks for it by its token and name."""
        own, given = f"{self.token}/{self.path.name}", f"{token}/{name}"
        return secrets.compare_digest(own.encode(), given.encode(errors="replace"))


@dataclass(frozen=True)
class Writing:
    """A file that is being written."""

    download: Download
    stopping: threading.Event

    @property
    def stopped(self) -> bool:
        """Whether it is no longer wanted."""
        return self.stopping.is_set()


class Downloads:
    """Makes room for one file after the other, gives out the finished ones, and removes the oldest."""

    def __init__(self, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES):
        self._max_files, self._max_bytes = max_files, max_bytes
        self._directory: TemporaryDirectory[str] | None = None  # made for the first file
        self._finished: list[Download] = []  # the oldest first
        self._writing: Writing | None = None
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        """Whether a file is being written."""
        with self._changed:
            return self._writing is not None

    @contextmanager
    def writing(self, name: str) -> Iterator[Writing]:
        """A place for a file of this name; it can be had from the end on, if it is there then.

        Raises DownloadUnderWay.
        """
        with self._changed:
            if self._writing is not None:
                raise DownloadUnderWay(self._writing.download.path.name)
            writing = self._writing = Writing(self._place(name), threading.Event())
        try:
            yield writing
        finally:
            with self._changed:
                self._finish(writing.download)
                self._writing = None
                self._changed.notify_all()

    def find(self, token: str, name: str) -> Path | None:
        """The finished file with this token and name."""
        with self._changed:
            found = [each.path for each in self._finished if each.is_meant(token, name)]
        return found[0] if found else None

    def stop(self) -> None:
        """Ask whoever is writing to end."""
        with self._changed:
            if self._writing is not None:
                self._writing.stopping.set()

    def close(self) -> None:
        """End what is being written and remove every file; more can be made afterwards."""
        self.stop()
        with self._changed:
            self._changed.wait_for(lambda: self._writing is None)
            directory, self._directory = self._directory, None
            self._finished.clear()
        if directory is not None:
            directory.cleanup()

    def _place(self, name: str) -> Download:
        if self._directory is None:
            self._directory = TemporaryDirectory(prefix="oft-demo-", ignore_cleanup_errors=True)
        token = secrets.token_urlsafe(24)
        return Download(token, Path(self._directory.name) / token / name)

    def _finish(self, download: Download) -> None:
        if not download.path.exists():
            return
        self._finished.append(download)
        while len(self._finished) > 1 and self._too_much():
            oldest = self._finished.pop(0)
            oldest.path.unlink(missing_ok=True)
            oldest.path.parent.rmdir()

    def _too_much(self) -> bool:
        sizes = [each.path.stat().st_size for each in self._finished]
        return len(sizes) > self._max_files or sum(sizes) > self._max_bytes
