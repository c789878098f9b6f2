"""A bundled policy: its latency, a whole rollout, and a training step of its size."""

import time
from collections.abc import Iterator

import torch

from oft_demo import rollout, sim
from oft_demo.actors import open_actor
from oft_demo.bench.lines import Heading, Line, Row
from oft_demo.bench.timing import median_seconds
from oft_demo.policy import OftModel, aloha_mini
from oft_demo.types import CAMERAS, CHUNK_LENGTH, CONTROL_HZ, JOINT_COUNT

BATCH, PROMPT = 16, 24  # of a training step: triples of pictures, and words


def acting(name: str) -> Iterator[Line]:
    """A policy's latency on pictures it would see, and how fast a whole rollout goes."""
    env = sim.make_env("put_x_into_pot")
    try:
        env.reset(20000)
        policy = open_actor(name, env)(20000)
        observation, instruction = env.observe(), env.instruction
        latency = median_seconds(lambda: policy.act(observation, instruction), 20)
        yield Heading(f"Policy {name}")
        yield Row("latency, one chunk", 1e3 * latency, "ms")
        yield Row("actions", CHUNK_LENGTH / latency, "actions/s")
        started = time.perf_counter()
        steps = sum(1 for _ in rollout.run(policy, env, instruction, max_steps=200))
        wall = time.perf_counter() - started
        yield Row("rollout without display", steps / CONTROL_HZ / wall, "x real time")
    finally:
        env.close()


def training() -> Line:
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
    return Row(name, BATCH / median_seconds(step, 5), "samples/s")
