"""Temporal ensembling: overlapping chunks are averaged row by row, as ACT does it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

DECAY = 0.01  # ACT's m: the weight of a prediction is exp(-m * i), the oldest one having i = 0


@dataclass(frozen=True)
class _Laid:
    """A chunk and the row of the rollout at which it begins."""

    start: int
    targets: Float32[np.ndarray, "k 14"]


class TemporalEnsemble:
    """Remembers the chunks of a rollout that still reach into the future."""

    def __init__(self, decay: float = DECAY):
        self._decay = decay
        self._chunks: list[_Laid] = []

    def add(self, start: int, targets: Float32[np.ndarray, "k 14"]) -> None:
        """Take in a chunk whose first row is row `start` of the rollout; chunks that ended before are forgotten."""
        self._chunks = [laid for laid in self._chunks if laid.start + len(laid.targets) > start]
        self._chunks.append(_Laid(start, targets))

    def target(self, row: int) -> Float32[np.ndarray, "14"]:
        """The weighted mean of what all chunks say about row `row` of the rollout."""
        said = [laid.targets[row - laid.start] for laid in self._chunks if 0 <= row - laid.start < len(laid.targets)]
        weights = np.exp(-self._decay * np.arange(len(said)))
        return np.average(np.stack(said), axis=0, weights=weights).astype(np.float32)

    def forget(self) -> None:
        """Begin anew: what was predicted under other words is no opinion about these."""
        self._chunks.clear()
