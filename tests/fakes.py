"""An env and a policy without physics, network or pictures worth looking at."""

import numpy as np

from oft_demo.types import CAMERAS, ActionChunk, Observation, Score


class FakeEnv:
    """The joints are where they were told to go; success after the clock has run `succeeds_at` steps."""

    task = "put_x_into_pot"
    fingerprint = "fake"
    max_steps = 60

    def __init__(self, succeeds_at=None, lasts=10_000):
        self.succeeds_at, self.lasts = succeeds_at, lasts
        self.drawn, self.assigned = [], []
        self.reset(0)

    def reset(self, seed):
        self.steps, self.joints = 0, np.full(14, seed % 3, np.float32)
        self.instruction = "put the red pepper into the pot"

    def assign(self, instruction):
        self.instruction = instruction
        self.assigned.append(instruction)

    def observe(self, cameras=CAMERAS):
        if cameras:
            self.drawn.append(self.steps)
        images = {camera: np.zeros((6, 8, 3), np.uint8) for camera in cameras}
        return Observation(images, self.joints.copy(), self.steps / 50)

    def apply(self, target, dt=0.02):
        if np.shape(target) != (14,) or not np.isfinite(target).all():
            raise ValueError("A target must be 14 finite numbers.")
        self.joints, self.steps = np.asarray(target, np.float32), self.steps + round(dt * 50)

    def score(self):
        success = self.succeeds_at is not None and 0 <= self.steps - self.succeeds_at < self.lasts
        return Score(100.0 * success, "in the pot" if success else "not started", success, named_object="red pepper")

    def velocities(self):
        return np.zeros(14, np.float32)

    def efforts(self):
        return np.zeros(14, np.float32)

    def state(self):
        return np.array([self.steps, *self.joints], np.float64)

    def restore(self, state):
        self.steps, self.joints = int(state[0]), state[1:].astype(np.float32)

    def close(self):
        pass


class CountingPolicy:
    """Row r of chunk c targets 100 c + r on every joint."""

    def __init__(self, rows=5):
        self.rows, self.asked = rows, []

    def act(self, observation, instruction):
        targets = np.arange(self.rows, dtype=np.float32) + 100 * len(self.asked)
        self.asked.append((observation, instruction))
        return ActionChunk(np.repeat(targets[:, None], 14, axis=1), instruction)
