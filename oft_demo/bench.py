"""`python -m oft_demo.bench`: what the parts cost on this machine, each ratio measured in one run."""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gymnasium
import numpy as np
import torch
import tyro

from . import record, rollout, sim
from .actors import open_actor
from .data.hdf5 import summarize
from .errors import OftDemoError
from .policy import OftModel, aloha_mini
from .sim.render import choose_backend
from .types import CAMERAS, CHUNK_LENGTH, CONTROL_HZ, JOINT_COUNT

UPSTREAM = "gym_aloha/AlohaTransferCube-v0"
UPSTREAM_STEPS = 20  # of about 0.2 s each
SIZE = (480, 640)
BATCH, PROMPT = 16, 24  # of a training step: pictures triples and words


@dataclass(frozen=True)
class BenchOptions:
    """Measure simulation, policy, training and recording."""

    policy: str = "aloha-mini"  # a bundled name or a checkpoint directory


@dataclass(frozen=True)
class Row:
    """One measured figure, and the bar it should clear where there is one."""

    name: str
    value: float
    unit: str
    ratio: float | None = None  # how many times better than what it is compared with
    bar: float | None = None  # the smallest ratio that will do

    def __str__(self) -> str:
        text = f"{self.name:44}{self.value:10.2f} {self.unit:12}"
        if self.ratio is None:
            return text.rstrip()
        text += f"{self.ratio:9.1f} x"
        if self.bar is None:
            return text
        return f"{text}   bar {self.bar:g} x: {'met' if self.ratio >= self.bar else 'MISSED'}"


def measure(options: BenchOptions) -> Iterator[Row]:
    """All figures, one after another; about a minute on two cores."""
    yield from simulation()
    yield from acting(options.policy)
    yield training()
    yield from recording()


def simulation() -> Iterator[Row]:
    """A control step of the same task here and in gym-aloha, in the same process."""
    env = sim.make_env("transfer_cube", image_size=SIZE)
    env.reset(0)
    target = env.observe(()).joints

    def step(cameras: tuple[str, ...]) -> None:
        env.apply(target)
        env.observe(cameras)
        env.score()

    blind = 1e3 * _median_seconds(lambda: step(()), 300)
    seeing = 1e3 * _median_seconds(lambda: step(CAMERAS), 20)
    env.close()
    upstream = _upstream_step_ms()
    yield Row("gym-aloha's own step (always draws three)", upstream, "ms")
    yield Row("control step without pictures", blind, "ms", upstream / blind, 400)
    yield Row("control step with three 640x480 pictures", seeing, "ms", upstream / seeing, 6)


def acting(name: str) -> Iterator[Row]:
    """A policy's latency on pictures it would see, and how fast a whole rollout goes."""
    env = sim.make_env("put_x_into_pot")
    try:
        env.reset(20000)
        policy = open_actor(name, env)(20000)
        observation, instruction = env.observe(), env.instruction
        latency = _median_seconds(lambda: policy.act(observation, instruction), 20)
        yield Row("policy latency, one chunk", 1e3 * latency, "ms")
        yield Row("policy actions", CHUNK_LENGTH / latency, "actions/s")
        started = time.perf_counter()
        steps = sum(1 for _ in rollout.run(policy, env, instruction, max_steps=200))
        wall = time.perf_counter() - started
        yield Row("rollout without display", steps / CONTROL_HZ / wall, "x real time")
    finally:
        env.close()


def training() -> Row:
    """Optimiser steps of the bundled size on random tensors: no data loading, no augmentation."""
    model = OftModel(aloha_mini().with_vocabulary(64, pad_id=0, stop_id=2))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    size = model.config.image_size
    pixels, proprio = torch.rand(BATCH, len(CAMERAS), 3, size, size), torch.rand(BATCH, JOINT_COUNT)
    tokens, actions = torch.randint(3, 64, (BATCH, PROMPT)), torch.rand(BATCH, CHUNK_LENGTH, JOINT_COUNT)

    def step() -> None:
        loss = (model(pixels, proprio, tokens).actions - actions).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    name = f"training aloha-mini, {torch.get_num_threads()} threads, fp32"
    return Row(name, BATCH / _median_seconds(step, 5), "samples/s")


def recording() -> Iterator[Row]:
    """One expert episode with three 640x480 pictures a step, as ALOHA HDF5."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        for _ in record.record_expert("put_x_into_pot", 1, Path(folder), first_seed=7):
            pass
        seconds = time.perf_counter() - started
        (path,) = Path(folder).glob("*.hdf5")
        length = summarize(path).length
        raw = length * len(CAMERAS) * int(np.prod(SIZE)) * 3
        yield Row(f"recording an episode of {length} steps", seconds, "s")
        yield Row("its file against raw pictures", path.stat().st_size / 1e6, "MB", raw / path.stat().st_size)


def main(options: BenchOptions) -> int:
    """Print the table as it is measured; status 1 where a bar was missed."""
    print(f"{'':44}{'measured':>10} {'':12}{'ratio':>11}")
    missed = 0
    for row in measure(options):
        print(row, flush=True)
        missed += row.ratio is not None and row.bar is not None and row.ratio < row.bar
    return 1 if missed else 0


def _upstream_step_ms() -> float:
    os.environ["MUJOCO_GL"] = choose_backend()  # read when dm_control is imported, which making the env does
    import gym_aloha  # noqa: F401  registers the ids

    env = gymnasium.make(UPSTREAM, obs_type="pixels_agent_pos").unwrapped
    env.reset(seed=0)
    action = np.zeros(JOINT_COUNT, np.float32)
    milliseconds = 1e3 * _median_seconds(lambda: env.step(action), UPSTREAM_STEPS)
    env.close()
    return milliseconds


def _median_seconds(work: Callable[[], object], times: int) -> float:
    """Median of some calls after one that warms up."""
    work()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(BenchOptions)))
    except OftDemoError as error:
        sys.exit(f"error: {error}")
