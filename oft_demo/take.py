"""Collects what happens in an env, step by step, into an Episode."""

from typing import Protocol

import numpy as np
from jaxtyping import Float32

from .types import Env, Episode, Step


class RecordableEnv(Env, Protocol):
    """An env that also tells what an ALOHA episode stores beside joints."""

    @property
    def fingerprint(self) -> str: ...

    def velocities(self) -> Float32[np.ndarray, "14"]: ...

    def efforts(self) -> Float32[np.ndarray, "14"]: ...


class Take:
    """Follows a rollout: make one after the reset, give it every Step before the env moves again."""

    def __init__(self, env: RecordableEnv, seed: int):
        self._env = env
        self._seed = seed
        self._steps: list[Step] = []
        self._snapshots = [self._snapshot()]  # one before each step, and one after the last

    def add(self, step: Step) -> None:
        """Remember one step and what the env is like after it."""
        self._steps.append(step)
        self._snapshots.append(self._snapshot())

    def episode(self) -> Episode:
        """Everything added so far, without pictures: they are drawn from the states when they are wanted."""
        states, velocities, efforts = (np.stack(column) for column in zip(*self._snapshots[:-1], strict=True))
        targets = np.stack([step.target for step in self._steps]).astype(np.float32)
        score = self._steps[-1].score
        return Episode(
            task=self._env.task,
            instruction=self._env.instruction,
            seed=self._seed,
            success=score.success,
            source=self._steps[-1].source,
            qpos=np.stack([step.joints for step in self._steps]),
            qvel=velocities,
            effort=efforts,
            action=targets,
            applied=targets,
            states=states,
            valid=np.ones(len(self._steps), bool),
            score=score.points,
            named_object=score.named_object,
            render_fingerprint=self._env.fingerprint,
        )

    def _snapshot(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._env.state(), self._env.velocities(), self._env.efforts()
