"""A policy that a command can put to work: by a name, a directory, an address, or the word "expert"."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tqdm import tqdm

from . import sim
from .policy_opening import LoadedPolicy, frame_size, opening
from .policy_sources import EXPERT, Remote, Scripted, Sources, Weights
from .settings import Settings
from .types import CAMERAS, Policy

__all__ = ["EXPERT", "Actor", "cameras_of", "open_actor"]

Actor: TypeAlias = Callable[[int], Policy]  # the policy for a seed: the expert draws its manner from it


def open_actor(
    name: str,
    env: sim.AlohaEnv,
    policies: Path = Settings.policies,
    remote_seconds: float = Settings.remote_seconds,
) -> Actor:
    """The policy of this name, directory or address, or the scripted expert; loaded or reached once for all seeds.

    Whenever the actor is asked for the policy of a seed, `env` takes the size of pictures that this policy wants.
    Raises UnknownName, InvalidCheckpoint, WrongRobot and RemoteError.
    """
    source = Sources(policies=policies).find_or_open(name)
    if isinstance(source, Scripted):
        return lambda seed: sim.make_expert(env, seed=seed)
    policy = _opened(source, remote_seconds)

    def actor(seed: int) -> Policy:
        env.image_size = frame_size(policy)
        return policy

    return actor


def cameras_of(name: str) -> tuple[str, ...]:
    """The cameras that this policy looks through; the expert knows the scene and needs none."""
    return () if name == EXPERT else CAMERAS


def _opened(source: Weights | Remote, remote_seconds: float) -> LoadedPolicy:
    """Load to the end; on a terminal a line says how far it is."""
    steps = opening(source, remote_seconds)
    with tqdm(bar_format="{desc}", file=sys.stderr, disable=None, leave=False) as line:
        while True:
            try:
                line.set_description_str(f"Loading {source.name}: {next(steps)}")
            except StopIteration as end:
                return end.value
