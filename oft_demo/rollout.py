"""The one place where a policy meets an env: look, ask for a chunk, carry it out open loop, look again."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

from .errors import OftDemoError
from .types import CAMERAS, CONTROL_HZ, JOINT_COUNT, ActionChunk, Env, Observation, Policy, Source, Step

SETTLING_STEPS = CONTROL_HZ // 2  # a success has to last half a second before it ends the rollout
DEFAULT_MAX_STEPS = 20 * CONTROL_HZ  # for an env that sets no limit of its own

Instruction: TypeAlias = str | Callable[[], str]  # a callable is asked again before every chunk


class InvalidChunk(OftDemoError):
    """A policy answered with something that cannot be carried out."""

    def __init__(self, targets: np.ndarray):
        found = f"shape {targets.shape}" if np.isfinite(targets).all() else "numbers that are not finite"
        super().__init__(
            f"The policy's action chunk has {found}; expected finite targets of shape (k, {JOINT_COUNT}) with k >= 1. "
            "Choose another policy or another checkpoint."
        )


def run(
    policy: Policy,
    env: Env,
    instruction: Instruction,
    *,
    replan_after: int | None = None,
    max_steps: int | None = None,
    cameras: tuple[str, ...] = CAMERAS,
    source: Source = "policy",
) -> Iterator[Step]:
    """Let `policy` act in `env`, which was just reset; yields one Step per control step of 1 / CONTROL_HZ [s].

    Each chunk is carried out open loop for `replan_after` rows (else as many as the policy asks for, else all), every
    row held for chunk.dt. Pictures are drawn only when a chunk is due. Ends when a success has lasted half a second,
    or after `max_steps` control steps (else the env's own limit).
    """
    limit = max_steps or getattr(env, "max_steps", DEFAULT_MAX_STEPS)
    rows = replan_after or getattr(policy, "replan_after", None)
    index = successes = 0
    for chunk_index in itertools.count():
        wording = instruction() if callable(instruction) else instruction
        observation, chunk = _look_and_ask(policy, env, wording, cameras)
        fresh = True
        for row, target in _schedule(chunk, rows):
            now = env.observe(())
            env.apply(target, 1 / CONTROL_HZ)
            score = env.score()
            yield Step(
                index=index,
                time=now.time,
                joints=now.joints,
                target=target,
                chunk_index=chunk_index,
                row=row,
                source=source,
                score=score,
                chunk=chunk if fresh else None,
                observation=observation if fresh else None,
            )
            fresh = False
            index += 1
            successes = successes + 1 if score.success else 0
            if successes > SETTLING_STEPS or index >= limit:
                return


def _look_and_ask(
    policy: Policy, env: Env, instruction: str, cameras: tuple[str, ...]
) -> tuple[Observation, ActionChunk]:
    env.assign(instruction)
    started = time.perf_counter()
    observation = env.observe(cameras)
    seen = time.perf_counter()
    chunk = policy.act(observation, instruction)
    if chunk.targets.ndim != 2 or chunk.targets.shape[1] != JOINT_COUNT or len(chunk.targets) == 0:
        raise InvalidChunk(chunk.targets)
    if not np.isfinite(chunk.targets).all():
        raise InvalidChunk(chunk.targets)
    latency_ms = {"total": 1e3 * (time.perf_counter() - seen), **chunk.latency_ms, "render": 1e3 * (seen - started)}
    return observation, replace(chunk, latency_ms=latency_ms)


def _schedule(chunk: ActionChunk, rows: int | None) -> Iterator[tuple[int, Float32[np.ndarray, "14"]]]:
    """Which row of the chunk each control step applies: OFT's 25 Hz rows are held for two steps of 50 Hz."""
    held = max(1, round(chunk.dt * CONTROL_HZ))
    for row, target in enumerate(chunk.targets[:rows]):
        for _ in range(held):
            yield row, target
