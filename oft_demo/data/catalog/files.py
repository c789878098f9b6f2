"""The recordings of a directory by name: which there are, how they look from outside, and which names are free."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from oft_demo.errors import InvalidData

SUFFIX = ".hdf5"
PART = ".part"  # behind the name of a file that is being written
TRASH = ".trash"
LAST = 10**10  # behind all numbers


class Stamp(NamedTuple):
    """What changes when a file does."""

    mtime_ns: int
    size: int


def scan(directory: Path) -> dict[str, Stamp]:
    """All recordings, by name; links could lead anywhere and are none."""
    found = dict[str, Stamp]()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                    name = entry.name[: -len(SUFFIX)]
                    if is_plain(name):
                        status = entry.stat(follow_symlinks=False)
                        found[name] = Stamp(status.st_mtime_ns, status.st_size)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise InvalidData(f"The directory {directory.name} cannot be read: {error.strerror}.") from error
    return found


def stamp_of(directory: Path, name: str) -> Stamp | None:
    """The stamp of one recording; None where there is none of that name."""
    if not is_plain(name):
        return None
    path = directory / f"{name}{SUFFIX}"
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    return Stamp(status.st_mtime_ns, status.st_size) if path.is_file() and not path.is_symlink() else None


def is_plain(name: str) -> bool:
    """Whether a name is one: nothing hidden, no way to another directory, nothing that is no text."""
    if not name or name.startswith(".") or len(name) > 200 or any(mark in name for mark in "/\\\0"):
        return False
    return name.isprintable()


def number_of(name: str) -> int:
    """Sort episode_10 after episode_9, and other names behind."""
    digits = name.removeprefix("episode_").split("_")[0]
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 10 else LAST


def sort_key(name: str) -> tuple[int, str]:
    """By number, and by name where there is none."""
    return number_of(name), name


def free_paths(directory: Path, being_written: Iterable[str]) -> Iterator[Path]:
    """The paths of numbers from 0 that are not taken."""
    taken = {entry.name for entry in os.scandir(directory)} if directory.is_dir() else set[str]()
    taken.update(being_written)
    for number in itertools.count():
        path = directory / f"episode_{number}{SUFFIX}"
        if path.name not in taken:
            yield path


def free_name(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """`wanted`, or with a letter behind it: episode_3_a, episode_3_b, ..., episode_3_aa, ..."""
    for count in itertools.count(1):
        for letters in itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=count):
            name = f"{wanted}_{''.join(letters)}"
            if not is_taken(name):
                return name
    raise AssertionError("there is always another name")


def move_to_trash(directory: Path, name: str) -> None:
    """Put a recording into the folder .trash, from where a person can take it back."""
    trash = directory / TRASH
    trash.mkdir(exist_ok=True)
    # Other programs look for *.hdf5 in all folders below, so what lies there must not be called so.
    places = (trash / f"{name}{SUFFIX}.{number}" for number in itertools.count())
    (directory / f"{name}{SUFFIX}").rename(next(place for place in places if not place.exists()))
