"""Replays a recorded episode, to see whether this machine makes the same of it, bit by bit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import sim
from .data.hdf5.reading import read_episode, read_frame, read_frames, summarize
from .errors import InvalidEpisode
from .types import Episode

FRAMES_AT_ONCE = 25  # pictures read from the file in one go, 23 MB a camera


@dataclass(frozen=True)
class Difference:
    """The first place where the replay is not the recording."""

    step: int
    what: str


@dataclass(frozen=True)
class ReplayReport:
    """What has been compared so far, and what was found."""

    name: str
    length: int  # control steps of the episode
    compared: int = 0  # steps compared so far
    cameras: tuple[str, ...] = ()  # whose pictures are compared; none: the physics is stepped and compared
    recorded_fingerprint: str = ""
    fingerprint: str = ""  # of the pictures drawn here
    difference: Difference | None = None

    @property
    def identical(self) -> bool:
        """Whether everything compared so far is the same."""
        return self.difference is None

    def __str__(self) -> str:
        what = f"pictures of {', '.join(self.cameras)}" if self.cameras else "simulator states"
        lines = [f"{self.name}: {self.compared} of {self.length} steps compared, {what}"]
        if self.cameras and self.recorded_fingerprint != self.fingerprint:
            lines.append(f"recorded with {self.recorded_fingerprint or 'unknown render settings'}")
            lines.append(f"replayed with {self.fingerprint}")
        found = self.difference
        lines.append("identical" if found is None else f"first difference at step {found.step}: {found.what}")
        return "\n".join(lines)


def replay_episode(path: Path) -> ReplayReport:
    """Replay a whole episode, or up to the first difference."""
    *_, report = replay_steps(path)
    return report


def replay_steps(path: Path) -> Iterator[ReplayReport]:
    """Replay step by step: redraw the stored pictures from the stored states; without pictures step the physics.

    Ends at the first difference. Raises InvalidEpisode for a recording without simulator states.
    """
    summary = summarize(path)
    episode = read_episode(path, images=False)
    if not episode.states.shape[1]:
        raise InvalidEpisode(path, "no simulator states", "an episode that was recorded in this simulation")
    size = read_frame(path, summary.cameras[0], 0).shape[:2] if summary.cameras else (480, 640)
    env = sim.make_env(episode.task, image_size=(size[0], size[1]))
    try:
        # The seed fixes what is not in the state, and the instruction what the state is scored for.
        env.reset(episode.seed)
        env.assign(episode.instruction)
        differences = _pictures(env, episode, path, summary.cameras) if summary.cameras else _physics(env, episode)
        fingerprints = (episode.render_fingerprint, env.fingerprint if summary.cameras else "")
        for step, difference in enumerate(differences, start=1):
            found = None if difference is None else Difference(step - 1, difference)
            yield ReplayReport(summary.name, episode.length, step, summary.cameras, *fingerprints, found)
            if found is not None:
                return
    finally:
        env.close()


def _pictures(env: sim.AlohaEnv, episode: Episode, path: Path, cameras: tuple[str, ...]) -> Iterator[str | None]:
    """For each step what is different about its pictures; None where nothing is."""
    for start in range(0, episode.length, FRAMES_AT_ONCE):
        recorded = {camera: read_frames(path, camera, start, start + FRAMES_AT_ONCE) for camera in cameras}
        for row, state in enumerate(episode.states[start : start + FRAMES_AT_ONCE]):
            env.restore(state)
            drawn = env.observe(cameras).images
            different = [camera for camera in cameras if not np.array_equal(drawn[camera], recorded[camera][row])]
            yield f"pictures of {', '.join(different)}" if different else None


def _physics(env: sim.AlohaEnv, episode: Episode) -> Iterator[str | None]:
    """For each step whether applying its target leads from its state to where the recording went."""
    env.restore(episode.states[0])
    for step, state in enumerate(episode.states):
        error = np.abs(env.state() - state).max()
        yield None if np.array_equal(env.state(), state) else f"simulator states by up to {error:.3g}"
        env.apply(episode.applied[step], 1 / episode.control_hz)
