"""Files that come and go: uploads that wait to be added, exports that are being made."""

import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oft_demo.errors import OftDemoError

EXPORTS = "exports"  # folders in the data directory; episodes lie beside them
UPLOADS = ".uploads"
SUFFIXES = (".hdf5", ".h5")
FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")  # the name of an export
MAX_UPLOADS = 500  # that wait to be added
MAX_UPLOAD_BYTES = 8 * 2**30  # [bytes] of one file; ten minutes of four raw cameras


class NotAnEpisodeFile(OftDemoError):
    """A file with another kind of name."""

    def __init__(self, name: str):
        super().__init__(f"{name[:80]} is no HDF5 file by its name. Choose files that end in .hdf5 or .h5.")


class TooManyUploads(OftDemoError):
    """Files that nobody added fill the folder."""

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_UPLOADS} uploaded files wait to be added. Add them or close the window, and go on then."
        )


class TooLarge(OftDemoError):
    """A file beyond what is taken."""

    def __init__(self, name: str):
        super().__init__(f"{name[:80]} is larger than {MAX_UPLOAD_BYTES // 2**30} GB. Split the recording first.")


class ExportUnderWay(OftDemoError):
    """A second export was asked for."""

    def __init__(self) -> None:
        super().__init__("An export is being made. Wait until it is done, or stop it, and ask again.")


@dataclass(frozen=True)
class Upload:
    """A file that was sent and waits."""

    token: str
    path: Path  # named as the person's file, in a folder of its own
    owner: str  # ticket of who sent it


class Desk:
    """Uploads and exports of all visitors; any thread may call it."""

    def __init__(self, data: Path):
        self.exports = data / EXPORTS
        self._uploads_folder = data / UPLOADS
        self._uploads: dict[str, Upload] = {}
        self._exporting: dict[str, threading.Event] = {}  # by ticket: set it to stop
        self._lock = threading.Lock()
        shutil.rmtree(self._uploads_folder, ignore_errors=True)  # what an earlier run left belongs to nobody

    def place(self, name: str, owner: str) -> Upload:
        """Where an uploaded file goes; raises NotAnEpisodeFile and TooManyUploads."""
        plain = Path(name.replace("\\", "/")).name
        if Path(plain).suffix.lower() not in SUFFIXES or plain.startswith(".") or len(plain) > 200 or "\0" in plain:
            raise NotAnEpisodeFile(plain)
        with self._lock:
            if len(self._uploads) >= MAX_UPLOADS:
                raise TooManyUploads()
            token = secrets.token_urlsafe(16)
            upload = self._uploads[token] = Upload(token, self._uploads_folder / token / plain, owner)
        upload.path.parent.mkdir(parents=True)
        return upload

    def upload(self, token: str) -> Upload | None:
        """The file that waits under this token."""
        with self._lock:
            return self._uploads.get(token)

    def forget(self, upload: Upload) -> None:
        """Remove an uploaded file."""
        with self._lock:
            self._uploads.pop(upload.token, None)
        shutil.rmtree(upload.path.parent, ignore_errors=True)

    @contextmanager
    def exporting(self, ticket: str) -> Iterator[threading.Event]:
        """The one export of a visitor; the event says that it is no longer wanted. Raises ExportUnderWay."""
        with self._lock:
            if ticket in self._exporting:
                raise ExportUnderWay()
            stopping = self._exporting[ticket] = threading.Event()
        try:
            yield stopping
        finally:
            with self._lock:
                del self._exporting[ticket]

    def stop_export(self, ticket: str) -> None:
        """Ask a visitor's export to end."""
        with self._lock:
            if ticket in self._exporting:
                self._exporting[ticket].set()

    def finished(self, name: str) -> Path | None:
        """The folder of an export that is whole; only what is listed is known, so a path never gets through."""
        if not self.exports.is_dir() or not is_folder(name):
            return None
        known = {path.name: path for path in self.exports.iterdir() if path.is_dir() and not path.is_symlink()}
        return known.get(name)


def is_folder(name: str) -> bool:
    """Whether an export may be called so: no path, nothing hidden, nothing that is half written."""
    return FOLDER.fullmatch(name) is not None and not name.endswith(".part")
