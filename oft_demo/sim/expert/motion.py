"""From waypoints to rows of joint targets: limited speed, limited acceleration, stops where a stop is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...types import CONTROL_HZ, GRIPPER_INDEX

GRIPPER_SECONDS = 0.28  # [s] from open to closed
ACCELERATION = 9.0  # [rad/s^2]
MINIMUM_SPEED = 0.15  # [rad/s]
GRIPPERS = tuple(GRIPPER_INDEX.values())
ARM_COLUMNS = tuple(column for column in range(14) if column not in GRIPPERS)


@dataclass(frozen=True)
class Waypoint:
    """Joint targets of both arms to reach, and how."""

    joints: np.ndarray  # (14,) [rad], grippers 0..1
    speed: float = 1.6  # [rad/s] of the fastest joint
    stop: bool = True  # come to rest here; otherwise pass through
    hold: float = 0.0  # [s] to stay, so that fingers close or the robot catches up


def rows(start: np.ndarray, waypoints: Sequence[Waypoint]) -> Iterator[np.ndarray]:
    """(14,) targets at 50 Hz that lead from the target `start` through the waypoints."""
    target = np.asarray(start, dtype=np.float64).copy()
    speed = 0.0
    for number, waypoint in enumerate(waypoints):
        stops = waypoint.stop or number + 1 == len(waypoints)
        while True:
            gap = waypoint.joints - target
            distance = np.abs(gap[list(ARM_COLUMNS)]).max()
            speed = min(speed + ACCELERATION / CONTROL_HZ, waypoint.speed)
            if stops:
                speed = min(speed, max(MINIMUM_SPEED, np.sqrt(2 * ACCELERATION * distance) * 0.7))
            share = min(1.0, speed / CONTROL_HZ / distance) if distance > 1e-6 else 1.0
            target[list(ARM_COLUMNS)] += share * gap[list(ARM_COLUMNS)]
            _move_grippers(target, waypoint.joints)
            yield target.astype(np.float32)
            if share == 1.0 and (not stops or np.abs(waypoint.joints - target).max() < 1e-6):
                break
        if stops:
            speed = 0.0
        for _ in range(round(waypoint.hold * CONTROL_HZ)):
            yield target.astype(np.float32)


def _move_grippers(target: np.ndarray, goal: np.ndarray) -> None:
    step = 1 / (GRIPPER_SECONDS * CONTROL_HZ)
    for column in GRIPPERS:
        target[column] += np.clip(goal[column] - target[column], -step, step)
