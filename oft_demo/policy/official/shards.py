"""Safetensors files: headers, checked before anything else is read, and tensors, read piece by piece."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from oft_demo.policy.official.complaints import UnusableFile
from oft_demo.policy.official.files import weight_files

MAX_HEADER_BYTES = 1 << 25  # a published one has 0.1 MB
PIECE = 1 << 24  # values that are read at a time: what is needed in memory beside the network
FLOATS = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "F64": torch.float64}
SIZES = {  # [bytes a value]
    **{name: dtype.itemsize for name, dtype in FLOATS.items()},
    **{"BOOL": 1, "I8": 1, "U8": 1, "F8_E4M3": 1, "F8_E5M2": 1},
    **{"I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8},
}


@dataclass(frozen=True)
class StoredTensor:
    """A place in a safetensors file."""

    path: Path
    key: str
    kind: str  # a key of SIZES
    shape: tuple[int, ...]
    start: int  # [bytes] from the beginning of the file

    @property
    def count(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def bytes_read(self) -> int:
        """Its size in the file."""
        return self.count * SIZES[self.kind]

    def fill(self, target: Tensor) -> Iterator[int]:
        """Copy it into a tensor of its shape; yields how many bytes were read. Raises UnusableFile."""
        dtype, flat = self.dtype, target.view(-1)
        direct = dtype == target.dtype and target.device.type == "cpu"
        buffer = torch.empty(0 if direct else min(PIECE, self.count), dtype=dtype)
        with self.path.open("rb") as file:
            file.seek(self.start)
            for first in range(0, self.count, PIECE):
                piece = flat[first : first + PIECE]
                read = piece if direct else buffer[: len(piece)]
                self._read(file, read)
                if not direct:
                    piece.copy_(read)
                yield len(piece) * dtype.itemsize

    @property
    def dtype(self) -> torch.dtype:
        """Of its values; raises UnusableFile where they are no real numbers."""
        if self.kind not in FLOATS:
            message = f"with {self.key} of type {self.kind}"
            raise UnusableFile(self.path.parent, self.path.name, message, f"one of {', '.join(FLOATS)}")
        return FLOATS[self.kind]

    def sample(self, places: int, width: int) -> bytes:
        """A few bytes from several places."""
        size = self.bytes_read
        starts = sorted({min(size * place // places, max(size - width, 0)) for place in range(places)})
        with self.path.open("rb") as file:
            parts: list[bytes] = []
            for start in starts:
                file.seek(self.start + start)
                parts.append(file.read(min(width, size)))
        return b"".join(parts)

    def _read(self, file: BinaryIO, target: Tensor) -> None:
        view = target.view(torch.uint8).numpy().data
        if file.readinto(view) != len(view):  # type: ignore[attr-defined]  # buffered readers have it
            found = f"that ends within {self.key}"
            raise UnusableFile(self.path.parent, self.path.name, found, "a whole file", "Download it again")


def read_headers(directory: Path) -> dict[str, StoredTensor]:
    """Where every tensor of a directory is, by name; raises UnusableFile."""
    tensors: dict[str, StoredTensor] = {}
    for name in weight_files(directory):
        for key, stored in read_header(directory / name).items():
            if key in tensors:
                found = f"with {key}, which {tensors[key].path.name} has too"
                raise UnusableFile(directory, name, found, "every tensor once")
            tensors[key] = stored
    return tensors


def read_header(path: Path) -> dict[str, StoredTensor]:
    """Where the tensors of one file are; every byte of the file must belong to one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            found = f"that is cut short: {size} bytes, its header alone has {length}"
            raise UnusableFile(path.parent, path.name, found, "a whole safetensors file", "Download it again")
        if length > MAX_HEADER_BYTES:
            raise UnusableFile(
                path.parent, path.name, f"with a header of {length} bytes", f"at most {MAX_HEADER_BYTES}"
            )
        text = file.read(length)
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        tensors = {key: _stored(path, key, entry, 8 + length) for key, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        found = f"with a header that does not fit ({error})"
        raise UnusableFile(path.parent, path.name, found, "type, shape and place of every tensor") from error
    _check_places(path, tensors, 8 + length, size)
    return tensors


def _stored(path: Path, key: str, entry: dict[str, Any], data: int) -> StoredTensor:
    kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if kind not in SIZES:
        raise ValueError(f"{key} is of type {kind!r}")
    if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
        raise ValueError(f"{key} has sizes or places that are no whole numbers")
    stored = StoredTensor(path, key, kind, shape, data + begin)
    if end - begin != stored.bytes_read:
        raise ValueError(f"{key} of shape {list(shape)} and type {kind} has {end - begin} bytes")
    return stored


def _check_places(path: Path, tensors: dict[str, StoredTensor], data: int, size: int) -> None:
    order = sorted(tensors.values(), key=lambda stored: (stored.start, stored.bytes_read))
    expected = data + sum(stored.bytes_read for stored in order)
    if size != expected:
        problem = "that is cut short" if size < expected else "with bytes of no tensor"
        found = f"{problem}: {size} bytes, its header describes {expected}"
        raise UnusableFile(path.parent, path.name, found, "a whole safetensors file", "Download it again")
    starts = [data, *(stored.start + stored.bytes_read for stored in order)]
    for end, stored in zip(starts, order, strict=False):
        if stored.start != end:
            raise UnusableFile(path.parent, path.name, f"with {stored.key} in a wrong place", "tensors side by side")
