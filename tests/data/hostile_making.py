"""A small good episode as other programs write it, and ways to spoil a file."""

import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import numpy as np

LENGTH = 8
SIZE = (24, 32)
CAMERAS = ("cam_high", "cam_left_wrist")
JOINTS = {"qpos": "/observations/qpos", "qvel": "/observations/qvel", "effort": "/observations/effort"}
ARRAYS = {**JOINTS, "action": "/action"}
IMAGES = "/observations/images"

Spoil = Callable[[Path], None]


def write_good(path: Path, libver: str = "earliest") -> None:
    """An episode that any reader takes: two cameras, all joints."""
    random = np.random.default_rng(7)
    with h5py.File(path, "w", libver=libver) as file:
        for where in ARRAYS.values():
            file[where] = random.normal(size=(LENGTH, 14)).astype(np.float32)
        for camera in CAMERAS:
            pictures = random.integers(0, 255, (LENGTH, *SIZE, 3), dtype=np.uint8)
            file.create_dataset(f"{IMAGES}/{camera}", data=pictures, chunks=(1, *SIZE, 3), compression="gzip")


def write_jpegs(path: Path, pictures: dict[int, bytes] | None = None, lengths: object = None) -> None:
    """The same with pictures packed as JPEG, as ALOHA++ does it; `pictures` are put in place of good ones."""
    write_good(path)
    random = np.random.default_rng(7)
    with h5py.File(path, "a") as file:
        file.attrs["compress"] = True
        for camera in CAMERAS:
            packed = [jpeg(random.integers(0, 255, (*SIZE, 3), dtype=np.uint8)) for _ in range(LENGTH)]
            packed = [(pictures or {}).get(index, content) for index, content in enumerate(packed)]
            padded = np.zeros((LENGTH, max(map(len, packed))), np.uint8)
            for row, content in zip(padded, packed, strict=True):
                row[: len(content)] = np.frombuffer(content, np.uint8)
            del file[f"{IMAGES}/{camera}"]
            file.create_dataset(f"{IMAGES}/{camera}", data=padded, chunks=(1, padded.shape[1]))
        sizes = np.full((len(CAMERAS), LENGTH), padded.shape[1], np.float32) if lengths is None else lengths
        file.create_dataset("compress_len", data=sizes)


def jpeg(picture: np.ndarray, *options: int) -> bytes:
    """A picture packed as JPEG."""
    return cv2.imencode(".jpg", picture, list(options))[1].tobytes()


def replaced(where: str, **dataset: object) -> Spoil:
    """A good episode with another array at a place."""

    def write(path: Path) -> None:
        write_good(path)
        with h5py.File(path, "a") as file:
            if where in file:
                del file[where]
            file.create_dataset(where, **dataset)

    return write


def changed(change: Callable[[h5py.File], object], **good: str) -> Spoil:
    """A good episode to which something was done."""

    def write(path: Path) -> None:
        write_good(path, **good)
        with h5py.File(path, "a", **good) as file:
            change(file)

    return write


def overwritten(place: int, content: bytes, libver: str = "earliest") -> Spoil:
    """A good episode with other bytes at a place of its file."""

    def write(path: Path) -> None:
        write_good(path, libver)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(content)

    return write


def smashed(mark: bytes, number: int, content: bytes, offset: int = 0, libver: str = "earliest") -> Spoil:
    """A good episode with other bytes where HDF5 marked a block of its own for the `number`th time."""

    def write(path: Path) -> None:
        write_good(path, libver)
        data = path.read_bytes()
        place = -1
        for _ in range(number % data.count(mark) + 1):
            place = data.index(mark, place + 1)
        path.write_bytes(data[: place + offset] + content + data[place + offset + len(content) :])

    return write


def truncated(share: float) -> Spoil:
    """The beginning of a good episode."""

    def write(path: Path) -> None:
        write_good(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return write


def raw(content: bytes) -> Spoil:
    """Something else altogether."""
    return lambda path: path.write_bytes(content) and None


def zeros_packed(size: int) -> bytes:
    """Zeros as zlib packs them at best, a thousand to one."""
    packer, block = zlib.compressobj(9), bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


def bomb(where: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str, size: int) -> Spoil:
    """A good episode with an array of which one chunk unpacks to far more bytes than it should."""

    def change(file: h5py.File) -> None:
        if where in file:
            del file[where]
        array = file.create_dataset(where, shape, dtype, chunks=chunks, compression="gzip")
        array[...] = 1
        array.id.write_direct_chunk((0,) * len(shape), zeros_packed(size))

    return changed(change)
