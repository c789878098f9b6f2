"""Statistics of features as LeRobot's stats.json has them: of numbers, and of pictures by counting values."""

from collections.abc import Mapping

import numpy as np

from oft_demo.types import Image

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
SAMPLES = 100  # pictures of an episode that are looked at
SHORT_SIDE = 150  # [pixels] that are looked at at the most, about
LEVELS = 256


def number_statistics(values: np.ndarray) -> dict[str, object]:
    """Of rows (n, d) or of single numbers (n,), for each of the d."""
    table = np.asarray(values, np.float64).reshape(len(values), -1)
    found: dict[str, np.ndarray] = {"min": table.min(0), "max": table.max(0)}
    found |= {"mean": table.mean(0), "std": table.std(0)}
    found |= dict(zip(QUANTILES, np.quantile(table, list(QUANTILES.values()), axis=0), strict=True))
    listed: dict[str, object] = {name: value.tolist() for name, value in found.items()}
    return listed | {"count": [len(table)]}


class PictureCounts:
    """How often each channel has each value, over a sample of pixels; sums of these describe many episodes."""

    def __init__(self):
        self._counts = np.zeros((3, LEVELS), np.int64)
        self._pictures = 0

    def add(self, picture: Image) -> None:
        """Count one picture."""
        every = max(1, min(picture.shape[:2]) // SHORT_SIDE)
        for channel in range(3):
            values = picture[::every, ::every, channel].ravel()
            self._counts[channel] += np.bincount(values, minlength=LEVELS)
        self._pictures += 1

    def merge(self, other: "PictureCounts") -> None:
        """Count what another has counted."""
        self._counts += other._counts
        self._pictures += other._pictures

    def statistics(self) -> dict[str, object]:
        """Of values within 0..1, shaped (3, 1, 1)."""
        levels = np.arange(LEVELS) / (LEVELS - 1)
        weights = self._counts / self._counts.sum(axis=1, keepdims=True)
        mean = weights @ levels
        spread = np.sqrt(weights @ levels**2 - mean**2 + 1e-18)
        present = self._counts > 0
        found = {
            "min": levels[present.argmax(axis=1)],
            "max": levels[LEVELS - 1 - present[:, ::-1].argmax(axis=1)],
            "mean": mean,
            "std": spread,
        }
        below = np.cumsum(weights, axis=1)
        found |= {name: levels[(below < share - 1e-12).sum(axis=1)] for name, share in QUANTILES.items()}
        shaped: dict[str, object] = {name: value.reshape(3, 1, 1).tolist() for name, value in found.items()}
        return shaped | {"count": [self._pictures]}


def sampled(step: int, length: int) -> bool:
    """Whether the picture of a step is looked at."""
    return step % max(1, -(-length // SAMPLES)) == 0


def flattened(statistics: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """As columns of the table of episodes."""
    return {f"stats/{key}/{name}": value for key, each in statistics.items() for name, value in each.items()}
