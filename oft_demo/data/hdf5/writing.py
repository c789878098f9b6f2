"""Writes episodes as ALOHA HDF5 files, as ACT and openvla-oft read them."""

import os
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from oft_demo.data.durable import NameTaken, held, publish
from oft_demo.data.hdf5 import layout
from oft_demo.data.hdf5.labels import check_episode, labels_of
from oft_demo.data.hdf5.layout import GROUP, IMAGES, JOINT_ARRAYS
from oft_demo.data.hdf5.story import story_text
from oft_demo.errors import InvalidEpisode
from oft_demo.types import Episode, Image

PART = ".part"  # behind the name of a file that is being written
STATES_CHUNK = 1024  # states that are packed together


def write_episode(path: Path, episode: Episode, frames: Iterable[Mapping[str, Image]] | None = None) -> None:
    """Write an episode under `path`, which appears only when it is whole; `frames` as in `write_progressively`."""
    for _ in write_progressively(path, episode, frames):
        pass


def write_progressively(
    path: Path, episode: Episode, frames: Iterable[Mapping[str, Image]] | None = None
) -> Generator[int, None, None]:
    """Write an episode and yield the number of frames written so far; the file appears at the end.

    `frames` gives the pictures one step at a time, so that a long episode need not fit into memory; without it the
    pictures are those of `episode.images`, and an episode without any is stored as states only. Raises NameTaken
    where there is a file of this name, or another writer is at it.
    """
    check_episode(path, episode)
    with _appearing(path, episode) as file:
        yield from _write_images(file, path, episode.length, frames if frames is not None else _frames_of(episode))


def write_packed(
    path: Path,
    episode: Episode,
    image_size: tuple[int, int],
    frames: Iterable[Mapping[str, bytes]],
) -> Generator[int, None, None]:
    """As `write_progressively`, of pictures (height, width) that `packing.pack` has packed already."""
    check_episode(path, episode)
    with _appearing(path, episode) as file:
        datasets: dict[str, h5py.Dataset] = {}
        count = 0
        for count, packed in enumerate(frames, start=1):
            if count == 1:
                shape = (*image_size, 3)
                datasets = {camera: _image_dataset(file, camera, episode.length, shape) for camera in packed}
            _check_frame(path, count, packed, datasets, episode.length)
            for camera, content in packed.items():
                datasets[camera].id.write_direct_chunk((count - 1, 0, 0, 0), content)
            yield count
        _check_count(path, count, episode.length)


@contextmanager
def _appearing(path: Path, episode: Episode) -> Iterator[h5py.File]:
    """A file with all but the pictures, open for those; it gets its name when the block has ended well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    with held(part) as claim:
        if not claim.mine:
            raise NameTaken(path)
        try:
            if path.exists():
                raise NameTaken(path)
            with _telling_why(), h5py.File(part, "w", locking=False) as file:
                _write_arrays(file, episode)
                yield file
                file[GROUP].attrs.update(labels_of(episode))
                file[GROUP].attrs["complete"] = np.bool_(True)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        publish(part, path, claim)


@contextmanager
def _telling_why() -> Iterator[None]:
    """HDF5 names what the disk refused in the text of errors that are of any kind."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def _write_arrays(file: h5py.File, episode: Episode) -> None:
    file.attrs["sim"] = np.bool_(True)
    for name, where in JOINT_ARRAYS.items():
        file.create_dataset(where, data=getattr(episode, name).astype(np.float32))
    file.create_group(IMAGES)
    ours = file.create_group(GROUP)
    ours.attrs["complete"] = np.bool_(False)
    ours.create_dataset("applied", data=episode.applied.astype(np.float32))
    ours.create_dataset("valid", data=episode.valid.astype(np.bool_))
    if episode.sources is not None:
        ours.create_dataset("sources", data=episode.sources.astype(np.uint8))
    if episode.wall_times is not None:
        ours.create_dataset("wall_times", data=episode.wall_times.astype(np.float64))
    story = story_text(episode)
    ours.create_dataset("story", data=np.array(story, h5py.string_dtype("utf-8", len(story))))
    states = episode.states.astype(np.float64)
    chunks = (min(episode.length, STATES_CHUNK), states.shape[1])
    packing = {"chunks": chunks, "compression": "gzip", "compression_opts": layout.GZIP_LEVEL, "shuffle": True}
    ours.create_dataset("states", data=states, **(packing if states.size else {}))


def _frames_of(episode: Episode) -> Iterator[Mapping[str, Image]]:
    for index in range(episode.length if episode.images else 0):
        yield {camera: pictures[index] for camera, pictures in episode.images.items()}


def _write_images(file: h5py.File, path: Path, length: int, frames: Iterable[Mapping[str, Image]]) -> Iterator[int]:
    """Write frame by frame; a chunk is one frame, since h5py's automatic chunks are fifty times slower."""
    datasets: dict[str, h5py.Dataset] = {}
    count = 0
    for count, pictures in enumerate(frames, start=1):
        if count == 1:
            datasets = {camera: _image_dataset(file, camera, length, image.shape) for camera, image in pictures.items()}
        _check_frame(path, count, pictures, datasets, length)
        for camera, image in pictures.items():
            if image.dtype != np.uint8 or image.shape != datasets[camera].shape[1:]:
                found = f"a picture of {camera} as {image.dtype} {image.shape}"
                raise InvalidEpisode(path, found, f"uint8 {datasets[camera].shape[1:]}")
            datasets[camera][count - 1] = image
        yield count
    if count:
        _check_count(path, count, length)


def _check_frame(
    path: Path, count: int, pictures: Mapping[str, object], datasets: Mapping[str, h5py.Dataset], length: int
) -> None:
    if pictures.keys() != datasets.keys() or count > length:
        raise InvalidEpisode(path, f"frame {count} of cameras {sorted(pictures)}", f"{length} of {list(datasets)}")


def _check_count(path: Path, count: int, length: int) -> None:
    if count != length:
        raise InvalidEpisode(path, f"{count} frames of pictures", f"{length}, one a step")


def _image_dataset(file: h5py.File, camera: str, length: int, shape: tuple[int, ...]) -> h5py.Dataset:
    return file.create_dataset(
        f"{IMAGES}/{camera}",
        shape=(length, *shape),
        dtype=np.uint8,
        chunks=(1, *shape),
        compression="gzip",
        compression_opts=layout.GZIP_LEVEL,
    )
