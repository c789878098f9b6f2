"""Pictures as official OpenVLA-OFT policies were trained to see them, without TensorFlow."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8
from PIL import Image as Pillow

from oft_demo.errors import OftDemoError
from oft_demo.policy import jpeg
from oft_demo.types import Image

SIZE = 224  # [pixels] per side, of both vision towers
CLIENT_SIZE = 256  # [pixels] per side, of the pictures in the training data
SMALLEST, LARGEST = 16, 4096  # [pixels] per side
LANCZOS_RADIUS = 3  # source pixels, or target pixels when shrinking
BAND_ROWS = 16  # few enough to leave out most zeros, enough for a matrix product to pay
CROP_AREA = np.float32(0.9)  # of the picture; random crops of this area augmented the training data


class UnusablePicture(OftDemoError):
    """An array that is not a colour picture of a plausible size."""

    def __init__(self, picture: np.ndarray):
        super().__init__(
            f"The picture is {picture.dtype} of shape {list(picture.shape)}; expected uint8 of shape "
            f"[height, width, 3] (RGB) with {SMALLEST} to {LARGEST} pixels a side. Convert it before sending it."
        )


def checked_picture(picture: np.ndarray) -> Image:
    """Accept an array as a picture; raises UnusablePicture."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise UnusablePicture(picture)
    if min(picture.shape[:2]) < SMALLEST or max(picture.shape[:2]) > LARGEST:
        raise UnusablePicture(picture)
    return picture


def jpeg_round_trip(image: Image) -> Image:
    """Compress and decompress as TensorFlow does: quality 95, colour at half resolution, fast cosine transform."""
    return jpeg.decode(jpeg.encode(checked_picture(image)))


def lanczos3_resize(image: Image, size: int) -> UInt8[np.ndarray, "{size} {size} 3"]:
    """Squash to a square as TensorFlow's antialiased lanczos3 does, save for ties in rounding."""
    square = _resample_and_turn(_resample_and_turn(checked_picture(image), size), size)
    return np.rint(square, out=square).clip(0, 255, out=square).astype(np.uint8)


def center_crop(image: Image) -> Image:
    """Cut out the middle 90 % of the area and stretch it to the same size, bit for bit as the official policy does."""
    return _middle(checked_picture(image))


def resize_for_policy(image: Image, size: int = SIZE) -> UInt8[np.ndarray, "{size} {size} 3"]:
    """Bring a picture to a policy's size; training data were JPEG, so even one of that size is compressed."""
    return lanczos3_resize(jpeg_round_trip(image), size)


def client_picture(frame: Image, size: int = SIZE) -> UInt8[np.ndarray, "{size} {size} 3"]:
    """What the official ALOHA client sends for a camera's frame, squashed like the training data."""
    squashed = Pillow.fromarray(checked_picture(frame)).resize((CLIENT_SIZE, CLIENT_SIZE), Pillow.Resampling.BICUBIC)
    return resize_for_policy(np.array(squashed), size)


def network_picture(picture: Image, size: int = SIZE, center_crop: bool = True) -> UInt8[np.ndarray, "{size} {size} 3"]:
    """What the network sees of a picture that a client sent, which is compressed only if it is of another size."""
    fits = checked_picture(picture).shape[:2] == (size, size)
    fitting = np.array(picture) if fits else resize_for_policy(picture, size)
    return _middle(fitting) if center_crop else fitting


@dataclass(frozen=True)
class _Band:
    """Neighbouring target rows, which are made of neighbouring source rows only."""

    targets: slice
    sources: slice
    weights: Float32[np.ndarray, "t s"]


def _lanczos3_weights(source: int, target: int) -> Float64[np.ndarray, "{target} {source}"]:
    """What each source pixel contributes to each target pixel; pixel centres lie at halves."""
    scale = source / target
    centers = (np.arange(target) + 0.5) * scale
    stretch = max(scale, 1.0)  # antialiasing: when shrinking, the kernel covers more source pixels
    distance = (np.arange(source) + 0.5 - centers[:, None]) / stretch
    kernel = np.sinc(distance) * np.sinc(distance / LANCZOS_RADIUS)
    weights = np.where(np.abs(distance) < LANCZOS_RADIUS, kernel, 0)
    return weights / weights.sum(axis=1, keepdims=True)


@lru_cache(maxsize=32)
def _bands(source: int, target: int) -> tuple[_Band, ...]:
    weights = _lanczos3_weights(source, target).astype(np.float32)
    bands: list[_Band] = []
    for start in range(0, target, BAND_ROWS):
        targets = slice(start, min(start + BAND_ROWS, target))
        used = np.flatnonzero(weights[targets].any(axis=0))
        sources = slice(int(used[0]), int(used[-1]) + 1)
        part = np.ascontiguousarray(weights[targets, sources])
        part.flags.writeable = False  # every caller shares it
        bands.append(_Band(targets, sources, part))
    return tuple(bands)


def _resample_and_turn(
    pixels: Image | Float32[np.ndarray, "height width 3"], target: int
) -> Float32[np.ndarray, "width {target} 3"]:
    """Bring the height to the target and swap it with the width; twice, and both are done."""
    height, width, _ = pixels.shape
    rows = pixels.reshape(height, width * 3)
    turned = np.empty((width, target, 3), np.float32)
    for band in _bands(height, target):
        resampled = band.weights @ rows[band.sources].astype(np.float32, copy=False)
        turned[:, band.targets] = cv2.transpose(resampled.reshape(-1, width, 3))
    return turned


def _middle(image: Image) -> Image:
    # In place where possible: fresh memory for every step would take as long as the arithmetic.
    columns = cv2.transpose(image).astype(np.float32)
    columns *= np.float32(1 / 255)
    rows = cv2.transpose(_stretch_middle_rows(columns))
    middle = _stretch_middle_rows(rows).clip(0, 1, out=rows)
    middle *= np.float32(255.5)  # TensorFlow's saturating conversion: half a level more than 255, then truncated
    return middle.astype(np.uint8)


def _stretch_middle_rows(pixels: Float32[np.ndarray, "height width 3"]) -> Float32[np.ndarray, "height width 3"]:
    # Bilinear in single precision, in TensorFlow's order of operations: columns before rows, differences before sums.
    last = pixels.shape[0] - 1
    side = np.sqrt(CROP_AREA)
    first = (np.float32(1) - side) / np.float32(2)
    step = (first + side - first) * np.float32(last) / np.float32(last)
    positions = first * np.float32(last) + np.arange(last + 1, dtype=np.float32) * step
    above, below = np.floor(positions), np.ceil(positions)
    fraction = (positions - above)[:, None, None]
    upper, stretched = pixels[above.astype(np.intp)], pixels[below.astype(np.intp)]
    stretched -= upper
    stretched *= fraction
    stretched += upper
    return stretched
