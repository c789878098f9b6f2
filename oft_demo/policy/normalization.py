"""Joints and actions to [-1, 1] and back, with the statistics of the training data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from oft_demo.policy.config import Normalization

EPSILON = 1e-8  # in the published formulas
ROWS = ("min", "max", "mean", "std", "q01", "q99")


@dataclass(frozen=True)
class Bounds:
    """Statistics of one quantity, a value for each dimension."""

    min: Float64[np.ndarray, " d"]
    max: Float64[np.ndarray, " d"]
    mean: Float64[np.ndarray, " d"]
    std: Float64[np.ndarray, " d"]
    q01: Float64[np.ndarray, " d"]
    q99: Float64[np.ndarray, " d"]
    mask: Bool[np.ndarray, " d"]  # dimensions that are normalised; the others pass through

    @classmethod
    def of(cls, values: Float[np.ndarray, "n d"]) -> Bounds:
        """Measure some rows."""
        rows = np.asarray(values, np.float64)
        q01, q99 = np.quantile(rows, (0.01, 0.99), axis=0)
        mask = np.ones(rows.shape[1], bool)
        return cls(rows.min(0), rows.max(0), rows.mean(0), rows.std(0), q01, q99, mask)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Bounds:
        """Parse one part of an entry; files may lack the mask. Raises KeyError, TypeError or ValueError."""
        rows = {name: np.array(values[name], np.float64) for name in ROWS}
        mask = np.array(values.get("mask", [True] * len(rows["min"])), bool)
        if {array.shape for array in (*rows.values(), mask)} != {(len(mask),)}:
            raise ValueError("rows of different lengths")
        return cls(**rows, mask=mask)

    def to_json(self) -> dict[str, Any]:
        """Lists of numbers."""
        return {name: getattr(self, name).tolist() for name in (*ROWS, "mask")}

    def range(self, kind: Normalization) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, " d"]]:
        """What becomes -1 and 1."""
        return (self.min, self.max) if kind == "bounds" else (self.q01, self.q99)


@dataclass(frozen=True)
class Statistics:
    """One entry of dataset_statistics.json, and how it is used."""

    action: Bounds
    proprio: Bounds
    transitions: int
    trajectories: int
    kind: Normalization = "bounds"  # not in the official file: it belongs to the policy's config

    @classmethod
    def of(
        cls,
        actions: Float[np.ndarray, "n d"],
        proprio: Float[np.ndarray, "n p"],
        trajectories: int,
        kind: Normalization = "bounds",
    ) -> Statistics:
        """Measure a data set: one row a transition."""
        return cls(Bounds.of(actions), Bounds.of(proprio), len(actions), trajectories, kind)

    @classmethod
    def from_json(cls, entry: dict[str, Any], kind: Normalization = "bounds") -> Statistics:
        """Parse one entry in the official layout; raises KeyError, TypeError or ValueError."""
        action, proprio = (Bounds.from_json(entry[name]) for name in ("action", "proprio"))
        return cls(action, proprio, int(entry["num_transitions"]), int(entry["num_trajectories"]), kind)

    def to_json(self) -> dict[str, Any]:
        """One entry in the official layout."""
        return {
            "action": self.action.to_json(),
            "proprio": self.proprio.to_json(),
            "num_transitions": self.transitions,
            "num_trajectories": self.trajectories,
        }


def normalize_proprio(joints: Float[np.ndarray, "*batch p"], statistics: Statistics) -> Float32[np.ndarray, "*batch p"]:
    """Joints as the network reads them, clipped to [-1, 1]."""
    return np.clip(_normalized(joints, statistics.proprio, statistics.kind), -1, 1).astype(np.float32)


def normalize_actions(
    actions: Float[np.ndarray, "*batch d"], statistics: Statistics
) -> Float32[np.ndarray, "*batch d"]:
    """Training targets: clipped to [-1, 1], and 0 where a dimension never moved."""
    clipped = np.clip(_normalized(actions, statistics.action, statistics.kind), -1, 1)
    still = statistics.action.mask & (statistics.action.min == statistics.action.max)
    return np.where(still, 0.0, clipped).astype(np.float32)


def unnormalize_actions(
    actions: Float[np.ndarray, "*batch d"], statistics: Statistics
) -> Float64[np.ndarray, "*batch d"]:
    """What the network said as joint targets; not clipped, so it may leave the range of the data a little."""
    low, high = statistics.action.range(statistics.kind)
    spread = 0.5 * (np.asarray(actions, np.float64) + 1) * (high - low + EPSILON) + low
    return np.where(statistics.action.mask, spread, actions)


def _normalized(values: np.ndarray, bounds: Bounds, kind: Normalization) -> Float64[np.ndarray, "*batch d"]:
    low, high = bounds.range(kind)
    scaled = 2 * (np.asarray(values, np.float64) - low) / (high - low + EPSILON) - 1
    return np.where(bounds.mask, scaled, values)
