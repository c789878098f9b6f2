"""The folders of takes on disk: their names, their marks and their end."""

import contextlib
import re
import shutil
from pathlib import Path

TAKE_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}(-b\d{1,6})?")
ERASED = ".erased"  # behind the name of a folder that is being removed
DISCARDED = "discarded"  # a file of this name marks a take that nobody wants


def folder_of(takes: Path, take_id: str) -> Path:
    """The folder of a take; a name that is none has no folder, so that a path never gets through."""
    if not TAKE_ID.fullmatch(take_id):
        raise ValueError(f"{take_id[:60]!r} is not the name of a take")
    return takes / take_id


def take_folders(takes: Path) -> list[Path]:
    """The folders of all takes, the newest first."""
    if not takes.is_dir():
        return []
    folders = [each for each in takes.iterdir() if TAKE_ID.fullmatch(each.name) and each.is_dir()]
    return sorted((each for each in folders if not each.is_symlink()), reverse=True)


def discard_folder(folder: Path) -> None:
    """Mark a take as unwanted; where the disk refuses the mark, it is listed as one that waits."""
    with contextlib.suppress(OSError):
        (folder / DISCARDED).touch()


def is_discarded(folder: Path) -> bool:
    """Whether a take was marked as unwanted."""
    return (folder / DISCARDED).exists()


def restore_folder(folder: Path) -> None:
    """Take the mark away."""
    (folder / DISCARDED).unlink(missing_ok=True)


def erase(folder: Path) -> None:
    """Remove a take from disk; it goes as a whole, whatever interrupts the removal."""
    erased = folder.with_name(f".{folder.name}{ERASED}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(erased)
    shutil.rmtree(erased, ignore_errors=True)


def finish_erasing(takes: Path) -> None:
    """Remove what an interrupted removal left."""
    for erased in takes.glob(f".*{ERASED}"):
        shutil.rmtree(erased, ignore_errors=True)
