"""JSON with arrays in it, as the official server and its clients write them."""

import base64
import binascii
import json
from collections.abc import Mapping

import numpy as np

from oft_demo.serve.arrays import (
    MAX_PARTS,
    InvalidArray,
    InvalidMessage,
    array_of,
    byte_count,
    checked_dtype,
    checked_shape,
    sendable,
)

MARK = "__numpy__"


def dumps(value: object, compact: bool = False) -> str:
    """JSON text with every array as {"__numpy__": base64, "dtype", "shape"}; `compact` leaves out spaces."""
    return json.dumps(value, default=_described, ensure_ascii=False, separators=(",", ":") if compact else None)


def loads(text: str | bytes) -> object:
    """Read JSON text and the arrays anywhere in it; raises InvalidMessage and InvalidArray."""
    # Counted in the text, before a few megabytes of brackets become gigabytes of lists. Base64 has none of these.
    marks = (",", "[", "{") if isinstance(text, str) else (b",", b"[", b"{")
    if sum(text.count(mark) for mark in marks) > MAX_PARTS:  # type: ignore[arg-type]
        raise InvalidMessage(f"more than {MAX_PARTS} values", "arrays encoded with json_numpy, not written out")
    try:
        return json.loads(text, object_hook=_restored)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"{len(text)} bytes that are no JSON", "JSON encoded with json_numpy") from error


def _described(value: object) -> object:
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    array = sendable(np.asarray(value))
    text = base64.b64encode(array.tobytes()).decode("ascii")
    return {MARK: text, "dtype": array.dtype.str, "shape": list(array.shape)}


def _restored(found: dict[str, object]) -> object:
    return _array(found) if MARK in found else found


def _array(found: Mapping[str, object]) -> np.ndarray:
    text, dtype, shape = found[MARK], checked_dtype(found.get("dtype")), checked_shape(found.get("shape"))
    size = byte_count(dtype, shape)
    if not isinstance(text, str) or len(text) != 4 * -(-size // 3):
        length = f"{len(text)} characters" if isinstance(text, str) else text
        raise InvalidArray("data", length, f"{size} bytes in base64 for {dtype.str} of {list(shape)}")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArray("data", text, "base64") from error
    return array_of(data, dtype.str, shape)
