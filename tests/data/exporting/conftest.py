"""Episodes to export, with pictures that can be told from one another, made one at a time."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.exporting import ExportOptions, Report, export
from oft_demo.types import CAMERAS, Episode

SIZE = (480, 640)


@functools.cache
def background(size):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.stack([columns / size[1] * 120, rows / size[0] * 120, (rows + columns) / sum(size) * 120], -1)


def picture(camera, step, size=SIZE):
    """Smooth, so that it survives video; its brightness tells the step, its colour the camera."""
    drawn = background(size).copy()
    drawn[..., (*CAMERAS, "cam_low").index(camera) % 3] += 60
    return (drawn + 3 * (step % 25)).astype(np.uint8)


@dataclass(frozen=True)
class Example:
    name: str
    episode: Episode
    annotation: Annotation = field(default_factory=Annotation)
    cameras: tuple[str, ...] = CAMERAS
    size: tuple[int, int] = SIZE

    def frames(self, every=1):
        for step in range(0, self.episode.length, every):
            yield {camera: picture(camera, step, self.size) for camera in self.cameras}


def make_example(number=0, length=6, annotation=None, cameras=CAMERAS, size=SIZE, **changes):
    random = np.random.default_rng(number)

    def joints():
        return random.normal(size=(length, 14)).astype(np.float32)

    episode = Episode(
        task="put_x_into_pot",
        instruction="put the yellow corn into the pot",
        seed=number,
        success=True,
        source="human",
        qpos=joints(),
        qvel=joints(),
        effort=joints(),
        action=joints(),
        applied=joints(),
        states=random.normal(size=(length, 9)),
        valid=np.ones(length, np.bool_),
    )
    return Example(f"episode_{number}", replace(episode, **changes), annotation or Annotation(), cameras, size)


@pytest.fixture
def example() -> Callable[..., Example]:
    return make_example


@pytest.fixture
def shown() -> Callable[..., np.ndarray]:
    return picture


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., tuple[Path, Report]]:
    def make(form, examples, **options):
        out = tmp_path / f"out_{form}_{len(list(tmp_path.iterdir()))}"
        *_, last = export(examples, ExportOptions(form, out, **options))
        assert last.done == last.total
        return out, last.report

    return make
