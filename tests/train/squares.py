"""A scene of coloured squares, and episodes in it."""

import numpy as np

from oft_demo.sim import objects_of, wordings
from oft_demo.types import CAMERAS, Episode, Observation

TASK = "put_x_into_pot"
SIZE, LENGTH = 16, 30


class SquareScene:
    """Its state is where the objects are in the picture; cam_high sees them all, the wrists nothing."""

    def __init__(self, task):
        self.task, self.drawn = task, 0

    def restore(self, state):
        self.places = np.asarray(state).reshape(3, 2)

    def observe(self, cameras=CAMERAS):
        self.drawn += 1
        picture = np.zeros((SIZE, SIZE, 3), np.uint8)
        for column, (x, y) in enumerate((self.places * SIZE).astype(int)):
            picture[max(y - 2, 0) : y + 2, max(x - 2, 0) : x + 2, column] = 255
        empty = np.zeros_like(picture)
        return Observation({c: picture if c == "cam_high" else empty for c in cameras}, np.zeros(14, np.float32))

    def object_positions(self):
        return {name: np.array([*place, 0.1]) for name, place in zip(objects_of(self.task), self.places, strict=True)}

    def project(self, camera, point):
        return (point[0], point[1]) if camera == "cam_high" else None

    def close(self):
        pass


def make_episode(seed, success=True, states=True, valid=None):
    """An episode whose arms move towards the named object."""
    random = np.random.default_rng(seed)
    places = random.uniform(0.15, 0.85, (3, 2))
    target = int(random.integers(3))
    path = np.linspace(0, 1, LENGTH)[:, None] * np.resize(places[target], 14)
    path = path.astype(np.float32)
    name = objects_of(TASK)[target]
    return Episode(
        task=TASK,
        instruction=wordings.training(TASK, name)[seed % 4],
        seed=seed,
        success=success,
        source="expert",
        qpos=path,
        qvel=path,
        effort=path,
        action=path,
        applied=path,
        states=np.tile(places.ravel(), (LENGTH, 1)) if states else np.zeros((LENGTH, 0)),
        valid=np.ones(LENGTH, bool) if valid is None else valid,
        named_object=name,
        render_fingerprint="squares",
    )
