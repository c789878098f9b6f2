"""msgpack with arrays in it, as openpi's server and its clients write them."""

from collections.abc import Mapping

import msgpack
import numpy as np

from oft_demo.serve.arrays import MAX_PARTS, InvalidArray, InvalidMessage, array_of, checked_dtype, sendable

ARRAY, SCALAR = b"__ndarray__", b"__npgeneric__"
DATA, DTYPE, SHAPE = b"data", b"dtype", b"shape"
LONGEST = 1000  # items of one list or map


def packed(value: object) -> bytes:
    """The message of a value; arrays become {b"__ndarray__": True, b"data", b"dtype", b"shape"}."""
    message = msgpack.packb(value, default=_described)
    assert isinstance(message, bytes)
    return message


def unpacked(message: bytes) -> object:
    """Read a message and the arrays anywhere in it; raises InvalidMessage and InvalidArray."""
    parts = _Parts()
    try:
        return msgpack.unpackb(
            message,
            object_hook=parts.restored,
            list_hook=parts.counted,
            ext_hook=_refused,
            max_array_len=LONGEST,
            max_map_len=LONGEST,
        )
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise InvalidMessage(f"{len(message)} bytes that are no msgpack", "msgpack with arrays as openpi") from error


class _Parts:
    """Counts lists and maps, so that a few megabytes of empty ones cannot become gigabytes."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, found: list[object]) -> list[object]:
        self.count += 1
        if self.count > MAX_PARTS:
            raise InvalidMessage(f"more than {MAX_PARTS} lists and maps", "arrays as openpi packs them")
        return found

    def restored(self, found: dict[object, object]) -> object:
        self.counted([])
        if ARRAY in found:
            return array_of(found.get(DATA), found.get(DTYPE), found.get(SHAPE))
        return _scalar(found) if SCALAR in found else found


def _described(value: object) -> object:
    if isinstance(value, np.ndarray):
        array = sendable(value)
        return {ARRAY: True, DATA: array.tobytes(), DTYPE: array.dtype.str, SHAPE: array.shape}
    if isinstance(value, np.generic):
        array = sendable(np.asarray(value))
        return {SCALAR: True, DATA: value.item(), DTYPE: array.dtype.str}
    raise TypeError(f"{type(value).__name__} cannot be written as msgpack")


def _scalar(found: Mapping[object, object]) -> np.generic:
    dtype, value = checked_dtype(found.get(DTYPE)), found.get(DATA)
    if not isinstance(value, bool | int | float):
        raise InvalidArray("data", value, "one number")
    try:
        return dtype.type(value)
    except (OverflowError, ValueError) as error:
        raise InvalidArray("data", value, f"a number of type {dtype.str}") from error


def _refused(code: int, data: bytes) -> object:
    raise InvalidMessage(f"an extension of type {code}", "plain values and arrays")
