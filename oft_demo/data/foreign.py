"""ALOHA HDF5 files of other programs, pictures packed as JPEG among them; checked before anything large is read."""

import struct
from collections.abc import Iterator, Mapping

import cv2
import h5py
import numpy as np

from oft_demo.data import layout
from oft_demo.data.layout import IMAGES
from oft_demo.data.reading import EpisodeFile
from oft_demo.errors import InvalidEpisode
from oft_demo.types import Image

MAX_JPEG_BYTES = 8 * 2**20  # of one packed picture; 640x480 at quality 50 has 30 kB
FRAMES_AT_ONCE = 16
CAMERA_NAMES = {  # what others call the cameras of an ALOHA
    "top": "cam_high",
    "high": "cam_high",
    "left_wrist": "cam_left_wrist",
    "right_wrist": "cam_right_wrist",
    "wrist_left": "cam_left_wrist",
    "wrist_right": "cam_right_wrist",
}
START, SIZES = 0xFFD8, range(0xFFC0, 0xFFD0)  # JPEG markers: the file's, and those of frames
NO_SIZE = (0xFFC4, 0xFFC8, 0xFFCC)  # markers among SIZES that tell tables


class ForeignFile(EpisodeFile):
    """An episode that may come from any program; ALOHA++ packs its pictures as JPEG."""

    @property
    def compressed(self) -> bool:
        """Whether the pictures are packed as JPEG."""
        return bool(np.all(self.file.attrs.get("compress", False)))

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras under the names that they have here."""
        return tuple(self.names().values())

    def names(self) -> dict[str, str]:
        """What each camera is called here, by its name in the file; two never get the same name."""
        known = dict[str, str]()
        for camera in self.images:
            name = CAMERA_NAMES.get(camera, camera)
            known[camera] = camera if name in self.images and name != camera else name
        return known

    def frames(self, swapped: bool) -> Iterator[Mapping[str, Image]]:
        """The pictures of every step; `swapped` exchanges red and blue."""
        names = self.names()
        for start in range(0, self.length if self.images else 0, FRAMES_AT_ONCE):
            blocks = {camera: self._block(camera, start) for camera in names}
            for offset in range(min(FRAMES_AT_ONCE, self.length - start)):
                yield {names[camera]: _turned(block[offset], swapped) for camera, block in blocks.items()}

    def picture(self, camera: str, index: int = 0) -> Image:
        """One picture as it is stored; `camera` is a name of this file or of ours."""
        known = {ours: theirs for theirs, ours in self.names().items()} | {each: each for each in self.images}
        return self._picture(known[camera], self.images[known[camera]][index])

    def _block(self, camera: str, start: int) -> list[Image]:
        return [self._picture(camera, row) for row in self.images[camera][start : start + FRAMES_AT_ONCE]]

    def _picture(self, camera: str, row: np.ndarray) -> Image:
        if not self.compressed:
            return row
        size = jpeg_size(row.tobytes())
        if size is None or max(size) > layout.MAX_IMAGE_SIDE:
            found = "a packed picture that is no JPEG" if size is None else f"a picture of {size[0]}x{size[1]}"
            raise InvalidEpisode(self.path, f"{found} of {camera}", f"JPEG of at most {layout.MAX_IMAGE_SIDE} a side")
        picture = cv2.imdecode(row, cv2.IMREAD_COLOR)
        if picture is None:
            raise InvalidEpisode(self.path, f"a damaged JPEG of {camera}", "whole pictures")
        return np.ascontiguousarray(picture)  # as it is stored: which channel is red is for the person to say

    def _image_arrays(self) -> dict[str, h5py.Dataset]:
        if not self.compressed or not self._has(IMAGES):
            return super()._image_arrays()
        group = self._group(IMAGES)
        if len(group) > layout.MAX_CAMERAS:
            raise InvalidEpisode(self.path, f"{len(group)} cameras", f"at most {layout.MAX_CAMERAS}")
        arrays = {camera: self._array(f"{IMAGES}/{camera}", "u", (None, None)) for camera in map(str, group)}
        for camera, array in arrays.items():
            if array.dtype != np.uint8 or not 1 <= array.shape[1] <= MAX_JPEG_BYTES:
                raise InvalidEpisode(self.path, f"{camera} as {array.dtype} {array.shape}", "uint8 (t, bytes)")
        return arrays


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(height, width) that a JPEG declares; None for anything else. Nothing is decoded."""
    if len(data) < 4 or struct.unpack_from(">H", data)[0] != START:
        return None
    place = 2
    while place + 9 <= len(data):
        marker, length = struct.unpack_from(">HH", data, place)
        if marker in SIZES and marker not in NO_SIZE:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return height, width
        if marker < 0xFF00 or length < 2:
            return None
        place += 2 + length
    return None


def _turned(picture: Image, swapped: bool) -> Image:
    return np.ascontiguousarray(picture[..., ::-1]) if swapped else picture
