"""How fast files of other programs come in."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from oft_demo import record
from oft_demo.bench.lines import Heading, Line, Row
from oft_demo.data.catalog import Catalog
from oft_demo.data.importing import import_files, inspect
from oft_demo.data.layout import GROUP, IMAGES
from oft_demo.data.reading import summarize
from oft_demo.types import CAMERAS

SIZE = (480, 640)
FILES = 2
TOUCH = 1e-6  # [rad] by which the files differ, else the second would be the first


def importing() -> Iterator[Line]:
    """An expert's episode with three 640x480 pictures a step, without what is ours in its file; as it is, and raw."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        for _ in record.record_expert("put_x_into_pot", 1, made, first_seed=7):
            pass
        (path,) = made.glob("*.hdf5")
        length = summarize(path).length
        with h5py.File(path, "a") as file:
            del file[GROUP]
        yield Heading(f"Importing episodes of {length} steps with {len(CAMERAS)} pictures of 640x480 each")
        yield from _rates("gzip", [_copy(path, number, "gzip") for number in range(FILES)], length)
        yield from _rates("raw", [_copy(path, number, None) for number in range(FILES)], length)


def _rates(name: str, paths: list[Path], length: int) -> Iterator[Line]:
    started = time.perf_counter()
    for path in paths:
        inspect(path)
    yield Row(f"{name}: looking at a file", 1e3 * (time.perf_counter() - started) / len(paths), "ms")
    started = time.perf_counter()
    added = [each.name for each in import_files(paths, Catalog(paths[0].parent / name))]
    seconds = time.perf_counter() - started
    assert all(added)
    megabytes = len(paths) * length * len(CAMERAS) * int(np.prod(SIZE)) * 3 / 1e6
    yield Row(f"{name}: pictures, unpacked", megabytes / seconds, "MB/s")
    yield Row(f"{name}: episodes", len(paths) / seconds, "episodes/s")


def _copy(path: Path, number: int, compression: str | None) -> Path:
    """The same episode once more, packed in another way and a little different."""
    copy = path.parent / f"{compression}_{number}.hdf5"
    with h5py.File(path) as theirs, h5py.File(copy, "w") as ours:
        for name in theirs:
            if name != "observations":
                theirs.copy(name, ours)
        for name in theirs["observations"]:
            if name != "images":
                theirs.copy(f"observations/{name}", ours, f"observations/{name}")
        ours["action"][0, 0] += TOUCH * number
        for camera, pictures in theirs[IMAGES].items():
            settings = {"chunks": (1, *pictures.shape[1:]), "compression": compression}
            target = ours.create_dataset(f"{IMAGES}/{camera}", pictures.shape, np.uint8, **settings)
            for index in range(len(pictures)):
                target[index] = pictures[index]
    return copy
