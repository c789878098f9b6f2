"""How fast files of other programs come in."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from oft_demo import record
from oft_demo.bench.lines import Heading, Line, Row
from oft_demo.data.catalog import Catalog
from oft_demo.data.exporting.aloha import write_aloha
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.data.importing import import_files, inspect
from oft_demo.types import CAMERAS, Episode

SIZE = (480, 640)
FILES = 2
TOUCH = np.float32(1e-3)  # [rad] by which the files differ, else the second would be refused as the first


def importing() -> Iterator[Line]:
    """An expert's episode with three 640x480 pictures a step, in files that say nothing of this program."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in record.record_expert("put_x_into_pot", 1, Path(folder), first_seed=7):
            pass
        (path,) = Path(folder).glob("*.hdf5")
        episode = read_episode(path)
        paths = [Path(folder) / "foreign" / f"{number}.hdf5" for number in range(FILES)]
        for number, each in enumerate(paths):
            _write_foreign(each, replace(episode, action=episode.action + TOUCH * number))
        yield Heading(f"Importing episodes of {episode.length} steps with {len(CAMERAS)} pictures of 640x480 each")
        yield from _rates(paths, Path(folder) / "episodes", episode.length)


def _rates(paths: list[Path], into: Path, length: int) -> Iterator[Line]:
    started = time.perf_counter()
    for path in paths:
        inspect(path)
    yield Row("looking at a file", 1e3 * (time.perf_counter() - started) / len(paths), "ms")
    started = time.perf_counter()
    added = [each.name for each in import_files(paths, Catalog(into))]
    seconds = time.perf_counter() - started
    assert all(added)
    megabytes = len(paths) * length * len(CAMERAS) * int(np.prod(SIZE)) * 3 / 1e6
    yield Row("pictures, unpacked", megabytes / seconds, "MB/s")
    yield Row("episodes", len(paths) / seconds, "episodes/s")


def _write_foreign(path: Path, episode: Episode) -> None:
    frames = zip(*(episode.images[camera] for camera in CAMERAS), strict=True)
    for _ in write_aloha(path, episode, frames, CAMERAS, SIZE, episode.length):
        pass
