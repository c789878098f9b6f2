"""A control step here and in gym-aloha, and recording."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np

from oft_demo import record, sim
from oft_demo.bench.lines import Heading, Line, Row
from oft_demo.bench.timing import median_seconds
from oft_demo.data.hdf5.reading import summarize
from oft_demo.sim.render import choose_backend
from oft_demo.types import CAMERAS, JOINT_COUNT

UPSTREAM = "gym_aloha/AlohaTransferCube-v0"
UPSTREAM_STEPS = 20  # of about 0.2 s each
SIZE = (480, 640)


def simulation() -> Iterator[Line]:
    """A control step of the same task here and in gym-aloha, in the same process."""
    env = sim.make_env("transfer_cube", image_size=SIZE)
    env.reset(0)
    target = env.observe(()).joints

    def step(cameras: tuple[str, ...]) -> None:
        env.apply(target)
        env.observe(cameras)
        env.score()

    blind = 1e3 * median_seconds(lambda: step(()), 300)
    seeing = 1e3 * median_seconds(lambda: step(CAMERAS), 20)
    env.close()
    upstream = _upstream_step_ms()
    yield Heading("Simulation")
    yield Row("gym-aloha's own step (always draws three)", upstream, "ms")
    yield Row("control step without pictures", blind, "ms", upstream / blind, 400)
    yield Row("control step with three 640x480 pictures", seeing, "ms", upstream / seeing, 6)


def recording() -> Iterator[Line]:
    """One expert episode with three 640x480 pictures a step, as ALOHA HDF5."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        for _ in record.record_expert("put_x_into_pot", 1, Path(folder), first_seed=7):
            pass
        seconds = time.perf_counter() - started
        (path,) = Path(folder).glob("*.hdf5")
        length = summarize(path).length
        raw = length * len(CAMERAS) * int(np.prod(SIZE)) * 3
        yield Heading("Recording")
        yield Row(f"recording an episode of {length} steps", seconds, "s")
        yield Row("its file against raw pictures", path.stat().st_size / 1e6, "MB", raw / path.stat().st_size)


def _upstream_step_ms() -> float:
    os.environ["MUJOCO_GL"] = choose_backend()  # read when dm_control is imported, which making the env does
    import gym_aloha  # noqa: F401  registers the ids

    env = gymnasium.make(UPSTREAM, obs_type="pixels_agent_pos").unwrapped
    env.reset(seed=0)
    action = np.zeros(JOINT_COUNT, np.float32)
    milliseconds = 1e3 * median_seconds(lambda: env.step(action), UPSTREAM_STEPS)
    env.close()
    return milliseconds
