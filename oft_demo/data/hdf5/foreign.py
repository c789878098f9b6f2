"""ALOHA HDF5 files of any program, pictures packed as JPEG among them; checked before anything large is read."""

from collections.abc import Iterator, Mapping

import h5py
import numpy as np

from oft_demo.data.hdf5 import layout
from oft_demo.data.hdf5.episode_file import EpisodeFile
from oft_demo.data.hdf5.guarded import refusing
from oft_demo.data.hdf5.jpegs import decoded
from oft_demo.data.hdf5.layout import IMAGES
from oft_demo.data.hdf5.unpacking import rows
from oft_demo.errors import InvalidEpisode
from oft_demo.types import Image

LENGTHS = "/compress_len"  # (cameras, t) bytes of each JPEG; the cameras in an order that the file does not tell
SHORTEST_JPEG = 4  # [bytes]
BLOCK_BYTES = 64 * 2**20  # of pictures that are read together
CAMERA_NAMES = {  # what others call the cameras of an ALOHA
    "top": "cam_high",
    "high": "cam_high",
    "left_wrist": "cam_left_wrist",
    "wrist_left": "cam_left_wrist",
    "right_wrist": "cam_right_wrist",
    "wrist_right": "cam_right_wrist",
    "low": "cam_low",
}


class ForeignFile(EpisodeFile):
    """An episode that may come from any program; ALOHA++ packs its pictures as JPEG."""

    compressed = False  # whether the pictures are packed as JPEG

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras under the names that they have here."""
        return tuple(self.names().values())

    def names(self) -> dict[str, str]:
        """What each camera is called here, by its name in the file; two never get the same name."""
        given = dict[str, str]()
        for camera in self.images:
            name = CAMERA_NAMES.get(camera, camera) if self.ours is None else camera
            is_taken = name in given.values() or (name != camera and name in self.images)
            given[camera] = camera if is_taken else name
        return given

    def frames(self, swapped: bool) -> Iterator[Mapping[str, Image]]:
        """The pictures of every step; `swapped` exchanges red and blue. Raises InvalidEpisode where one is damaged."""
        names = self.names()
        step = self._rows_at_once()
        for start in range(0, self.length if self.images else 0, step):
            with refusing(self.path):
                blocks = {camera: rows(array, start, start + step) for camera, array in self.images.items()}
            for offset in range(min(step, self.length - start)):
                yield {
                    names[camera]: _turned(self._decoded(camera, block[offset]), swapped)
                    for camera, block in blocks.items()
                }

    def picture(self, camera: str, index: int = 0) -> Image:
        """One picture as it is stored; `camera` is a name of this file or of ours."""
        theirs = {ours: theirs for theirs, ours in self.names().items()}.get(camera, camera)
        return self._decoded(theirs, rows(self.images[theirs], index, index + 1)[0])

    def check_first_frame(self) -> None:
        """Look at one picture of each camera; raises InvalidEpisode."""
        self._sizes = {camera: self.picture(camera).shape for camera in self.images}
        total = self.length * sum(int(np.prod(shape)) for shape in self._sizes.values())
        if total > layout.MAX_IMAGE_BYTES:
            raise InvalidEpisode(self.path, f"{total} bytes of pictures", f"at most {layout.MAX_IMAGE_BYTES}")

    def _decoded(self, camera: str, row: np.ndarray) -> Image:
        if not self.compressed:
            return row
        try:
            picture = decoded(row)
        except ValueError as error:
            raise InvalidEpisode(self.path, f"{error} of {camera}", "pictures that are whole") from error
        expected = self._sizes.get(camera, picture.shape)
        if picture.shape != expected:
            raise InvalidEpisode(self.path, f"a picture of {camera} of {picture.shape}", f"{expected}, as the first")
        return picture

    def _rows_at_once(self) -> int:
        """As many as are packed together: then every chunk is unpacked once."""
        together = max((array.chunks[0] for array in self.images.values() if array.chunks), default=1)
        row_bytes = sum(array.nbytes // self.length for array in self.images.values())
        return max(1, min(together, BLOCK_BYTES // max(row_bytes, 1)))

    def _image_arrays(self) -> dict[str, h5py.Dataset]:
        self._sizes = dict[str, tuple[int, ...]]()
        self.compressed = bool(self.attribute(self.file, "compress")) and self.has(IMAGES)
        if not self.compressed:
            return super()._image_arrays()
        arrays = {camera: self.array(f"{IMAGES}/{camera}", "u", (None, None)) for camera in self._cameras()}
        for camera, array in arrays.items():
            if array.dtype != np.uint8 or not SHORTEST_JPEG <= array.shape[1] <= layout.MAX_JPEG_BYTES:
                raise InvalidEpisode(self.path, f"{camera} as {array.dtype} {array.shape}", "uint8 (t, bytes)")
        if self.has(LENGTHS):
            self._check_jpeg_lengths(max(array.shape[1] for array in arrays.values()), len(arrays))
        return arrays

    def _check_jpeg_lengths(self, most: int, cameras: int) -> None:
        stored = self.dataset(LENGTHS)
        lengths = self.array(LENGTHS, stored.dtype.kind if stored.dtype.kind in "fiu" else "u", (cameras, self.length))
        found = rows(lengths)
        if not (np.isfinite(found).all() and found.min() >= SHORTEST_JPEG and found.max() <= most):
            raise InvalidEpisode(self.path, f"pictures of {found.min():g} to {found.max():g} bytes", f"at most {most}")


def _turned(picture: Image, swapped: bool) -> Image:
    return np.ascontiguousarray(picture[..., ::-1]) if swapped else picture
