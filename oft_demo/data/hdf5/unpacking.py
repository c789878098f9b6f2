"""Reads rows of packed arrays; unpacked here, since HDF5 inflates a chunk to any size that its content says."""

import itertools
import math
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import h5py
import numpy as np

DEFLATE, SHUFFLE, CHECKSUM = 1, 2, 3  # filters by their numbers in HDF5
KNOWN = {DEFLATE: "gzip", SHUFFLE: "shuffle", CHECKSUM: "fletcher32"}
CHECKSUM_BYTES = 4
SLACK = 4096  # [bytes] by which packing may make a chunk larger
ZLIB = zlib.MAX_WBITS


class Filter(NamedTuple):
    """One step of the packing of an array."""

    code: int
    values: tuple[int, ...]


class WrongPacking(ValueError):
    """Packed in a way that plain readers of ALOHA files do not know, or not what it says it is."""


def filters_of(array: h5py.Dataset) -> tuple[Filter, ...]:
    """How an array was packed, the first step first."""
    plist = array.id.get_create_plist()
    return tuple(Filter(*plist.get_filter(place)[::2]) for place in range(plist.get_nfilters()))


def check_filters(array: h5py.Dataset) -> None:
    """Raise WrongPacking unless `rows` can unpack the array."""
    filters = filters_of(array)
    if filters and not array.chunks:
        raise WrongPacking("filters of an array that is in one piece")
    codes = [each.code for each in filters]
    if unknown := [code for code in codes if code not in KNOWN]:
        raise WrongPacking(f"filter {unknown[0]}; {', '.join(KNOWN.values())} are read")
    if len(set(codes)) != len(codes):
        raise WrongPacking("the same filter twice")
    if any(each.code == SHUFFLE and each.values[:1] != (array.dtype.itemsize,) for each in filters):
        raise WrongPacking(f"shuffled as other numbers than {array.dtype}")
    if filters and not array.id.get_type().equal(h5py.h5t.py_create(array.dtype, logical=True)):
        raise WrongPacking("packed numbers that no computer counts with")


def chunk_shape(array: h5py.Dataset) -> tuple[int, ...]:
    """The shape of what is packed together; all of an array that is in one piece."""
    return array.chunks or array.shape


def rows(array: h5py.Dataset, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Rows `start` to `stop` (exclusive) of a checked array; no more is unpacked than is asked for."""
    start, stop, _ = slice(start, stop).indices(array.shape[0])
    filters = filters_of(array)
    if not filters:
        return array[start:stop]
    result = np.full((max(stop - start, 0), *array.shape[1:]), array.fillvalue, array.dtype)
    for corner in _corners(array, start, stop):
        content = _unpacked_chunk(array, corner, filters)
        if content is not None:
            _paste(content, corner, result, start)
    return result


def _corners(array: h5py.Dataset, start: int, stop: int) -> Iterator[tuple[int, ...]]:
    """Where the chunks begin that hold these rows."""
    step, *steps = chunk_shape(array)
    first = range(start - start % step, stop, step)
    others = (range(0, side, step) for side, step in zip(array.shape[1:], steps, strict=True))
    return itertools.product(first, *others)


def _unpacked_chunk(array: h5py.Dataset, corner: tuple[int, ...], filters: tuple[Filter, ...]) -> np.ndarray | None:
    """One chunk; None where nothing was ever written."""
    shape = chunk_shape(array)
    size = math.prod(shape) * array.dtype.itemsize
    stored = array.id.get_chunk_info_by_coord(corner)
    if stored.byte_offset is None:
        return None
    if stored.size > size + size // 10 + SLACK:
        raise WrongPacking(f"{stored.size} bytes that should unpack to {size}")
    skipped, content = array.id.read_direct_chunk(corner)
    for place, each in reversed(tuple(enumerate(filters))):
        if not skipped >> place & 1:
            content = _undone(each, content, size)
    if len(content) != size:
        raise WrongPacking(f"{len(content)} bytes in a chunk of {size}")
    return np.frombuffer(content, array.dtype).reshape(shape)


def _undone(each: Filter, content: bytes, size: int) -> bytes:
    if each.code == CHECKSUM:
        return content[:-CHECKSUM_BYTES]
    if each.code == DEFLATE:
        return _inflated(content, size + CHECKSUM_BYTES)
    width = each.values[0]
    return np.frombuffer(content, np.uint8).reshape(width, -1).T.tobytes()


def _inflated(content: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(ZLIB)
    try:
        result = unpacker.decompress(content, most)
        if not unpacker.eof:
            raise WrongPacking(f"a chunk that is cut short, or unpacks to more than {most} bytes")
        return result
    except zlib.error as error:
        raise WrongPacking(f"a chunk that does not unpack ({error})") from error


def _paste(content: np.ndarray, corner: tuple[int, ...], result: np.ndarray, start: int) -> None:
    """Copy the part of a chunk that lies in `result`, whose rows begin at `start`."""
    first = max(start - corner[0], 0)
    there = (corner[0] + first - start, *corner[1:])
    room = [side - begin for side, begin in zip(result.shape, there, strict=True)]
    part = content[(slice(first, first + room[0]), *(slice(0, side) for side in room[1:]))]
    result[tuple(slice(begin, begin + side) for begin, side in zip(there, part.shape, strict=True))] = part
