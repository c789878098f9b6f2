"""Writes one episode in ALOHA's HDF5 layout picture by picture, as ACT and openvla-oft read it."""

import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np

from oft_demo.data.hdf5.layout import IMAGES, JOINT_ARRAYS
from oft_demo.types import Episode, Image

GZIP_LEVEL = 1  # what ALOHA data is exchanged with; higher ones cost time for little


def write_aloha(
    path: Path,
    episode: Episode,
    frames: Iterable[tuple[Image, ...]],
    cameras: tuple[str, ...],
    size: tuple[int, int],
    length: int,
    relative: bool = False,
) -> Iterator[None]:
    """Write an episode at `path`, yielding once a step; the last moment is held until there are `length` steps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["sim"] = np.bool_(True)  # with False, ACT shifts actions by one step
        for name, where in JOINT_ARRAYS.items():
            file.create_dataset(where, data=held(getattr(episode, name), length, still=name == "qvel"))
        if relative:
            file.create_dataset("/relative_action", data=relative_action(held(episode.action, length)))
        datasets = [_picture_dataset(file, f"{IMAGES}/{camera}", length, size) for camera in cameras]
        step, packed = 0, tuple[bytes, ...]()
        for step, packed in enumerate(_packed(frames, len(cameras))):
            for dataset, chunk in zip(datasets, packed, strict=True):
                dataset.id.write_direct_chunk((step, 0, 0, 0), chunk)
            yield
        for padding in range(step + 1, length):
            for dataset, chunk in zip(datasets, packed, strict=True):
                dataset.id.write_direct_chunk((padding, 0, 0, 0), chunk)
            yield


def held(rows: np.ndarray, length: int, still: bool = False) -> np.ndarray:
    """Rows as float32, the last repeated until there are `length`; zeros instead where that means standing still."""
    rows = rows.astype(np.float32)
    last = np.zeros_like(rows[-1:]) if still else rows[-1:]
    return np.concatenate([rows, np.repeat(last, length - len(rows), axis=0)])


def relative_action(action: np.ndarray) -> np.ndarray:
    """Changes of the target from step to step, the last one twice, as openvla-oft's preprocessing has them."""
    changes = np.diff(action, axis=0)
    return np.concatenate([changes, changes[-1:]]) if len(changes) else np.zeros_like(action)


def pack(picture: Image) -> bytes:
    """A picture as one chunk of HDF5's gzip filter, which every reader knows."""
    return zlib.compress(np.ascontiguousarray(picture).data, GZIP_LEVEL)


def _packed(frames: Iterable[tuple[Image, ...]], cameras: int) -> Iterator[tuple[bytes, ...]]:
    with ThreadPoolExecutor(cameras) as pool:  # zlib lets other threads run
        for frame in frames:
            yield tuple(pool.map(pack, frame))


def _picture_dataset(file: h5py.File, where: str, length: int, size: tuple[int, int]) -> h5py.Dataset:
    shape = (*size, 3)
    return file.create_dataset(
        where, (length, *shape), np.uint8, chunks=(1, *shape), compression="gzip", compression_opts=GZIP_LEVEL
    )
