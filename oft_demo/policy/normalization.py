"""Between physical units and the -1..1 that the model works in (oft_plus section 9)."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

Method = Literal["bounds", "bounds_q99"]  # min/max, or the 1st and 99th percentile
EDGES: dict[Method, tuple[str, str]] = {"bounds": ("min", "max"), "bounds_q99": ("q01", "q99")}
EPSILON = 1e-8


@dataclass(frozen=True)
class Distribution:
    """What a data set says of one quantity, each value (D,)."""

    mean: np.ndarray
    std: np.ndarray
    min: np.ndarray
    max: np.ndarray
    q01: np.ndarray
    q99: np.ndarray
    mask: np.ndarray  # False: passed through as it is

    @classmethod
    def of(cls, values: Float[np.ndarray, "n D"]) -> "Distribution":
        """Measure an array of samples."""
        values = np.asarray(values, dtype=np.float64)
        low, high = np.quantile(values, [0.01, 0.99], axis=0)
        edges = values.min(0), values.max(0)
        return cls(values.mean(0), values.std(0), *edges, low, high, np.ones(values.shape[1], dtype=bool))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Distribution":
        """Parse one part of dataset_statistics.json; raises KeyError or ValueError."""
        numbers = {name: np.asarray(values[name], dtype=np.float64) for name in ("mean", "std", "min", "max")}
        quantiles = {
            name: np.asarray(values.get(name, values[edge]), dtype=np.float64)
            for name, edge in (("q01", "min"), ("q99", "max"))
        }
        mask = np.asarray(values.get("mask", np.ones(len(numbers["min"]))), dtype=bool)
        arrays = {**numbers, **quantiles, "mask": mask}
        if len({array.shape for array in arrays.values()}) != 1 or mask.ndim != 1:
            raise ValueError(f"lists of different lengths {sorted({array.shape for array in arrays.values()})}")
        return cls(**arrays)

    def to_json(self) -> dict[str, list[Any]]:
        """As plain JSON values."""
        return {name: array.tolist() for name, array in vars(self).items()}


@dataclass(frozen=True)
class Statistics:
    """One entry of dataset_statistics.json."""

    key: str  # the unnorm key
    action: Distribution
    proprio: Distribution
    transitions: int
    trajectories: int
    method: Method = "bounds"

    def to_json(self) -> dict[str, Any]:
        """The official layout: one entry under its key."""
        return {
            self.key: {
                "action": self.action.to_json(),
                "proprio": self.proprio.to_json(),
                "num_transitions": self.transitions,
                "num_trajectories": self.trajectories,
            }
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], key: str, method: Method = "bounds") -> "Statistics":
        """Parse one entry; raises KeyError or ValueError."""
        entry = values[key]
        return cls(
            key,
            Distribution.from_json(entry["action"]),
            Distribution.from_json(entry["proprio"]),
            int(entry.get("num_transitions", 0)),
            int(entry.get("num_trajectories", 0)),
            method,
        )


def normalize_proprio(joints: Float[np.ndarray, "*n D"], statistics: Statistics) -> Float[np.ndarray, "*n D"]:
    """2 (x - low) / (high - low + 1e-8) - 1 where the mask says so, then everything clipped to -1..1."""
    return np.clip(_normalized(joints, statistics.proprio, statistics.method), -1, 1)


def normalize_actions(actions: Float[np.ndarray, "*n D"], statistics: Statistics) -> Float[np.ndarray, "*n D"]:
    """Training targets: normalised, clipped to -1..1, and 0 where the data never moved."""
    normalized = np.clip(_normalized(actions, statistics.action, statistics.method), -1, 1)
    low, high = _edges(statistics.action, statistics.method)
    return np.where(low == high, 0.0, normalized)


def unnormalize_actions(normalized: Float[np.ndarray, "*n D"], statistics: Statistics) -> Float[np.ndarray, "*n D"]:
    """0.5 (a + 1) (high - low + 1e-8) + low in float64; nothing is clipped."""
    low, high = _edges(statistics.action, statistics.method)
    values = np.asarray(normalized, dtype=np.float64)
    return np.where(statistics.action.mask, 0.5 * (values + 1) * (high - low + EPSILON) + low, values)


def _edges(distribution: Distribution, method: Method) -> tuple[np.ndarray, np.ndarray]:
    low, high = EDGES[method]
    return getattr(distribution, low), getattr(distribution, high)


def _normalized(values: np.ndarray, distribution: Distribution, method: Method) -> np.ndarray:
    low, high = _edges(distribution, method)
    values = np.asarray(values, dtype=np.float64)
    return np.where(distribution.mask, 2 * (values - low) / (high - low + EPSILON) - 1, values)
