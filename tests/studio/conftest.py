"""A toy env, policy and studio, so that these tests need neither OpenGL nor a checkpoint."""

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from oft_demo.policy_card import Card, Latency
from oft_demo.policy_sources import Saved, Sources
from oft_demo.studio.players import Loaded
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Visitors
from oft_demo.types import CAMERAS, ActionChunk, Observation, Score

VOCABULARY = ("put", "the", "red", "pepper", "into", "pot")


class ToyEnv:
    """Joints that jump to their target; a success once the first one is past 0.5 rad."""

    max_steps = 200
    image_size = (6, 8)
    fingerprint = "toy"

    def __init__(self, task):
        self.task = task
        self.instruction = ""
        self.closed = False
        self.threads = set()
        self.seen = 0
        self.reset(0)

    def reset(self, seed):
        self.seed, self.time = seed, 0.0
        self.joints = np.zeros(14, np.float32)
        self.instruction = "put the red pepper into the pot"

    def assign(self, instruction):
        self.instruction = instruction

    def observe(self, cameras=CAMERAS):
        self.seen += bool(cameras)
        images = {camera: np.full((*self.image_size, 3), self.seed % 255, np.uint8) for camera in cameras}
        return Observation(images, self.joints.copy(), self.time)

    def apply(self, target, dt=0.02):
        self.threads.add(threading.get_ident())
        self.joints, self.time = np.asarray(target, np.float32), self.time + dt

    def score(self):
        done = bool(self.joints[0] > 0.5)
        return Score(100.0 * done, "in the pot" if done else "not started", done, 4 * done, "red pepper", "red pepper")

    def display(self, camera="display", size=(480, 640)):
        return np.full((12, 16, 3), int(self.time * 50) % 255, np.uint8)

    joint_limits = np.array([[-3.0, 3.0]] * 14)

    def poses(self):
        return np.full((2, 7), self.joints[0], np.float32)

    @property
    def kinematics(self):
        return SimpleNamespace(poses=lambda targets: np.zeros((len(targets), 2, 7), np.float32))

    def velocities(self):
        return np.zeros(14, np.float32)

    efforts = velocities

    def state(self):
        return np.array([self.time, *self.joints], np.float64)

    def restore(self, state):
        self.time, self.joints = float(state[0]), state[1:].astype(np.float32)

    def close(self):
        self.closed = True


class ToyPolicy:
    """Moves all joints by `pace` a row."""

    film = True
    frame_size = (6, 8)
    chunk_length = 5
    replan_after = 5
    parameter_count = 1_000_000
    render_fingerprint = ""
    fingerprint = "feed"

    def __init__(self, name, pace=0.03):
        self.name, self.pace = name, pace

    def unknown_words(self, instruction):
        return tuple(word for word in instruction.split() if word not in VOCABULARY)

    def act(self, observation, instruction):
        rows = observation.joints + self.pace * np.arange(1, 6)[:, None]
        return ActionChunk(rows.astype(np.float32), instruction, latency_ms={"vision": 3.0, "total": 4.0})


class ToySources(Sources):
    """Two bundled policies and two official checkpoints."""

    def _bundled(self):
        return {"quick": Path("quick"), "slow": Path("slow")}

    def _checkpoints(self):
        return iter([Saved(name, Path(name), official=True) for name in ("large", "larger")])


def load_toy(source, known=None):
    """What `players.loading` does, with a toy."""
    yield "reading"
    policy = ToyPolicy(source.name, 0.0 if source.name == "slow" else 0.03)
    return Loaded(source, policy, Card(f"the card of {source.name}", {"Kind": "toy"}), Latency(4.0, 1))


@pytest.fixture
def shelf():
    return Shelf(ToySources(), load_toy)


@pytest.fixture
def visitors():
    return Visitors(seats=2, idle_seconds=600.0, make_env=ToyEnv)


@pytest.fixture
def no_waiting(monkeypatch):
    """Rollouts as fast as they go."""
    monkeypatch.setattr("oft_demo.studio.pace.Pace.wait", lambda self, simulated, speed=None: None)


@pytest.fixture
def markup_of():
    """The HTML that a slot of a visitor's page shows."""

    def read(visitor, slot):
        return getattr(visitor.board.content(slot), "html", "")

    return read


@pytest.fixture
def toy():
    return SimpleNamespace(Env=ToyEnv, Policy=ToyPolicy, Sources=ToySources, load=load_toy)
