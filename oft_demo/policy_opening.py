"""From a source to a policy that can act, telling how far it has come."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from .pictures import ALOHA_IMAGE_SIZE
from .policy_sources import FilmOff, Remote, Saved, Weights
from .serve import RemotePolicy, connect
from .settings import Settings
from .types import CAMERAS, JOINT_COUNT

if TYPE_CHECKING:  # torch takes seconds to import; whoever reaches a server can do without
    from .policy import OftPolicy

TOKEN = "OFT_DEMO_TOKEN"  # environment variable, so that no command line or log shows what it holds
POLICY_IMAGE_SIZE = (240, 320)  # (height, width) of the pictures that bundled policies, and so their servers, take
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

LoadedPolicy: TypeAlias = "OftPolicy | RemotePolicy"


class FileProgress(Protocol):
    """How much of a directory has been read."""

    @property
    def bytes_read(self) -> int: ...

    @property
    def bytes_total(self) -> int: ...

    @property
    def what(self) -> str: ...


def opening(
    source: Weights | Remote, answer_within: float = Settings.remote_seconds
) -> Generator[str, None, LoadedPolicy]:
    """Load or reach a policy for ALOHA; yields what is being done, and can be closed at any of these moments.

    A server counts as lost where an answer takes longer than `answer_within` [s]. Raises WrongRobot, MissingCamera,
    InvalidCheckpoint and RemoteError.
    """
    if isinstance(source, Remote):
        yield "connecting"
        return _reached(source, answer_within)
    if isinstance(source, FilmOff):
        return (yield from _read(source.saved, film_scale=0.0))
    return (yield from _read(source))


def frame_size(policy: LoadedPolicy) -> tuple[int, int]:
    """Height and width of the camera pictures that a policy is to be given [pixels]."""
    if isinstance(policy, RemotePolicy):
        return POLICY_IMAGE_SIZE if policy.introduction.pictures == "frames" else ALOHA_IMAGE_SIZE
    return policy.frame_size


def progress_text(progress: FileProgress) -> str:
    """Such as "3.2 of 15.0 GB, action head"."""
    unit, name = next(((u, n) for u, n in UNITS if progress.bytes_total >= u), UNITS[-1])
    part = Path(progress.what).stem.split("--")[0].replace("_", " ")
    return f"{progress.bytes_read / unit:.1f} of {progress.bytes_total / unit:.1f} {name}, {part}"


def _read(source: Saved, film_scale: float = 1.0) -> Generator[str, None, OftPolicy]:
    if source.official:
        return (yield from _official(source, film_scale))
    from .policy import load

    yield "reading"
    policy = load(source.path, film_scale=film_scale)
    _check_robot(source.name, policy.action_dim, policy.proprio_dim, policy.cameras)
    return policy


def _official(source: Saved, film_scale: float) -> Generator[str, None, OftPolicy]:
    from .policy import OftPolicy, official

    yield "reading what it is"
    facts = official.facts_of(source.path)
    _check_robot(source.name, facts.action_dim, facts.proprio_dim, facts.cameras)  # before minutes of reading
    steps = official.reading(source.path, facts)
    try:
        while True:
            yield progress_text(next(steps))
    except StopIteration as end:
        return OftPolicy(end.value, film_scale=film_scale)
    finally:
        steps.close()


def _reached(source: Remote, answer_within: float) -> RemotePolicy:
    policy = connect(source.url, token=os.environ.get(TOKEN) or None, answer_within=answer_within)
    try:
        _check_cameras(policy.name, policy.cameras)
    except BaseException:
        policy.close()
        raise
    return policy


def _check_robot(name: str, action_dim: int, proprio_dim: int, cameras: tuple[str, ...]) -> None:
    from .policy import WrongRobot

    if (action_dim, proprio_dim) != (JOINT_COUNT, JOINT_COUNT):
        raise WrongRobot(name, action_dim, proprio_dim)
    _check_cameras(name, cameras)


def _check_cameras(name: str, cameras: tuple[str, ...]) -> None:
    from .policy import MissingCamera

    missing = tuple(camera for camera in cameras if camera not in CAMERAS)
    if missing:
        raise MissingCamera(name, missing, CAMERAS)
