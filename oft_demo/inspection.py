"""What is odd about a predicted chunk: jumps at its boundary, jerk, and targets beyond the joints' limits."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Float32, Float64

from .types import GRIPPER_INDEX, JOINT_COUNT, JOINT_NAMES

Kind: TypeAlias = Literal["jump", "jerk", "limit"]

# More than a ViperX joint turns in one row of 40 ms at its full speed of pi rad/s. The bundled policy's largest jump
# over three scenes was 0.115 rad, the scripted expert's 0.004.
JUMP = 0.126  # [rad]
GRIPPER_JUMP = 0.3  # [of its stroke]; grippers snap: 0.2 is usual
JERK = 4000.0  # [rad/s^3]; half as much again as the largest of the same chunks (2680)
BEYOND = 0.01  # [rad] past a limit that is more than rounding
GRIPPER_BEYOND = 0.1  # [of its stroke]; a gripper that presses is told to close further than it can

GRIPPERS = np.isin(np.arange(JOINT_COUNT), list(GRIPPER_INDEX.values()))


@dataclass(frozen=True)
class Peak:
    """The largest value of some kind in a chunk."""

    joint: int
    row: int
    value: float

    def as_json(self) -> dict[str, Any]:
        """With the joint's name."""
        return {"joint": JOINT_NAMES[self.joint], "row": self.row, "value": round(self.value, 4)}


@dataclass(frozen=True)
class Outside:
    """A joint whose targets go beyond its limits."""

    joint: int
    rows: int
    by: float  # at most, in the joint's unit

    def as_json(self) -> dict[str, Any]:
        """With the joint's name."""
        return {"joint": JOINT_NAMES[self.joint], "rows": self.rows, "by": round(self.by, 4)}


@dataclass(frozen=True)
class Mark:
    """A place in a chunk that a person should look at."""

    joint: int
    row: int
    kind: Kind


@dataclass(frozen=True)
class ChunkFindings:
    """What was found in one chunk."""

    jump: Peak  # of an arm's joint [rad]
    gripper_jump: Peak  # [of its stroke]
    jerk: Peak  # of an arm's joint [rad/s^3]
    outside: tuple[Outside, ...]
    marks: tuple[Mark, ...]

    @property
    def summary(self) -> str:
        """One sentence about what is marked."""
        kinds = {mark.kind for mark in self.marks}
        parts = []
        if "jump" in kinds:
            large = self.jump if self.jump.value > JUMP else self.gripper_jump
            unit = "rad" if large is self.jump else "of its stroke"
            parts.append(f"{_said(large.joint)} jumps by {large.value:.2f} {unit} where the chunk begins")
        if "jerk" in kinds:
            parts.append(f"{_said(self.jerk.joint)} jerks with {self.jerk.value:.0f} rad/s\u00b3")
        parts += [f"{_said(each.joint)} is sent {each.by:.2f} past its limit" for each in self.outside]
        return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "." if parts else "Nothing odd."

    def as_json(self) -> dict[str, Any]:
        """What the page shows."""
        return {
            "jump": self.jump.as_json(),
            "gripper_jump": self.gripper_jump.as_json(),
            "jerk": self.jerk.as_json(),
            "outside": [each.as_json() for each in self.outside],
            "marks": [[mark.joint, mark.row, mark.kind] for mark in self.marks],
            "summary": self.summary,
        }


def find(
    targets: Float32[np.ndarray, "k 14"],
    dt: float,
    before: Float32[np.ndarray, "n 14"],
    limits: Float64[np.ndarray, "14 2"],
) -> ChunkFindings:
    """Look at a chunk whose rows are `dt` [s] apart; `before` are the targets that were sent last, one at least."""
    jumps = np.abs(targets[:1] - before[-1])
    jerks = _jerk(np.concatenate([before, targets]), dt, len(before))
    beyond = np.maximum(limits[:, 0] - targets, targets - limits[:, 1])
    marks = [
        *_marks(jumps, np.where(GRIPPERS, GRIPPER_JUMP, JUMP), "jump"),
        *_marks(np.where(GRIPPERS, 0.0, jerks), np.full(JOINT_COUNT, JERK), "jerk"),
        *_marks(beyond, np.where(GRIPPERS, GRIPPER_BEYOND, BEYOND), "limit"),
    ]
    return ChunkFindings(
        jump=_peak(jumps, ~GRIPPERS),
        gripper_jump=_peak(jumps, GRIPPERS),
        jerk=_peak(jerks, ~GRIPPERS),
        outside=_outside(beyond),
        marks=tuple(marks),
    )


def _jerk(targets: np.ndarray, dt: float, first: int) -> np.ndarray:
    """The third difference at every row of the chunk; 0 where too few targets came before. (k, 14) [rad/s^3]"""
    third = np.abs(np.diff(targets.astype(np.float64), 3, axis=0)) / dt**3
    padded = np.concatenate([np.zeros((len(targets) - len(third), JOINT_COUNT)), third])
    return padded[first:]


def _peak(values: np.ndarray, joints: np.ndarray) -> Peak:
    chosen = np.where(joints, values, -1.0)
    row, joint = np.unravel_index(int(np.argmax(chosen)), chosen.shape)
    return Peak(int(joint), int(row), float(chosen[row, joint]))


def _marks(values: np.ndarray, thresholds: np.ndarray, kind: Kind) -> list[Mark]:
    """One mark a joint, where it is worst."""
    rows = values.argmax(axis=0)
    over = values.max(axis=0) > thresholds
    return [Mark(int(joint), int(rows[joint]), kind) for joint in np.flatnonzero(over)]


def _outside(beyond: np.ndarray) -> tuple[Outside, ...]:
    over = beyond > np.where(GRIPPERS, GRIPPER_BEYOND, BEYOND)
    return tuple(
        Outside(int(joint), int(over[:, joint].sum()), float(beyond[:, joint].max()))
        for joint in np.flatnonzero(over.any(axis=0))
    )


def _said(joint: int) -> str:
    return JOINT_NAMES[joint].replace("_", " ")
