"""Arrays that come over the wire: what they claim to be is checked before an array is made of them."""

import math
import re
import reprlib

import numpy as np

from oft_demo.errors import OftDemoError

NUMBERS = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")  # bool, ints and floats; no objects, records or complex numbers
MAX_DIMENSIONS = 8
MAX_PARTS = 10_000  # lists, maps and their items in one message; the largest honest one has some hundred


class InvalidMessage(OftDemoError):
    """Bytes that are no message of the format that was agreed on."""

    def __init__(self, found: str, expected: str):
        super().__init__(f"The message cannot be read: found {found}; expected {expected}.")


class InvalidArray(OftDemoError):
    """An array that is not what it claims to be, or claims to be something that is not read here."""

    def __init__(self, part: str, found: object, expected: str):
        super().__init__(f"An array in the message has the {part} {reprlib.repr(found)}; expected {expected}.")


def checked_dtype(text: object) -> np.dtype:
    """The type of an array's values from its name in the wire's notation, such as "<f8"."""
    if not isinstance(text, str) or not NUMBERS.fullmatch(text):
        raise InvalidArray("dtype", text, 'bool, ints or floats of at most 8 bytes, such as "<f8" or "|u1"')
    return np.dtype(text)


def checked_shape(shape: object) -> tuple[int, ...]:
    """An array's shape; a size of zero is nothing that anybody needs to send."""
    sizes = tuple(shape) if isinstance(shape, list | tuple) else None
    if sizes is None or len(sizes) > MAX_DIMENSIONS or not all(type(size) is int and size > 0 for size in sizes):
        raise InvalidArray("shape", shape, f"at most {MAX_DIMENSIONS} whole numbers above 0")
    return sizes


def byte_count(dtype: np.dtype, shape: tuple[int, ...]) -> int:
    """How many bytes such an array has."""
    return dtype.itemsize * math.prod(shape)


def array_of(data: object, dtype: object, shape: object) -> np.ndarray:
    """The array of raw bytes in this machine's byte order, a copy; raises InvalidArray."""
    kind, sizes = checked_dtype(dtype), checked_shape(shape)
    if not isinstance(data, bytes):
        raise InvalidArray("data", data, "bytes")
    if len(data) != byte_count(kind, sizes):
        raise InvalidArray("data", f"{len(data)} bytes", f"{byte_count(kind, sizes)} for {kind.str} of {list(sizes)}")
    return np.frombuffer(data, kind).reshape(sizes).astype(kind.newbyteorder("="))


def sendable(array: np.ndarray) -> np.ndarray:
    """Refuse to send what would be refused when received."""
    checked_dtype(array.dtype.str)
    return array
