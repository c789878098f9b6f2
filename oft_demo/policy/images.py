"""Pictures at the model's own size."""

import cv2
import numpy as np
from jaxtyping import UInt8


def resize_images(image: UInt8[np.ndarray, "h w 3"], size: int) -> UInt8[np.ndarray, "size size 3"]:
    """Squash a camera picture to a square, each pixel the mean of the area it covers; training and acting share it."""
    if image.shape[:2] == (size, size):
        return np.array(image)
    return cv2.resize(np.ascontiguousarray(image), (size, size), interpolation=cv2.INTER_AREA)
