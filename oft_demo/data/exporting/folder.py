"""A directory that appears when it is whole, or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oft_demo.data.exporting.errors import OutputBusy, OutputTaken


@contextmanager
def appearing_folder(out: Path) -> Iterator[Path]:
    """A hidden directory beside `out` to write to; it becomes `out` unless something goes wrong before the end.

    What a killed export left behind is cleared away by the next one to the same place.
    """
    check_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    part.mkdir(exist_ok=True)
    handle = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(handle, out)
        _clear(part)
        try:
            yield part
            _make_durable(part)
            check_free(out)
            os.replace(part, out)
            _sync(out.parent)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    finally:
        os.close(handle)


def check_free(out: Path) -> None:
    """Raise OutputTaken unless `out` is missing or an empty directory."""
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise OutputTaken(out)


def _lock(handle: int, out: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OutputBusy(out) from error


def _clear(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _make_durable(directory: Path) -> None:
    for folder, _, files in os.walk(directory):
        for name in files:
            _sync(Path(folder) / name)
        _sync(Path(folder))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
