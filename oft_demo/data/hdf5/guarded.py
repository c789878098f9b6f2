"""HDF5 files that may come from anywhere: links, types, ranks and sizes are checked before an array is read."""

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from oft_demo.data.hdf5 import layout
from oft_demo.data.hdf5.unpacking import check_filters
from oft_demo.errors import InvalidEpisode

LONGEST_REASON = 200  # [characters] of what a library says
BROKEN = (
    *(OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError),
    *(AssertionError, MemoryError, SystemError, zlib.error),
)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Whatever h5py raises inside becomes an InvalidEpisode."""
    try:
        yield
    except BROKEN as error:
        found = f"a damaged file ({error!s:.{LONGEST_REASON}})"
        raise InvalidEpisode(path, found, "an ALOHA episode") from error


def open_file(path: Path) -> h5py.File:
    """Open a file for reading; raises InvalidEpisode."""
    if not path.is_file():
        raise InvalidEpisode(path, "no such file", "an HDF5 file")
    with refusing(path):
        if not h5py.is_hdf5(path):
            raise InvalidEpisode(path, "a file that is not HDF5", "an HDF5 file")
        return h5py.File(path, "r", locking="best-effort")


class GuardedFile:
    """An open file that gives out nothing that was not checked."""

    def __init__(self, path: Path, file: h5py.File):
        self.path = path
        self.file = file
        self._room = path.stat().st_size  # [bytes] of the file that no checked array has claimed yet

    def has(self, where: str) -> bool:
        """Whether there is a link of this path; asked without following it."""
        *parents, name = where.strip("/").split("/")
        group = self.group("/".join(parents)) if parents else self.file
        return group.get(name, getlink=True) is not None

    def group(self, where: str) -> h5py.Group:
        """The group of this path."""
        member = self.member(where)
        if not isinstance(member, h5py.Group):
            raise InvalidEpisode(self.path, f"an array at {where}", "a group")
        return member

    def member(self, where: str) -> h5py.Group | h5py.Dataset | h5py.Datatype:
        """Follow hard links only: a soft or external link could name any file of this machine."""
        member: h5py.Group | h5py.Dataset | h5py.Datatype = self.file
        for name in where.strip("/").split("/"):
            link = member.get(name, getlink=True) if isinstance(member, h5py.Group) else None
            if link is None or not isinstance(member, h5py.Group):
                raise InvalidEpisode(self.path, f"no {where}", "an ALOHA episode with that array")
            if not isinstance(link, h5py.HardLink):
                raise InvalidEpisode(self.path, f"a link at {where}", "data in the file itself")
            member = member[name]
        return member

    def array(self, where: str, kind: str, shape: tuple[int | None, ...]) -> h5py.Dataset:
        """The array of this path if it is one of such numbers and of such a shape; None stands for any side."""
        member = self.dataset(where)
        wanted = " x ".join("any" if side is None else str(side) for side in shape)
        if member.shape is None or member.dtype.kind != kind or member.dtype.itemsize > 8:
            found = f"{where} of type {member.dtype!s:.{LONGEST_REASON}}"
            raise InvalidEpisode(self.path, found, f"numbers of kind '{kind}', {wanted}")
        fits = len(member.shape) == len(shape) and all(
            side in (None, has) for side, has in zip(shape, member.shape, strict=True)
        )
        if not fits:
            raise InvalidEpisode(self.path, f"{where} of shape {member.shape}", wanted)
        self._check_storage(where, member)
        return member

    def dataset(self, where: str) -> h5py.Dataset:
        """What is stored at this path, in this file; its type and size are not checked."""
        member = self.member(where)
        if not isinstance(member, h5py.Dataset):
            raise InvalidEpisode(self.path, f"no array at {where}", "an array")
        if member.is_virtual or member.external:  # asked first: a virtual shape may depend on other files
            raise InvalidEpisode(self.path, f"{where} stored in another file", "data in the file itself")
        return member

    def attribute(self, group: h5py.Group, name: str, texts: bool = False) -> Any:
        """One value of a group; None where there is none. Texts can be long: only behind `check_texts`."""
        if name not in group.attrs:
            return None
        stored = group.attrs.get_id(name)
        is_text = h5py.check_string_dtype(stored.dtype) is not None
        if stored.shape != () or not (stored.dtype.kind in "biuf" or (texts and is_text)):
            what = "a list" if stored.shape else f"{stored.dtype!s:.{LONGEST_REASON}}"
            raise InvalidEpisode(self.path, f"{what} as attribute {name}", "one value")
        return group.attrs[name]

    def check_texts(self) -> None:
        """Raise InvalidEpisode where there is room for a text that fills the memory: HDF5 tells no lengths."""
        if self._room > layout.MAX_TEXTS:
            raise InvalidEpisode(self.path, f"{self._room} bytes that are no arrays of an episode", "nothing else")

    def _check_storage(self, where: str, array: h5py.Dataset) -> None:
        """A few bytes can declare terabytes; compare with what is stored before anything is allocated."""
        if any(side > max(layout.MAX_LENGTH, layout.MAX_JPEG_BYTES) for side in array.shape):
            raise InvalidEpisode(self.path, f"{where} of shape {array.shape}", f"at most {layout.MAX_LENGTH} steps")
        check_filters(array)
        stored = array.id.get_storage_size()
        possible = stored * (layout.MAX_DEFLATE_RATIO if array.compression else 1)
        if array.nbytes > max(possible, layout.SMALL):
            raise InvalidEpisode(self.path, f"{where} of {array.nbytes} bytes, {stored} stored", "all of it stored")
        self._room -= stored
        if self._room < 0:
            raise InvalidEpisode(self.path, f"more bytes in {where} than the file has", "all of it stored once")
        self._check_chunks(where, array)

    def _check_chunks(self, where: str, array: h5py.Dataset) -> None:
        if not array.chunks:
            return
        if math.prod(array.chunks) * array.dtype.itemsize > layout.MAX_CHUNK_BYTES:
            raise InvalidEpisode(self.path, f"{where} in chunks of {array.chunks}", "chunks of a few frames")
        count = math.prod(-(-side // step) for side, step in zip(array.shape, array.chunks, strict=True))
        if count > layout.MAX_CHUNKS:
            raise InvalidEpisode(self.path, f"{where} in {count} chunks", f"at most {layout.MAX_CHUNKS}")
