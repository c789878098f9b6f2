"""Why an export cannot be made."""

import errno
from collections.abc import Sequence
from pathlib import Path

from oft_demo.errors import OftDemoError

SHOWN = 5  # episodes named in a message
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotExport(OftDemoError):
    """Base of what can be wrong with an export."""


class NothingToExport(CannotExport):
    """No episode is left."""

    def __init__(self):
        super().__init__("There is no episode to export. Choose some, or do without the filters.")


class OutputTaken(CannotExport):
    """The directory to write to has something in it."""

    def __init__(self, out: Path):
        super().__init__(f"{out.name} exists and is not an empty directory. Exports replace nothing: name a new one.")


class OutputBusy(CannotExport):
    """Somebody else exports to the same place."""

    def __init__(self, out: Path):
        super().__init__(f"Another export to {out.name} is running. Wait for it, or name another directory.")


class WriteFailed(CannotExport):
    """The disk did not take it."""

    def __init__(self, out: Path, error: Exception):
        full = getattr(error, "errno", None) in FULL or any(f"errno = {code}" in str(error) for code in FULL)
        reason = "the disk is full. Free some space" if full else f"{error}. Name another directory"
        super().__init__(f"Cannot write the export to {out.name}: {reason}. Nothing of it was kept.")


class InvalidOption(CannotExport):
    """A choice that makes no sense."""

    def __init__(self, what: str, found: object, expected: str):
        super().__init__(f"{what} is {found}; expected {expected}.")


class UnsuitableEpisodes(CannotExport):
    """Episodes that lack what a format needs."""

    def __init__(self, names: Sequence[str], lack: str, remedy: str):
        listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        super().__init__(f"Cannot export {listed}: {lack}. {remedy}")


class MissingPictures(CannotExport):
    """Fewer or other pictures than an episode has steps."""

    def __init__(self, name: str, found: str, expected: str):
        super().__init__(f"Cannot export {name}: found {found}; expected {expected}.")


class MissingLibrary(CannotExport):
    """An optional package is not installed."""

    def __init__(self, package: str):
        super().__init__(
            f"The package {package} is missing. Install it with: python -m pip install -r requirements-extras.txt"
        )


class InvalidExport(CannotExport):
    """The validator refused what was written."""

    def __init__(self, out: Path, findings: Sequence[object]):
        said = "; ".join(map(str, findings[:SHOWN]))
        super().__init__(f"The export to {out.name} did not pass its own check and was dropped: {said}")
