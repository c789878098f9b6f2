"""How two rollouts from the same start differ: when they part, and how far their plans lie apart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float32

from .intervals import mcnemar, wilson
from .outcome import SeedResult
from .types import ARM_JOINTS, ARMS, CONTROL_HZ, GRIPPER_INDEX, JOINT_NAMES, ActionChunk, Step

PARTED = 0.05  # [rad, or of a gripper's stroke]: about 3 degrees, more than two rollouts differ by rounding
PLANS_PARTED = 0.1  # [rad] mean over a whole chunk: other movements lie further apart, the same movement does not
SIDES = (0, 1)

States: TypeAlias = Literal["same", "near", "parted"]


@dataclass(frozen=True)
class Parting:
    """The first control step before which a measured joint of the two differs by more than PARTED."""

    step: int
    joint: str
    difference: float  # of that joint [rad, or of a gripper's stroke]

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.step / CONTROL_HZ


@dataclass(frozen=True)
class PlanDistance:
    """How far two chunks lie apart that were predicted at the same control step."""

    step: int
    arms: Mapping[str, float]  # of each arm's six joints, mean absolute difference over joints and rows [rad]
    grippers: Mapping[str, float]  # of each gripper, mean absolute difference over rows [of its stroke]
    states: States  # they were predicted from: joints the same in every bit so far, nearly, or after they parted
    gap: float  # largest difference of a measured joint at that moment [rad, or of a gripper's stroke]

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.step / CONTROL_HZ

    @property
    def parted(self) -> bool:
        """Whether the plans of an arm are other movements."""
        return max(self.arms.values()) > PLANS_PARTED


class Comparison:
    """Takes in two rollouts control step by control step, in any order of the two.

    Plans are compared only where both were predicted at the same control step: else one of them is older news.
    """

    def __init__(self) -> None:
        self.parting: Parting | None = None
        self.plans: list[PlanDistance] = []
        self._waiting: tuple[dict[int, Step], dict[int, Step]] = ({}, {})  # for the other side's step
        self._same = True

    @property
    def plans_parting(self) -> PlanDistance | None:
        """The first pair of chunks that are other movements."""
        return next((plan for plan in self.plans if plan.parted), None)

    def add(self, side: int, step: Step) -> None:
        """Take in the next control step of a side, 0 or 1."""
        other = self._waiting[1 - side].pop(step.index, None)
        if other is None:
            self._waiting[side][step.index] = step
        else:
            self._compare(*((step, other) if side == 0 else (other, step)))

    def _compare(self, one: Step, other: Step) -> None:
        differences = np.abs(one.joints.astype(float) - other.joints)
        joint, gap = int(differences.argmax()), float(differences.max())
        self._same = self._same and gap == 0
        if self.parting is None and gap > PARTED:
            self.parting = Parting(one.index, JOINT_NAMES[joint], gap)
        if one.chunk is not None and other.chunk is not None:
            states: States = "parted" if self.parting else "same" if self._same else "near"
            arms, grippers = chunk_distance(one.chunk, other.chunk)
            self.plans.append(PlanDistance(one.index, arms, grippers, states, gap))


def chunk_distance(one: ActionChunk, other: ActionChunk) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Mean absolute difference of each arm [rad] and of each gripper [of its stroke].

    Chunks of other lengths or rates are compared over the time that both cover, each row counting as long as it holds.
    """
    count = round(min(len(chunk.targets) * chunk.dt for chunk in (one, other)) * CONTROL_HZ)
    differences = np.abs(_held(one, count) - _held(other, count)).mean(axis=0)
    joints = {arm: [JOINT_NAMES.index(f"{arm}_{joint}") for joint in ARM_JOINTS[:-1]] for arm in ARMS}
    arms = {arm: float(differences[joints[arm]].mean()) for arm in ARMS}
    return arms, {arm: float(differences[GRIPPER_INDEX[arm]]) for arm in ARMS}


def _held(chunk: ActionChunk, count: int) -> Float32[np.ndarray, "count 14"]:
    """The target of each of the first `count` control steps."""
    rows = np.floor(np.arange(count) / CONTROL_HZ / chunk.dt + 1e-6).astype(int)
    return chunk.targets[np.minimum(rows, len(chunk.targets) - 1)]


# ---------------------------------------------------------------------------------------------------------------------
# Many seeds


@dataclass(frozen=True)
class Rate:
    """How often something came true, with its 95 % Wilson interval."""

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Yes-or-no outcomes of two policies on the same seeds, and McNemar's exact test of whether they differ."""

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float  # two-sided; 1 where no seed tells them apart

    @property
    def discordant(self) -> int:
        """Seeds that tell the two apart; the test looks at no others."""
        return self.only_first + self.only_second

    @property
    def rates(self) -> tuple[Rate, Rate]:
        """Of the first and of the second policy."""
        n = self.both + self.discordant + self.neither
        counts = self.both + self.only_first, self.both + self.only_second
        first, second = (Rate(count, n, *wilson(count, n)) for count in counts)
        return first, second


def paired(outcomes: Iterable[tuple[bool, bool]]) -> Paired:
    """Count pairs of outcomes and test them."""
    pairs: Sequence[tuple[bool, bool]] = [(bool(one), bool(other)) for one, other in outcomes]
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    counts = [pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))]
    return Paired(*counts, p=mcnemar(first, second))


def paired_success(pairs: Iterable[tuple[SeedResult, SeedResult]]) -> Paired:
    """Whether one of them succeeds more often."""
    return paired((one.success, other.success) for one, other in pairs)


def paired_following(pairs: Iterable[tuple[SeedResult, SeedResult]]) -> Paired:
    """Whether one of them goes to the named object more often."""
    return paired((one.followed, other.followed) for one, other in pairs)
