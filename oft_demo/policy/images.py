"""Camera pictures at the model's size."""

import cv2

from ..types import Image


def resize_images(picture: Image, size: int) -> Image:
    """Squash a picture to a square, averaging over areas: the same for training data and for acting."""
    if picture.shape[:2] == (size, size):
        return picture
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
