"""Lets a policy begin where the arms are commanded to be, whoever commanded them before."""

import numpy as np

from oft_demo.sim import AlohaEnv
from oft_demo.types import ActionChunk, Observation, Policy

ROWS = 8  # of the first chunk, 0.32 s, over which the arms come onto the plan


class SmoothStart:
    """A policy whose first chunk leaves from the present target without a jump."""

    def __init__(self, policy: Policy, env: AlohaEnv, replan_after: int | None = None):
        self.replan_after = replan_after
        self._policy = policy
        self._env = env
        self._begun = False

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """The policy's chunk; the first rows of the first one are blended with the present target."""
        chunk = self._policy.act(observation, instruction)
        if self._begun:
            return chunk
        self._begun = True
        held = self._env.commanded()
        share = np.arange(1, ROWS + 1) / (ROWS + 1)
        smooth = (share * share * (3 - 2 * share))[: len(chunk.targets), None]
        targets = chunk.targets.copy()
        targets[: len(smooth)] = held + smooth * (targets[: len(smooth)] - held)
        return ActionChunk(targets.astype(np.float32), chunk.instruction, chunk.dt, chunk.latency_ms)
