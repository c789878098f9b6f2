"""Which policy a name, a directory or the word "expert" stands for."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from . import policy, sim
from .errors import UnknownName
from .settings import Settings
from .types import CAMERAS, Policy

EXPERT = "expert"

Actor: TypeAlias = Callable[[int], Policy]  # the policy for a seed: the expert draws its manner from it


def open_actor(name: str, env: sim.AlohaEnv, policies: Path = Settings.policies) -> Actor:
    """The policy of this name in `policies`, of this directory, or the scripted expert; loaded once for all seeds."""
    if name == EXPERT:
        return lambda seed: sim.make_expert(env, seed=seed)
    loaded = policy.load(_directory(name, policies))
    return lambda seed: loaded


def cameras_of(name: str) -> tuple[str, ...]:
    """The cameras that this policy looks through; the expert knows the scene and needs none."""
    return () if name == EXPERT else CAMERAS


def _directory(name: str, policies: Path) -> Path:
    bundled = policy.available(policies)
    if name in bundled:
        return bundled[name]
    if Path(name).is_dir():
        return Path(name)
    raise UnknownName("policy", name, [*bundled, EXPERT])
