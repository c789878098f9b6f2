"""What a person asks of the arms at one moment, parsed from the browser's message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from oft_demo.errors import OftDemoError
from oft_demo.sim.hands import Pose
from oft_demo.types import ARMS

ROUNDING = 1e-3  # a gamepad's full deflection may be a little more than 1
FARTHEST = 5.0  # [m] from the middle of the table that a goal may be
LARGEST_ANGLE = 2 * math.pi  # [rad]
LOWEST_LIMIT = 0.1
LARGEST_QUATERNION = 100.0


class InvalidInput(OftDemoError):
    """A message that does not say what the arms should do."""

    def __init__(self, where: str, found: object, expected: str):
        shown = repr(found)
        shown = shown if len(shown) <= 60 else shown[:60] + "..."
        super().__init__(f"The controls sent {shown} for {where}; expected {expected}. The arms hold still.")


@dataclass(frozen=True)
class ArmInput:
    """What is asked of one arm; by default nothing."""

    move: tuple[float, float, float] = (0.0, 0.0, 0.0)  # -1..1 of full speed: world x right, y away, z up
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)  # -1..1: roll, pitch, yaw about the gripper's own axes
    grip: float = 0.0  # -1 close .. 1 open, a rate
    opening: float | None = None  # 0 closed .. 1 open
    goal: Pose | None = None  # of the grasp point
    joints: tuple[float, ...] | None = None  # six [rad]

    @property
    def steers(self) -> bool:
        """Whether a stick or a key moves the gripper."""
        return any(self.move) or any(self.turn)

    @property
    def idle(self) -> bool:
        """Whether nothing is asked."""
        return self == ArmInput()


@dataclass(frozen=True)
class HandsInput:
    """What is asked of both arms."""

    arms: Mapping[str, ArmInput] = field(default_factory=dict[str, ArmInput])  # an arm that is not named is idle
    slow: bool = False
    limit: float = 1.0  # 0.1..1 of full speed

    @property
    def idle(self) -> bool:
        """Whether nothing is asked of either arm."""
        return all(arm.idle for arm in self.arms.values())

    @property
    def released(self) -> HandsInput:
        """The same with all controls let go."""
        return replace(self, arms={})

    @classmethod
    def from_message(cls, message: Mapping) -> HandsInput:
        """Parse the browser's message; raises InvalidInput."""
        if not isinstance(message, Mapping):
            raise InvalidInput("both arms", message, "an object")
        arms = {arm: _arm(arm, message[arm]) for arm in ARMS if message.get(arm) is not None}
        slow = message.get("slow", False)
        if not isinstance(slow, bool):
            raise InvalidInput("slow", slow, "true or false")
        return cls(arms, slow, _number("limit", message.get("limit", 1.0), LOWEST_LIMIT, 1.0))


def _arm(arm: str, found: object) -> ArmInput:
    if not isinstance(found, Mapping):
        raise InvalidInput(f"the {arm} arm", found, "an object")
    opening, joints = found.get("opening"), found.get("joints")
    return ArmInput(
        move=_triple(f"{arm} move", found.get("move")),
        turn=_triple(f"{arm} turn", found.get("turn")),
        grip=_number(f"{arm} grip", found.get("grip") or 0.0, -1.0, 1.0),
        opening=None if opening is None else _number(f"{arm} opening", opening, 0.0, 1.0),
        goal=_goal(arm, found.get("goal")),
        joints=None if joints is None else _numbers(f"{arm} joints", joints, 6, LARGEST_ANGLE),
    )


def _goal(arm: str, found: object) -> Pose | None:
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{arm} goal", found, "a position and a quaternion")
    position = np.array(_numbers(f"{arm} goal position", found.get("position"), 3, FARTHEST))
    quaternion = np.array(_numbers(f"{arm} goal quaternion", found.get("quaternion"), 4, LARGEST_QUATERNION))
    length = float(np.linalg.norm(quaternion))
    if length < ROUNDING:
        raise InvalidInput(f"{arm} goal quaternion", found.get("quaternion"), "four numbers that are not all 0")
    return Pose(position, quaternion / length)


def _triple(where: str, found: object) -> tuple[float, float, float]:
    if found is None:
        return 0.0, 0.0, 0.0
    first, second, third = _numbers(where, found, 3, 1.0)
    return first, second, third


def _numbers(where: str, found: object, count: int, largest: float) -> tuple[float, ...]:
    if not isinstance(found, list | tuple) or len(found) != count:
        raise InvalidInput(where, found, f"a list of {count} numbers")
    return tuple(_number(where, value, -largest, largest) for value in found)


def _number(where: str, found: object, low: float, high: float) -> float:
    """A finite number in the range; what lies a rounding error outside is moved to its end."""
    expected = f"a number from {low:g} to {high:g}"
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise InvalidInput(where, found, expected)
    if not low - ROUNDING <= found <= high + ROUNDING:  # NaN is in no range
        raise InvalidInput(where, found, expected)
    return min(max(float(found), low), high)
