"""Episodes and catalogues for tests: small, but of arms that really move."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.types import Episode, Segment, TakeEvent

LENGTH = 60  # control steps


def make_episode(seed: int = 0, length: int = LENGTH, **labels: Any) -> Episode:
    """Both arms wander about, and the grippers close half-way; another seed wanders another way."""
    random = np.random.default_rng(seed)
    times = np.linspace(0, 1, length)[:, None]
    joints = (random.uniform(-0.5, 0.5, 14) * times).astype(np.float32)
    joints[:, [6, 13]] = np.where(times < 0.5, 1.0, 0.0)
    episode = Episode(
        task="put_x_into_pot",
        instruction="put the yellow corn into the pot",
        seed=seed,
        success=False,
        source="policy",
        qpos=joints,
        qvel=np.zeros_like(joints),
        effort=np.zeros_like(joints),
        action=joints,
        applied=joints,
        states=random.normal(size=(length, 5)),
        valid=np.ones(length, np.bool_),
        named_object="yellow corn",
        wall_times=np.arange(length) / 50,
        segments=(Segment(0, length // 2, "reach"), Segment(length // 2, length, "place")),
        events=(TakeEvent(length // 2, "mark", "half-way"),),
    )
    return replace(episode, **labels)


def fill(directory: Path, count: int = 3, **labels: Any) -> Catalog:
    """A catalogue of episode_0, episode_1, ..."""
    for number in range(count):
        write_episode(directory / f"episode_{number}.hdf5", make_episode(seed=number, **labels))
    return Catalog(directory)


def names_of(entries: Iterable) -> list[str]:
    """What was found, in the order of finding."""
    return [entry.name for entry in entries]
