"""The one place where a policy meets an env: look, ask for a chunk, carry it out open loop, look again."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .ensembling import TemporalEnsemble
from .errors import OftDemoError
from .types import CAMERAS, CONTROL_HZ, JOINT_COUNT, ActionChunk, Env, Observation, Policy, Score, Source, Step

SETTLING_STEPS = CONTROL_HZ // 2  # a success has to last half a second before it ends the rollout
DEFAULT_MAX_STEPS = 20 * CONTROL_HZ  # for an env that sets no limit of its own


@dataclass(frozen=True)
class Manner:
    """How the next chunk is asked for and carried out."""

    instruction: str
    replan_after: int | None = None  # rows to carry out before the policy looks again; None: as it asks for itself
    ensemble: bool = False  # average the rows of overlapping chunks


class Guide(Protocol):
    """Whoever drives a rollout while it goes on."""

    def manner(self) -> Manner:
        """Asked before every chunk."""
        ...

    def interrupts(self) -> bool:
        """Asked before every row: whether the policy is to look again at once."""
        ...


@dataclass(frozen=True)
class Words:
    """A guide that only asks for the current wording."""

    current: Callable[[], str]
    replan_after: int | None = None
    ensemble: bool = False

    def manner(self) -> Manner:
        """The wording of this moment."""
        return Manner(self.current(), self.replan_after, self.ensemble)

    def interrupts(self) -> bool:
        """Never."""
        return False


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
    instruction: str | Callable[[], str] | Guide,
    *,
    replan_after: int | None = None,
    ensemble: bool = False,
    max_steps: int | None = None,
    cameras: tuple[str, ...] = CAMERAS,
    source: Source = "policy",
) -> Iterator[Step]:
    """Let `policy` act in `env`, which was just reset; yields one Step per control step of 1 / CONTROL_HZ [s].

    Each chunk is carried out open loop for `replan_after` rows (else as many as the policy asks for, else all), every
    row held for chunk.dt; with `ensemble` rows of overlapping chunks are averaged. Pictures are drawn only when a chunk
    is due. An instruction that can be called is asked for before every chunk; a guide in its place also decides about
    rows and ensembling. Ends when a success has lasted half a second, or after `max_steps` control steps (else the
    env's own limit).
    """
    limit = max_steps or getattr(env, "max_steps", DEFAULT_MAX_STEPS)
    guide = _guide(instruction, replan_after, ensemble)
    index = successes = 0
    for planned in _plan(policy, env, guide, cameras):
        for held in reversed(range(planned.held)):
            now = env.observe(())
            env.apply(planned.target, 1 / CONTROL_HZ)
            score = env.score()
            yield _step(planned, held, index, now, score, source)
            index += 1
            successes = successes + 1 if score.success else 0
            if successes > SETTLING_STEPS or index >= limit:
                return


def _guide(instruction: str | Callable[[], str] | Guide, replan_after: int | None, ensemble: bool) -> Guide:
    if isinstance(instruction, str):
        return Words(lambda: instruction, replan_after, ensemble)
    return Words(instruction, replan_after, ensemble) if callable(instruction) else instruction


@dataclass(frozen=True)
class _Row:
    """One row to be carried out."""

    target: np.ndarray  # (14,)
    held: int  # control steps
    chunk_index: int
    row: int
    rows_left: int  # until the policy looks again
    asked: tuple[Observation, ActionChunk] | None  # where a chunk begins


def _plan(policy: Policy, env: Env, guide: Guide, cameras: tuple[str, ...]) -> Iterator[_Row]:
    """The rows of chunk after chunk; each chunk is asked for when the last row before it was carried out."""
    ensemble, begun, wording = TemporalEnsemble(), 0, None
    for chunk_index in itertools.count():
        manner = guide.manner()
        observation, chunk = _look_and_ask(policy, env, manner.instruction, cameras)
        held = max(1, round(chunk.dt * CONTROL_HZ))  # OFT's 25 Hz rows are held for two steps of 50 Hz
        count = min(
            len(chunk.targets), manner.replan_after or getattr(policy, "replan_after", None) or len(chunk.targets)
        )
        if manner.instruction != wording:
            ensemble.forget()
            wording = manner.instruction
        ensemble.add(begun, chunk.targets)
        for row in range(count):
            if row and guide.interrupts():
                break
            target = ensemble.target(begun) if manner.ensemble else chunk.targets[row]
            asked = None if row else (observation, chunk)
            yield _Row(target, held, chunk_index, row, count - row - 1, asked)
            begun += 1


def _step(planned: _Row, held: int, index: int, now: Observation, score: Score, source: Source) -> Step:
    asked = planned.asked if held == planned.held - 1 else None
    return Step(
        index=index,
        time=now.time,
        joints=now.joints,
        target=planned.target,
        chunk_index=planned.chunk_index,
        row=planned.row,
        source=source,
        score=score,
        chunk=asked[1] if asked else None,
        observation=asked[0] if asked else None,
        steps_to_replan=planned.rows_left * planned.held + held,
    )


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
