"""Files that appear whole or not at all, and what to say when the disk refuses."""

import contextlib
import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from oft_demo.errors import OftDemoError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class NameTaken(OftDemoError):
    """A file of this name appeared while another was being written."""

    def __init__(self, path: Path):
        super().__init__(f"{path.name} exists already, and recordings are never overwritten. Choose another name.")


def why(error: OSError, folder: Path) -> str:
    """What the disk refused, and what a person can do about it."""
    if error.errno in FULL:
        return f"The disk of the folder {folder.name} is full. Free some space on it."
    if error.errno in FORBIDDEN:
        return f"The folder {folder.name} cannot be written ({error.strerror}). Allow this user to write into it."
    return f"The folder {folder.name} cannot be written ({error.strerror or error})."


def write_whole(path: Path, content: bytes) -> None:
    """Put a file there so that readers see the old one or the new one, even after a power cut."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


class Claim:
    """A file that this process may write, or not; the lock goes with the process, however that ends."""

    def __init__(self, path: Path):
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self.mine = _locked(self._handle) and _still_named(self._handle, path)

    def release(self) -> None:
        """Let go of it."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def publish(part: Path, path: Path, claim: Claim) -> None:
    """Give a finished file its name, unless that is taken by now; raises NameTaken.

    The claim on `part` ends just before: it would keep readers out of the file, whatever its name.
    """
    with part.open("rb") as written:
        os.fsync(written.fileno())
    finished = part.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")  # where no other writer looks
    part.rename(finished)
    claim.release()
    try:
        os.link(finished, path)
    except FileExistsError:
        finished.unlink()
        raise NameTaken(path) from None
    except OSError:  # a file system without hard links
        _rename_to_free(finished, path)
    else:
        finished.unlink()
    sync_directory(path.parent)


def _rename_to_free(part: Path, path: Path) -> None:
    if path.exists():
        part.unlink()
        raise NameTaken(path)
    part.rename(path)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory last."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def held(path: Path) -> Iterator[Claim]:
    """Claim a file, which is made if it is missing, while the block runs."""
    claim = Claim(path)
    try:
        yield claim
    finally:
        claim.release()


def is_held(path: Path) -> bool:
    """Whether a running process holds the lock of a file."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _locked(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _locked(handle: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still_named(handle: int, path: Path) -> bool:
    """A file may have been renamed between its opening and its locking."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
