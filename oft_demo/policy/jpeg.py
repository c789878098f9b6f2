"""The loss that JPEG leaves in a picture, as TensorFlow's codec leaves it."""

import io
import logging
from collections.abc import Callable
from functools import cache

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow

QUALITY = 95  # TensorFlow's default
SUBSAMPLING = "4:2:0"  # TensorFlow's default: colour at half the resolution

Decoder = Callable[[bytes], np.ndarray]

logger = logging.getLogger(__name__)


@cache
def _fast_decoder() -> Decoder | None:
    """Decode by the fast integer cosine transform, as TensorFlow does; Pillow has only the accurate one."""
    try:
        from simplejpeg import decode_jpeg
    except ImportError:
        return None
    return lambda data: decode_jpeg(data, colorspace="RGB", fastdct=True, fastupsample=False)


def _accurate_decoder(data: bytes) -> np.ndarray:
    with Pillow.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        return np.array(picture)


@cache  # so that it is said once in a process
def _say_inexact() -> None:
    logger.warning(
        "simplejpeg cannot be imported, so pictures for OpenVLA-OFT policies go through Pillow's JPEG decoder. "
        "They differ by up to 11 grey levels from those of training, and actions slightly. "
        "For the same decoder: pip install simplejpeg"
    )


def exact_jpeg() -> bool:
    """Whether round trips equal TensorFlow's bit for bit; otherwise they are Pillow's, about one grey level off."""
    return _fast_decoder() is not None


def encode(image: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """Compress as TensorFlow does by default."""
    data = io.BytesIO()
    Pillow.fromarray(image).save(data, "JPEG", quality=QUALITY, subsampling=SUBSAMPLING)
    return data.getvalue()


def decode(data: bytes) -> UInt8[np.ndarray, "height width 3"]:
    """Decompress what `encode` made, as TensorFlow does where `exact_jpeg`; says once where not."""
    decoder = _fast_decoder()
    if decoder is None:
        _say_inexact()
        return _accurate_decoder(data)
    return decoder(data)
