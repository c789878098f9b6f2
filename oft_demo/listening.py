"""Whether a policy listens: how far apart its plans lie that differ in nothing but the instruction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float32, Float64

from .comparison import PLANS_PARTED
from .types import ARM_JOINTS, ARMS, JOINT_NAMES

CLEARLY = 2.0  # times as far as by other words, and naming another object is called listening
APPROACH = 0.02  # [m] that a gripper has to come nearer to an object before it heads for it


@dataclass(frozen=True)
class Distances:
    """How far each pair of plans lies apart: mean absolute difference over rows and an arm's six joints [rad]."""

    arms: Mapping[str, Float64[np.ndarray, "n n"]]

    @property
    def larger(self) -> Float64[np.ndarray, "n n"]:
        """Of the arm that differs more."""
        return np.maximum(*(self.arms[arm] for arm in ARMS))


@dataclass(frozen=True)
class Heading:
    """Where a plan leads: the object whose centre a gripper comes closest to."""

    label: str
    arm: str
    distance: float  # at the closest row [m]
    nearer: float  # how much nearer than at the plan's first row [m]

    @property
    def approaches(self) -> bool:
        """Whether it moves there, rather than standing closest by chance."""
        return self.nearer >= APPROACH


@dataclass(frozen=True)
class Finding:
    """Plans for other objects against plans for other wordings of the same object; means over pairs [rad]."""

    other_object: float | None  # of instructions that name different objects
    other_words: float | None  # of wordings that name one object
    no_object: float | None  # of an instruction that names an object and one that names none

    @property
    def ratio(self) -> float | None:
        """Above 1 the object matters more than how it is said."""
        if self.other_object is None or not self.other_words:
            return None
        return self.other_object / self.other_words

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        if self.other_object is None:
            return self._of_one_object()
        apart = f"{self._verdict()}Naming another object moves the plan by {self.other_object:.3f} rad in the mean"
        if self.other_words is None:
            return f"{apart}. Give one object in two wordings to see how much of that is the wording."
        if self.ratio is None:
            return f"{apart}, saying the same in other words by nothing at all."
        said = f"saying the same in other words by {self.other_words:.3f} rad"
        return f"{apart}, {said}: {self.ratio:.1f} times as far."

    def _verdict(self) -> str:
        if self.other_object is None or self.other_words is None:
            return ""
        if self.other_object <= PLANS_PARTED:
            return "It hardly tells the objects apart. "
        return "It listens. " if self.ratio is None or self.ratio >= CLEARLY else ""

    def _of_one_object(self) -> str:
        known = (("other words for it", self.other_words), ("words that name no object", self.no_object))
        told = ", ".join(f"{what} move the plan by {value:.3f} rad in the mean" for what, value in known if value)
        alone = "No two of these instructions name different objects, so they do not show which object it listens to"
        return f"{alone}; {told}." if told else f"{alone}."


def distances(chunks: Float32[np.ndarray, "n k 14"]) -> Distances:
    """Compare every plan with every other one, row by row."""
    plans = chunks.astype(float)
    each = np.abs(plans[:, None] - plans[None]).mean(axis=2)  # of each pair and joint
    joints = {arm: [JOINT_NAMES.index(f"{arm}_{joint}") for joint in ARM_JOINTS[:-1]] for arm in ARMS}
    return Distances({arm: each[..., joints[arm]].mean(axis=-1) for arm in ARMS})


def heading(
    paths: Mapping[str, Float32[np.ndarray, "k 3"]], objects: Mapping[str, Float64[np.ndarray, "3"]]
) -> Heading | None:
    """Which object a plan leads to; None where there are no objects."""
    found = [_approach(arm, paths[arm], label, centre) for arm in paths for label, centre in objects.items()]
    return min(found, key=lambda each: each.distance, default=None)


def finding(apart: Float64[np.ndarray, "n n"], named: Sequence[str | None]) -> Finding:
    """Average over the pairs of instructions by what they name."""
    pairs = list(combinations(range(len(named)), 2))
    both = [(i, j) for i, j in pairs if named[i] and named[j]]
    different = [apart[i, j] for i, j in both if named[i] != named[j]]
    same = [apart[i, j] for i, j in both if named[i] == named[j]]
    one = [apart[i, j] for i, j in pairs if bool(named[i]) != bool(named[j])]
    return Finding(_mean(different), _mean(same), _mean(one))


def _approach(arm: str, path: Float32[np.ndarray, "k 3"], label: str, centre: np.ndarray) -> Heading:
    away = np.linalg.norm(path - centre, axis=1)
    return Heading(label, arm, float(away.min()), float(away[0] - away.min()))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
