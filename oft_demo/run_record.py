"""Everything that is kept of a run so that it can be written into files."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .comparison import PARTED
from .run_settings import RunSettings
from .types import CONTROL_HZ, ActionChunk, Episode, Score


@dataclass(frozen=True)
class RecordedChunk:
    """A chunk, when it was predicted and from what."""

    step: int  # the control step at which it was predicted
    chunk: ActionChunk
    pictures: Mapping[str, bytes] = field(default_factory=dict[str, bytes])  # JPEG by camera

    @property
    def held(self) -> int:
        """Control steps for which each row is held."""
        return max(1, round(self.chunk.dt * CONTROL_HZ))


@dataclass(frozen=True)
class RunRecord:
    """A run that ended or was stopped after at least one step."""

    settings: RunSettings
    episode: Episode  # without pictures: they are drawn from its states
    scores: tuple[Score, ...]  # after each control step
    chunks: tuple[RecordedChunk, ...]  # in the order of their steps; the first one at step 0
    verdict: str  # how it ended, in one or two words
    card: Mapping[str, str] = field(default_factory=dict[str, str])  # what is known of the policy

    @property
    def seconds(self) -> float:
        """Simulated time [s]."""
        return self.episode.length / self.episode.control_hz

    def chunk_at(self, step: int) -> int:
        """Index of the chunk that is carried out at a control step."""
        return bisect_right(self._starts, step) - 1

    def row_at(self, step: int) -> int:
        """The row of its chunk that is carried out at a control step."""
        chunk = self.chunks[self.chunk_at(step)]
        return (step - chunk.step) // chunk.held

    @cached_property
    def _starts(self) -> list[int]:
        return [chunk.step for chunk in self.chunks]


def parting(one: Episode, other: Episode) -> float | None:
    """The first time [s] at which the measured joints of two runs differ by more than PARTED, if they ever do."""
    common = min(one.length, other.length)
    apart = np.abs(one.qpos[:common] - other.qpos[:common]).max(axis=1) > PARTED
    return float(np.argmax(apart)) / one.control_hz if apart.any() else None
