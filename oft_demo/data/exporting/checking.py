"""What all validators need: findings where a file is not as it should be, and nothing trusted before it is checked."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import h5py
import numpy as np

from oft_demo.data.exporting.role import Finding
from oft_demo.data.hdf5.layout import MAX_CHUNK_BYTES, MAX_DEFLATE_RATIO, MAX_LENGTH
from oft_demo.types import CAMERAS, JOINT_COUNT

Check: TypeAlias = Callable[[Path], Iterator[Finding]]
WHAT_FILES_RAISE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
FEWEST_LEVELS = 2  # different values that a real picture has at the least


class NotAsExpected(Exception):
    """Ends the check of one file; the sentence is its finding."""


def error(where: str, sentence: str) -> Finding:
    """Something a tool would stop at."""
    return Finding("error", where, sentence)


def warning(where: str, sentence: str) -> Finding:
    """Something a tool would accept, but a person should know."""
    return Finding("warning", where, sentence)


def guarded(where: str, check: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of a check; whatever a damaged file makes libraries raise becomes one as well."""
    try:
        yield from check
    except NotAsExpected as found:
        yield error(where, str(found))
    except WHAT_FILES_RAISE as found:
        yield error(where, f"cannot be read: {str(found) or type(found).__name__}")


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file that is one."""
    if path.is_symlink() or not path.is_file() or not h5py.is_hdf5(path):
        raise NotAsExpected("is not an HDF5 file")
    with h5py.File(path, "r", locking="best-effort") as file:
        yield file


def member(file: h5py.Group, where: str) -> h5py.Group | h5py.Dataset | h5py.Datatype:
    """What is at a path, over hard links only: others could lead to any file of this machine."""
    found: h5py.Group | h5py.Dataset | h5py.Datatype = file
    for name in where.strip("/").split("/"):
        if not isinstance(found, h5py.Group) or not isinstance(found.get(name, getlink=True), h5py.HardLink):
            raise NotAsExpected(f"has no {where}")
        found = found[name]
    return found


def group(file: h5py.Group, where: str) -> h5py.Group:
    """The group at a path; raises NotAsExpected."""
    found = member(file, where)
    if not isinstance(found, h5py.Group):
        raise NotAsExpected(f"has no group {where}")
    return found


def dataset(file: h5py.Group, where: str, kind: np.dtype, tail: Sequence[int | None]) -> h5py.Dataset:
    """An array of rows of a known shape that is stored in this very file, not only declared; raises NotAsExpected."""
    found = member(file, where)
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external or not found.shape:
        raise NotAsExpected(f"has no array {where} of its own")
    fits = len(found.shape) == 1 + len(tail) and all(
        side in (None, has) for side, has in zip(tail, found.shape[1:], strict=False)
    )
    if found.dtype != kind or not fits or not 1 <= found.shape[0] <= MAX_LENGTH:
        wanted = ", ".join("any" if side is None else str(side) for side in ("steps", *tail))
        raise NotAsExpected(f"{where} is {found.dtype} {found.shape}; expected {kind} ({wanted})")
    if found.nbytes > max(found.id.get_storage_size() * MAX_DEFLATE_RATIO, 2**20):
        raise NotAsExpected(f"{where} declares {found.nbytes} bytes and stores {found.id.get_storage_size()}")
    if found.chunks and np.prod(found.chunks, dtype=float) * found.dtype.itemsize > MAX_CHUNK_BYTES:
        raise NotAsExpected(f"{where} has chunks of {found.chunks}")
    return found


def joints(file: h5py.Group, where: str) -> np.ndarray:
    """A float32 (steps, 14) array with nothing but finite numbers; raises NotAsExpected."""
    rows = dataset(file, where, np.dtype(np.float32), (JOINT_COUNT,))[()]
    broken = ~np.isfinite(rows).all(axis=1)
    if broken.any():
        raise NotAsExpected(f"{where} has a number that is not finite at step {broken.argmax()}")
    return rows


def pictures(file: h5py.Group, where: str, size: tuple[int, int], length: int) -> h5py.Dataset:
    """Pictures of every step, of which the first and the last can be unpacked; raises NotAsExpected."""
    found = dataset(file, where, np.dtype(np.uint8), (*size, 3))
    if found.shape[0] != length:
        raise NotAsExpected(f"{where} has {found.shape[0]} pictures for {length} steps")
    if found.compression not in (None, "gzip"):
        raise NotAsExpected(f"{where} is packed with {found.compression}; plain readers know gzip")
    if found.chunks != (1, *size, 3):
        raise NotAsExpected(f"{where} has chunks of {found.chunks}; expected one picture each")
    for step in (0, length - 1):
        found[step]
    return found


def looks_empty(found: h5py.Dataset) -> bool:
    """Whether the first picture shows nothing."""
    return len(np.unique(found[0])) < FEWEST_LEVELS


def aloha_file(path: Path, size: tuple[int, int], cameras: tuple[str, ...] = CAMERAS) -> int:
    """Check what every reader of ALOHA files asks for and give the number of steps; raises NotAsExpected."""
    with opened(path) as file:
        if type(file.attrs.get("sim")) is not np.bool_:
            raise NotAsExpected("has no attribute sim that is true or false")
        if file.attrs.get("compress", False):
            raise NotAsExpected("says that its pictures are JPEG")
        lengths = {where: len(joints(file, where)) for where in _joint_places()}
        if len(set(lengths.values())) != 1:
            raise NotAsExpected(f"has arrays of different lengths: {lengths}")
        length = lengths["/action"]
        listed = sorted(group(file, "/observations/images"))
        if listed != sorted(cameras):
            raise NotAsExpected(f"has the cameras {', '.join(listed)}; expected exactly {', '.join(sorted(cameras))}")
        for camera in cameras:
            pictures(file, f"/observations/images/{camera}", size, length)
    return length


def _joint_places() -> tuple[str, ...]:
    return ("/action", "/observations/qpos", "/observations/qvel", "/observations/effort")


def strays(directory: Path, expected: set[Path]) -> Iterator[Finding]:
    """HDF5 files that a search through all folders would find, and hidden ones that break such a search."""
    for path in sorted(directory.rglob("*")):
        place = path.relative_to(directory).as_posix()
        if path.name.startswith(".") or (path.suffix == ".hdf5" and path not in expected):
            yield error(place, "does not belong here; readers that take every *.hdf5 would stumble over it")
