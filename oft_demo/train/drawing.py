"""What a frame is made of: the pictures of one moment, where the objects are, and the chunk that follows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float32, Int64

from oft_demo.policy import resize_images
from oft_demo.types import CAMERAS, CONTROL_HZ, POLICY_HZ, Episode, Observation

ROW_STRIDE = CONTROL_HZ // POLICY_HZ  # control steps for which one row of a chunk is held


class Scene(Protocol):
    """What drawing and labelling need of a simulation."""

    def restore(self, state: np.ndarray) -> None: ...

    def observe(self, cameras: tuple[str, ...] = CAMERAS) -> Observation: ...

    def object_positions(self) -> Mapping[str, np.ndarray]: ...

    def project(self, camera: str, point: np.ndarray) -> tuple[float, float] | None: ...

    def close(self) -> None: ...


def chunk_rows(
    action: Float32[np.ndarray, "t 14"], valid: Bool[np.ndarray, " t"], steps: Int64[np.ndarray, " n"], length: int
) -> tuple[Float32[np.ndarray, "n k 14"], Bool[np.ndarray, "n k"]]:
    """Cut chunks of clean targets at the policy's rate.

    Past the end the last target is repeated: a robot that is done holds still. A row is valid as long as nothing
    disturbed the arms between the start of the chunk and the row.
    """
    last = len(action) - 1
    rows = np.minimum(steps[:, None] + ROW_STRIDE * np.arange(length), last)
    first_disturbed = np.full(len(action) + 1, len(action))
    for step in range(last, -1, -1):
        first_disturbed[step] = first_disturbed[step + 1] if valid[step] else step
    return action[rows].astype(np.float32), rows < first_disturbed[steps][:, None]


def choose_steps(valid: Bool[np.ndarray, " t"], count: int, seed: tuple[int, ...]) -> Int64[np.ndarray, " n"]:
    """Choose control steps to keep: the first one, where every rollout begins, and random undisturbed others."""
    usable = np.flatnonzero(valid)
    if len(usable) <= count:
        return usable
    others = np.random.default_rng(seed).choice(usable[1:], size=count - 1, replace=False)
    return np.sort(np.concatenate([usable[:1], others]))


def _locate(
    scene: Scene, objects: Sequence[str]
) -> tuple[Float32[np.ndarray, "objects cameras 2"], Float32[np.ndarray, "objects 3"]]:
    """Where each object is in each picture, as fractions of width and height (NaN: out of view), and in space [m]."""
    places = scene.object_positions()
    seen = np.full((len(objects), len(CAMERAS), 2), np.nan, np.float32)
    for row, name in enumerate(objects):
        for column, camera in enumerate(CAMERAS):
            point = scene.project(camera, places[name])
            if point is not None:
                seen[row, column] = point
    return seen, np.array([places[name] for name in objects], np.float32).reshape(len(objects), 3)


def draw(
    scene: Scene, episode: Episode, steps: Int64[np.ndarray, " n"], objects: Sequence[str], size: int
) -> dict[str, np.ndarray]:
    """Draw the pictures of some steps again from the simulator states, with where the objects are."""
    pictures = np.zeros((len(steps), len(CAMERAS), size, size, 3), np.uint8)
    seen = np.zeros((len(steps), len(objects), len(CAMERAS), 2), np.float32)
    positions = np.zeros((len(steps), len(objects), 3), np.float32)
    for index, step in enumerate(steps):
        scene.restore(episode.states[step])
        images = scene.observe(CAMERAS).images
        pictures[index] = np.stack([resize_images(images[camera], size) for camera in CAMERAS])
        seen[index], positions[index] = _locate(scene, objects)
    return {"pictures": pictures, "seen": seen, "positions": positions}


def recorded(
    episode: Episode, steps: Int64[np.ndarray, " n"], objects: Sequence[str], size: int
) -> dict[str, np.ndarray]:
    """Pictures as they were recorded, for episodes without simulator states; where things are is then unknown."""
    pictures = np.stack(
        [np.stack([resize_images(episode.images[camera][step], size) for camera in CAMERAS]) for step in steps]
    )
    return {
        "pictures": pictures,
        "seen": np.full((len(steps), len(objects), len(CAMERAS), 2), np.nan, np.float32),
        "positions": np.full((len(steps), len(objects), 3), np.nan, np.float32),
    }
