"""An open ALOHA episode: what it holds was checked against the layout before an array is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from oft_demo.data.hdf5 import layout
from oft_demo.data.hdf5.guarded import GuardedFile, open_file, refusing
from oft_demo.data.hdf5.labels import LABEL_NAMES, Labels, check_episode, parse_labels
from oft_demo.data.hdf5.layout import GROUP, IMAGES, JOINT_ARRAYS, EpisodeSummary
from oft_demo.data.hdf5.story import Story, parse_story
from oft_demo.data.hdf5.unpacking import rows
from oft_demo.errors import InvalidEpisode
from oft_demo.types import JOINT_COUNT, Episode

OpenedFile = TypeVar("OpenedFile", bound="EpisodeFile")


@contextmanager
def opened(path: Path, kind: type[OpenedFile]) -> Iterator[OpenedFile]:
    """Open and check the structure; whatever h5py raises inside becomes an InvalidEpisode."""
    with open_file(path) as file, refusing(path):
        yield kind(path, file)


class EpisodeFile(GuardedFile):
    """An open file whose links, types, ranks, lengths and sizes have been checked; no array is read before that."""

    def __init__(self, path: Path, file: h5py.File):
        super().__init__(path, file)
        self.ours = self.group(GROUP) if self.has(GROUP) else None
        if self.ours is not None and not self.attribute(self.ours, "complete"):
            raise InvalidEpisode(path, "an unfinished recording", "one that was completed")
        self.joints = {name: self.array(where, "f", (None, JOINT_COUNT)) for name, where in self._joint_arrays()}
        self.length = self.joints["action"].shape[0]
        if not 1 <= self.length <= layout.MAX_LENGTH:
            raise InvalidEpisode(path, f"{self.length} steps", f"1 to {layout.MAX_LENGTH}")
        self.extra = self._extra_arrays() if self.ours is not None else dict[str, h5py.Dataset]()
        self.story = self._story() if self.ours is not None and self.has(f"{GROUP}/story") else Story()
        self.images = self._image_arrays()
        self._check_lengths()
        self.labels = self._labels(self.ours) if self.ours is not None else Labels()

    def summary(self) -> EpisodeSummary:
        """Labels and sizes, without reading an array."""
        labels = self.labels
        return EpisodeSummary(
            name=self.path.stem,
            task=labels.task,
            instruction=labels.instruction,
            seed=labels.seed,
            success=labels.success,
            score=labels.score,
            length=self.length,
            seconds=self.length / labels.control_hz,
            source=labels.source,
            has_pictures=bool(self.images),
            size_bytes=self.path.stat().st_size,
            named_object=labels.named_object,
            cameras=tuple(self.images),
        )

    def episode(self, images: bool) -> Episode:
        """Read all arrays; what another program's file lacks is filled with what it means there."""
        joints: dict[str, Any] = {name: _as(rows(array), np.float32) for name, array in self.joints.items()}
        joints.setdefault("effort", np.zeros((self.length, JOINT_COUNT), np.float32))
        extra: dict[str, Any] = {name: rows(array) for name, array in self.extra.items()}
        episode = Episode(
            **vars(self.labels),
            **vars(self.story),
            **joints,
            applied=_as(extra.get("applied", joints["action"]), np.float32),
            states=_as(extra.get("states", np.zeros((self.length, 0))), np.float64),
            valid=extra.get("valid", np.ones(self.length, np.bool_)),
            sources=_as(extra["sources"], np.uint8) if "sources" in extra else None,
            wall_times=_as(extra["wall_times"], np.float64) if "wall_times" in extra else None,
            images={camera: rows(array) for camera, array in self.images.items()} if images else {},
        )
        check_episode(self.path, episode)
        return episode

    def _joint_arrays(self) -> Iterator[tuple[str, str]]:
        for name, where in JOINT_ARRAYS.items():
            # ACT's own loader never reads effort, and some files lack it.
            if name != "effort" or self.ours is not None or self.has(where):
                yield name, where

    def _extra_arrays(self) -> dict[str, h5py.Dataset]:
        shapes = {"states": ("f", (None, None)), "applied": ("f", (None, JOINT_COUNT)), "valid": ("b", (None,))}
        later = {"sources": ("u", (None,)), "wall_times": ("f", (None,))}  # files of version 1 lack them
        shapes |= {name: shape for name, shape in later.items() if self.has(f"{GROUP}/{name}")}
        arrays = {name: self.array(f"/{GROUP}/{name}", *shape) for name, shape in shapes.items()}
        states = arrays["states"]
        if states.shape[1] > layout.MAX_STATE_SIZE or states.nbytes > layout.MAX_STATE_BYTES:
            found = f"states of shape {states.shape}"
            raise InvalidEpisode(self.path, found, f"{layout.MAX_STATE_SIZE} numbers, {layout.MAX_STATE_BYTES} bytes")
        return arrays

    def _labels(self, ours: h5py.Group) -> Labels:
        self.check_texts()
        return parse_labels(self.path, {name: self.attribute(ours, name, texts=True) for name in LABEL_NAMES})

    def _story(self) -> Story:
        where = f"/{GROUP}/story"
        member = self.dataset(where)
        if member.shape != () or member.dtype.kind != "S":
            raise InvalidEpisode(self.path, f"{where} that is no text", "one text of fixed length")
        if member.dtype.itemsize > layout.MAX_JSON:
            raise InvalidEpisode(self.path, f"{where} of {member.dtype.itemsize} bytes", f"at most {layout.MAX_JSON}")
        return parse_story(self.path, bytes(member[()]))

    def _image_arrays(self) -> dict[str, h5py.Dataset]:
        if not self.has(IMAGES):
            return {}
        if self.attribute(self.file, "compress"):
            raise InvalidEpisode(self.path, "pictures packed as JPEG", "raw uint8 pictures (t, h, w, 3)")
        arrays = {camera: self.array(f"{IMAGES}/{camera}", "u", (None, None, None, 3)) for camera in self._cameras()}
        for camera, array in arrays.items():
            sides = array.shape[1:3]
            if array.dtype != np.uint8 or not 1 <= min(sides) <= max(sides) <= layout.MAX_IMAGE_SIDE:
                raise InvalidEpisode(self.path, f"{camera} as {array.dtype} {array.shape}", "uint8 (t, h, w, 3)")
            stored = array.id.get_storage_size()
            if array.nbytes > layout.MANY and array.nbytes > stored * layout.MAX_PICTURE_RATIO:
                found = f"{array.nbytes} bytes of {camera} packed into {stored}"
                raise InvalidEpisode(self.path, found, f"pictures, {layout.MAX_PICTURE_RATIO} to 1 at most")
        total = sum(array.nbytes for array in arrays.values())
        if total > layout.MAX_IMAGE_BYTES:
            raise InvalidEpisode(self.path, f"{total} bytes of pictures", f"at most {layout.MAX_IMAGE_BYTES}")
        return arrays

    def _cameras(self) -> list[str]:
        """The names of the cameras, of which there are not too many."""
        group = self.group(IMAGES)
        if len(group) > layout.MAX_CAMERAS:
            raise InvalidEpisode(self.path, f"{len(group)} cameras", f"at most {layout.MAX_CAMERAS}")
        cameras = list(map(str, group))
        for camera in cameras:
            if not (camera.isprintable() and camera.strip(" .") and len(camera) <= layout.MAX_NAME):
                raise InvalidEpisode(self.path, f"a camera named {camera!r:.60}", "a plain name")
        return cameras

    def _check_lengths(self) -> None:
        for name, array in {**self.joints, **self.extra, **self.images}.items():
            if array.shape[0] != self.length:
                raise InvalidEpisode(self.path, f"{array.shape[0]} rows of {name}", f"{self.length}, as action has")


def _as(array: np.ndarray, dtype: type[np.generic]) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused then
        return array.astype(dtype, copy=False)
