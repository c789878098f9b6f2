"""The pictures of an episode one moment at a time, checked and brought to the size of the export."""

from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image as Pillow

from oft_demo.data.exporting.errors import MissingPictures
from oft_demo.data.exporting.role import Exportable, Finding, Planned
from oft_demo.types import Image


class Pictures:
    """Gives a tuple of pictures a step, one a camera; what was done to them is in `findings` afterwards."""

    def __init__(self, planned: Planned, cameras: tuple[str, ...], size: tuple[int, int], every: int):
        self._name, self._length, self._exportable = planned.name, planned.length, planned.exportable
        self._cameras, self._size, self._every = cameras, size, every
        self._sizes = set[tuple[int, int]]()

    def __iter__(self) -> Iterator[tuple[Image, ...]]:
        count = 0
        for count, frame in enumerate(self._frames(self._exportable), start=1):
            if count > self._length:
                break
            yield tuple(self._fitted(frame, camera) for camera in self._cameras)
        if count != self._length:
            raise MissingPictures(self._name, f"{count} or more moments with pictures", f"{self._length}, one a step")

    def _frames(self, exportable: Exportable) -> Iterator[Mapping[str, Image]]:
        return exportable.frames() if self._every == 1 else exportable.frames(self._every)

    def _fitted(self, frame: Mapping[str, Image], camera: str) -> Image:
        picture = frame.get(camera)
        if picture is None or picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            found = "no picture" if picture is None else f"{picture.dtype} {picture.shape}"
            raise MissingPictures(self._name, f"{found} of {camera}", "uint8 (height, width, 3)")
        self._sizes.add((picture.shape[0], picture.shape[1]))
        return fitted(picture, self._size)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader of the export should know about the pictures."""
        odd = [size for size in sorted(self._sizes) if size[0] * self._size[1] != size[1] * self._size[0]]
        small = [size for size in sorted(self._sizes) if size[0] < self._size[0] or size[1] < self._size[1]]
        said = list[Finding]()
        if small:
            said.append(self._finding(f"pictures of {_sizes(small)} were enlarged to {_sizes([self._size])}"))
        if odd and self._size[0] != self._size[1]:  # openvla-oft squeezes 4:3 into a square itself
            said.append(self._finding(f"pictures of {_sizes(odd)} were squeezed to {_sizes([self._size])}"))
        return tuple(said)

    def _finding(self, sentence: str) -> Finding:
        return Finding("warning", self._name, sentence)


def fitted(picture: Image, size: tuple[int, int]) -> Image:
    """A picture at a size (height, width), bicubic as openvla-oft's preprocessing has it; unchanged where it fits."""
    if picture.shape[:2] == size:
        return np.ascontiguousarray(picture)
    image = Pillow.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize((size[1], size[0]), resample=Pillow.Resampling.BICUBIC))


def _sizes(sizes: list[tuple[int, int]]) -> str:
    return ", ".join(f"{width}x{height}" for height, width in sizes)
