"""Reads ALOHA HDF5 episodes, which may come from anywhere: everything is checked before an array is read."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import h5py
import numpy as np

from oft_demo.data import layout
from oft_demo.data.labels import LABEL_NAMES, Labels, check_episode, parse_labels
from oft_demo.data.layout import GROUP, IMAGES, JOINT_ARRAYS, EpisodeSummary
from oft_demo.data.story import Story, parse_story
from oft_demo.errors import InvalidEpisode, UnknownName
from oft_demo.types import JOINT_COUNT, Episode, Image

OpenedFile = TypeVar("OpenedFile", bound="EpisodeFile")


def read_episode(path: Path, images: bool = True) -> Episode:
    """Read an episode, with its pictures or without; raises InvalidEpisode before anything large is read."""
    with opened(path, EpisodeFile) as found:
        return found.episode(images)


def summarize(path: Path) -> EpisodeSummary:
    """Read the labels and sizes of an episode, no arrays."""
    with opened(path, EpisodeFile) as found:
        return found.summary()


def read_frames(path: Path, camera: str, start: int, stop: int) -> np.ndarray:
    """Pictures `start` to `stop` (exclusive) of one camera: uint8 (stop - start, h, w, 3)."""
    with opened(path, EpisodeFile) as found:
        if camera not in found.images:
            raise UnknownName("camera", camera, found.images)
        return found.images[camera][max(start, 0) : max(stop, 0)]


def read_frame(path: Path, camera: str, index: int) -> Image:
    """One picture of one camera: uint8 (h, w, 3)."""
    frames = read_frames(path, camera, index, index + 1)
    if not len(frames):
        raise InvalidEpisode(path, f"no frame {index} of {camera}", "a frame of the episode")
    return frames[0]


@contextmanager
def opened(path: Path, kind: type[OpenedFile]) -> Iterator[OpenedFile]:
    """Open and check the structure; whatever h5py raises inside becomes an InvalidEpisode."""
    if not path.is_file():
        raise InvalidEpisode(path, "no such file", "an HDF5 file")
    try:
        if not h5py.is_hdf5(path):
            raise InvalidEpisode(path, "a file that is not HDF5", "an HDF5 file")
        with h5py.File(path, "r", locking="best-effort") as file:
            yield kind(path, file)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError) as error:
        raise InvalidEpisode(path, f"a damaged file ({error})", "an ALOHA episode") from error


class EpisodeFile:
    """An open file whose links, types, ranks, lengths and sizes have been checked; no array is read before that."""

    def __init__(self, path: Path, file: h5py.File):
        self.path = path
        self.file = file
        self.ours = self._group(GROUP) if self._has(GROUP) else None
        self.labels = self._labels(self.ours) if self.ours is not None else Labels()
        self.joints = {name: self._array(where, "f", (None, JOINT_COUNT)) for name, where in self._joint_arrays()}
        self.length = self.joints["action"].shape[0]
        if not 1 <= self.length <= layout.MAX_LENGTH:
            raise InvalidEpisode(path, f"{self.length} steps", f"1 to {layout.MAX_LENGTH}")
        if self.ours is not None:
            shapes = {"states": ("f", (None, None)), "applied": ("f", (None, JOINT_COUNT)), "valid": ("b", (None,))}
            later = {"sources": ("u", (None,)), "wall_times": ("f", (None,))}  # files of version 1 lack them
            shapes |= {name: shape for name, shape in later.items() if self._has(f"{GROUP}/{name}")}
            self.extra = {name: self._array(f"/{GROUP}/{name}", *shape) for name, shape in shapes.items()}
            self.story = self._story() if self._has(f"{GROUP}/story") else Story()
        else:
            self.story = Story()
            self.extra = dict[str, h5py.Dataset]()
        self.images = self._image_arrays()
        self._check_lengths()

    def _joint_arrays(self) -> Iterator[tuple[str, str]]:
        for name, where in JOINT_ARRAYS.items():
            # ACT's own loader never reads effort, and some files lack it.
            if name != "effort" or self.ours is not None or self._has(where):
                yield name, where

    def _has(self, where: str) -> bool:
        """Whether there is a link of this path; asked without following it."""
        *parents, name = where.strip("/").split("/")
        group = self._group("/".join(parents)) if parents else self.file
        return group.get(name, getlink=True) is not None

    def _labels(self, ours: h5py.Group) -> Labels:
        values = dict[str, object]()
        for name in (*LABEL_NAMES, "complete"):
            if name not in ours.attrs:
                continue
            if ours.attrs.get_id(name).shape != ():
                raise InvalidEpisode(self.path, f"a list as attribute {name}", "one value")
            values[name] = ours.attrs[name]
        if not values.get("complete"):
            raise InvalidEpisode(self.path, "an unfinished recording", "one that was completed")
        return parse_labels(self.path, values)

    def _member(self, where: str) -> h5py.Group | h5py.Dataset | h5py.Datatype:
        """Follow hard links only: a soft or external link could name any file of this machine."""
        member: h5py.Group | h5py.Dataset | h5py.Datatype = self.file
        for name in where.strip("/").split("/"):
            link = member.get(name, getlink=True) if isinstance(member, h5py.Group) else None
            if link is None or not isinstance(member, h5py.Group):
                raise InvalidEpisode(self.path, f"no {where}", "an ALOHA episode with that array")
            if not isinstance(link, h5py.HardLink):
                raise InvalidEpisode(self.path, f"a link at {where}", "data in the file itself")
            member = member[name]
        return member

    def _group(self, where: str) -> h5py.Group:
        member = self._member(where)
        if not isinstance(member, h5py.Group):
            raise InvalidEpisode(self.path, f"an array at {where}", "a group")
        return member

    def _array(self, where: str, kind: str, shape: tuple[int | None, ...]) -> h5py.Dataset:
        member = self._member(where)
        if not isinstance(member, h5py.Dataset):
            raise InvalidEpisode(self.path, f"a group at {where}", "an array")
        wanted = " x ".join("any" if side is None else str(side) for side in shape)
        if member.shape is None or member.dtype.kind != kind or member.dtype.itemsize > 8:
            raise InvalidEpisode(self.path, f"{where} of type {member.dtype}", f"numbers of kind '{kind}', {wanted}")
        fits = len(member.shape) == len(shape) and all(
            side in (None, has) for side, has in zip(shape, member.shape, strict=True)
        )
        if not fits:
            raise InvalidEpisode(self.path, f"{where} of shape {member.shape}", wanted)
        self._check_storage(where, member)
        return member

    def _story(self) -> Story:
        where = f"/{GROUP}/story"
        member = self._member(where)
        if not isinstance(member, h5py.Dataset) or member.shape != () or member.dtype.kind != "S":
            raise InvalidEpisode(self.path, f"{where} that is no text", "one text of fixed length")
        if member.dtype.itemsize > layout.MAX_JSON or member.external or member.is_virtual:
            raise InvalidEpisode(self.path, f"{where} of {member.dtype.itemsize} bytes", f"at most {layout.MAX_JSON}")
        return parse_story(self.path, bytes(member[()]))

    def _check_storage(self, where: str, array: h5py.Dataset) -> None:
        """A few bytes can declare terabytes; compare with what is stored before anything is allocated."""
        if array.is_virtual or array.external:
            raise InvalidEpisode(self.path, f"{where} stored in another file", "data in the file itself")
        if any(side > max(layout.MAX_LENGTH, layout.MAX_STATE_SIZE) for side in array.shape):
            raise InvalidEpisode(self.path, f"{where} of shape {array.shape}", f"at most {layout.MAX_LENGTH} steps")
        stored = array.id.get_storage_size()
        possible = stored * (layout.MAX_DEFLATE_RATIO if array.compression else 1)
        if array.nbytes > max(possible, 2**20):
            raise InvalidEpisode(self.path, f"{where} of {array.nbytes} bytes, {stored} stored", "all of it stored")
        if array.chunks and math.prod(array.chunks) * array.dtype.itemsize > layout.MAX_CHUNK_BYTES:
            raise InvalidEpisode(self.path, f"{where} in chunks of {array.chunks}", "chunks of a few frames")

    def _image_arrays(self) -> dict[str, h5py.Dataset]:
        if not self._has(IMAGES):
            return {}
        group = self._group(IMAGES)
        if len(group) > layout.MAX_CAMERAS:
            raise InvalidEpisode(self.path, f"{len(group)} cameras", f"at most {layout.MAX_CAMERAS}")
        if self.file.attrs.get("compress", False):
            raise InvalidEpisode(self.path, "pictures packed as JPEG", "raw uint8 pictures (t, h, w, 3)")
        arrays = {camera: self._array(f"{IMAGES}/{camera}", "u", (None, None, None, 3)) for camera in map(str, group)}
        for camera, array in arrays.items():
            if (
                array.dtype != np.uint8
                or not 1 <= min(array.shape[1:3]) <= max(array.shape[1:3]) <= layout.MAX_IMAGE_SIDE
            ):
                raise InvalidEpisode(self.path, f"{camera} as {array.dtype} {array.shape}", "uint8 (t, h, w, 3)")
        total = sum(array.nbytes for array in arrays.values())
        if total > layout.MAX_IMAGE_BYTES:
            raise InvalidEpisode(self.path, f"{total} bytes of pictures", f"at most {layout.MAX_IMAGE_BYTES}")
        return arrays

    def _check_lengths(self) -> None:
        for name, array in {**self.joints, **self.extra, **self.images}.items():
            if array.shape[0] != self.length:
                raise InvalidEpisode(self.path, f"{array.shape[0]} rows of {name}", f"{self.length}, as action has")

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
        joints = {name: array[()].astype(np.float32) for name, array in self.joints.items()}
        joints.setdefault("effort", np.zeros((self.length, JOINT_COUNT), np.float32))
        extra = {name: array[()] for name, array in self.extra.items()}
        episode = Episode(
            **vars(self.labels),
            **vars(self.story),
            **joints,
            applied=extra.get("applied", joints["action"]).astype(np.float32),
            states=extra.get("states", np.zeros((self.length, 0))).astype(np.float64),
            valid=extra.get("valid", np.ones(self.length, np.bool_)),
            sources=extra["sources"].astype(np.uint8) if "sources" in extra else None,
            wall_times=extra["wall_times"].astype(np.float64) if "wall_times" in extra else None,
            images={camera: array[()] for camera, array in self.images.items()} if images else {},
        )
        check_episode(self.path, episode)
        return episode
