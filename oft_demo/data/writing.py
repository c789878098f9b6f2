"""Writes episodes as ALOHA HDF5 files, as ACT and openvla-oft read them."""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np

from oft_demo.data import layout
from oft_demo.data.labels import check_episode, labels_of
from oft_demo.data.layout import GROUP, IMAGES, JOINT_ARRAYS
from oft_demo.errors import InvalidEpisode
from oft_demo.types import Episode, Image


def write_episode(path: Path, episode: Episode, frames: Iterable[Mapping[str, Image]] | None = None) -> None:
    """Write an episode under `path`, which appears only when it is whole; `frames` as in `write_progressively`."""
    for _ in write_progressively(path, episode, frames):
        pass


def write_progressively(
    path: Path, episode: Episode, frames: Iterable[Mapping[str, Image]] | None = None
) -> Generator[int, None, None]:
    """Write an episode and yield the number of frames written so far; the file appears at the end.

    `frames` gives the pictures one step at a time, so that a long episode need not fit into memory; without it the
    pictures are those of `episode.images`, and an episode without any is stored as states only.
    """
    check_episode(path, episode)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with h5py.File(part, "w") as file:
            _write_arrays(file, episode)
            yield from _write_images(file, path, episode.length, frames if frames is not None else _frames_of(episode))
            file[GROUP].attrs.update(labels_of(episode))
            file[GROUP].attrs["complete"] = np.bool_(True)
            file.flush()
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_arrays(file: h5py.File, episode: Episode) -> None:
    file.attrs["sim"] = np.bool_(True)
    for name, where in JOINT_ARRAYS.items():
        file.create_dataset(where, data=getattr(episode, name).astype(np.float32))
    file.create_group(IMAGES)
    ours = file.create_group(GROUP)
    ours.attrs["complete"] = np.bool_(False)
    ours.create_dataset("applied", data=episode.applied.astype(np.float32))
    ours.create_dataset("valid", data=episode.valid.astype(np.bool_))
    states = episode.states.astype(np.float64)
    packing = {"chunks": states.shape, "compression": "gzip", "compression_opts": layout.GZIP_LEVEL, "shuffle": True}
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
            datasets = {camera: _image_dataset(file, camera, length, image) for camera, image in pictures.items()}
        if pictures.keys() != datasets.keys() or count > length:
            raise InvalidEpisode(path, f"frame {count} of cameras {sorted(pictures)}", f"{length} of {list(datasets)}")
        for camera, image in pictures.items():
            if image.dtype != np.uint8 or image.shape != datasets[camera].shape[1:]:
                found = f"a picture of {camera} as {image.dtype} {image.shape}"
                raise InvalidEpisode(path, found, f"uint8 {datasets[camera].shape[1:]}")
            datasets[camera][count - 1] = image
        yield count
    if count not in (0, length):
        raise InvalidEpisode(path, f"{count} frames of pictures", f"{length}, one a step")


def _image_dataset(file: h5py.File, camera: str, length: int, image: Image) -> h5py.Dataset:
    return file.create_dataset(
        f"{IMAGES}/{camera}",
        shape=(length, *image.shape),
        dtype=np.uint8,
        chunks=(1, *image.shape),
        compression="gzip",
        compression_opts=layout.GZIP_LEVEL,
    )
