"""The scripted expert as a policy: it reads the simulator, which no learned policy may do."""

from itertools import islice

import numpy as np

from ...types import CHUNK_LENGTH, CONTROL_HZ, POLICY_HZ, ActionChunk, Observation
from ..env import AlohaEnv
from .motion import rows
from .plans import Planner, Style

STRIDE = CONTROL_HZ // POLICY_HZ


class ScriptedExpert:
    """Plans anew from the present state of its environment for every chunk."""

    def __init__(self, env: AlohaEnv, seed: int = 0):
        self._env = env
        self._planner = Planner(env, Style.draw(seed))

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """The next second of the plan; the pictures of the observation are not looked at."""
        if instruction != self._env.instruction:
            self._env.assign(instruction)
        planned = list(islice(rows(self._env.commanded(), self._planner.plan()), CHUNK_LENGTH * STRIDE))
        targets = np.stack(planned[::STRIDE])
        if len(targets) < CHUNK_LENGTH:
            targets = np.concatenate([targets, np.repeat(targets[-1:], CHUNK_LENGTH - len(targets), axis=0)])
        return ActionChunk(targets.astype(np.float32), instruction)


def make_expert(env: AlohaEnv, seed: int = 0) -> ScriptedExpert:
    """An expert for the environment's task, moving in the style of this seed."""
    return ScriptedExpert(env, seed)
