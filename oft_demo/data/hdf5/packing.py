"""Packed pictures on disk, block by block, so that drawing can go on after an interruption."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from oft_demo.data.durable import write_whole
from oft_demo.data.hdf5 import layout
from oft_demo.types import Image

MAGIC = b"OFTBLOK1"
FRONT = struct.Struct("<8sII")  # magic, bytes of the JSON front, CRC-32 of all that follows
MEMORY_LEVEL = 9  # of zlib: a little faster and smaller than its default of 8
MAX_FRONT = 2**20  # [bytes]

Packed = Mapping[str, bytes]  # the pictures of one moment by camera


def pack(image: Image) -> bytes:
    """A picture as the gzip filter of HDF5 stores it."""
    packer = zlib.compressobj(layout.GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, MEMORY_LEVEL)
    return packer.compress(np.ascontiguousarray(image).data) + packer.flush()


def write_block(path: Path, key: str, frames: Sequence[Packed]) -> None:
    """Keep some moments; `key` names what they were drawn from and how."""
    cameras = list(frames[0])
    sizes = [[len(pictures[camera]) for camera in cameras] for pictures in frames]
    front = json.dumps({"key": key, "cameras": cameras, "sizes": sizes}).encode()
    content = b"".join([front, *(pictures[camera] for pictures in frames for camera in cameras)])
    write_whole(path, FRONT.pack(MAGIC, len(front), zlib.crc32(content)) + content)


def read_block(path: Path, key: str, count: int) -> list[Packed] | None:
    """The moments of a block; None where it is missing, damaged, or of something else."""
    try:
        data = path.read_bytes()
        magic, length, check = FRONT.unpack_from(data)
        content = memoryview(data)[FRONT.size :]
        if magic != MAGIC or length > min(MAX_FRONT, len(content)) or zlib.crc32(content) != check:
            return None
        front = json.loads(bytes(content[:length]))
        if front["key"] != key or len(front["sizes"]) != count:
            return None
        return _frames(content[length:], front["cameras"], front["sizes"])
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def _frames(pictures: memoryview, cameras: Sequence[str], sizes: Sequence[Sequence[int]]) -> list[Packed]:
    frames: list[Packed] = []
    place = 0
    for row in sizes:
        packed = dict[str, bytes]()
        for camera, size in zip(cameras, row, strict=True):
            packed[camera] = bytes(pictures[place : place + size])
            place += size
        frames.append(packed)
    return frames
