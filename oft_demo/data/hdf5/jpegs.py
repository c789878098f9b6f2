"""JPEG pictures, which may come from anywhere: judged by their header before they are decoded."""

import struct

import cv2
import numpy as np

from oft_demo.data.hdf5 import layout
from oft_demo.types import Image

START, SCAN = 0xFFD8, 0xFFDA  # markers of the picture and of its data
PLAIN = (0xFFC0, 0xFFC1)  # markers of frames that are decoded in one go
FRAMES = set(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}  # all markers of frames; the three tell tables
MOST_SCANS = 4  # one for each colour; a thousand would keep the decoder busy for minutes
COLORS = 3
MOST_PIXELS = 200  # a byte; a picture of one colour has about 80


class WrongPicture(ValueError):
    """Bytes that are not decoded."""


def decoded(row: np.ndarray) -> Image:
    """A picture, with its channels in the order in which it was packed: OpenCV packs and unpacks them alike."""
    content = row.tobytes()
    declared = jpeg_size(content)
    picture = cv2.imdecode(row, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None or picture.shape != (*declared, COLORS):
        raise WrongPicture("a damaged JPEG")
    return np.ascontiguousarray(picture)


def jpeg_size(content: bytes) -> tuple[int, int]:
    """(height, width) that a JPEG declares; nothing is decoded. Raises WrongPicture for what keeps decoders busy."""
    if content[:2] != START.to_bytes(2, "big"):
        raise WrongPicture("bytes that are no JPEG")
    if content.count(SCAN.to_bytes(2, "big")) > MOST_SCANS:
        raise WrongPicture(f"a JPEG of more than {MOST_SCANS} scans")
    place = 2
    while place + 9 <= len(content):
        marker, length = struct.unpack_from(">HH", content, place)
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            if marker not in PLAIN:
                raise WrongPicture("a progressive or unusual JPEG; only plain ones are read")
            return _believed(height, width, len(content.rstrip(b"\0")))
        if marker < 0xFF00 or length < 2:
            break
        place += 2 + length
    raise WrongPicture("a JPEG without a size")


def _believed(height: int, width: int, stored: int) -> tuple[int, int]:
    if not 1 <= min(height, width) <= max(height, width) <= layout.MAX_IMAGE_SIDE:
        raise WrongPicture(f"a JPEG of {width}x{height}, more than {layout.MAX_IMAGE_SIDE} a side or nothing,")
    if height * width > min(layout.MAX_JPEG_PIXELS, stored * MOST_PIXELS):
        raise WrongPicture(f"a JPEG of {width}x{height} in {stored} bytes")
    return height, width
