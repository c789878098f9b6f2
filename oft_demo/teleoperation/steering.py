"""From held keys and far goals to where an arm should be at the end of the next tick, without jerks."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from oft_demo.sim.hand_limits import braking_speed
from oft_demo.sim.hand_pose import Pose, length

MOVE_SPEED, TURN_SPEED = 0.30, 1.6  # [m/s] and [rad/s] at full speed
MOVE_RISE, TURN_RISE = 2.0, 12.0  # [m/s^2] and [rad/s^2] while gathering speed
MOVE_FALL, TURN_FALL = 5.0, 30.0  # while letting go: at rest after 0.06 s
MOVE_LEASH, TURN_LEASH = 0.012, 0.06  # [m] and [rad] that the meant pose may be ahead of the arm
SAME_WAY = 0.95  # cosine between controls that ask for the same
SAME_PLACE, SAME_TILT = 0.001, 0.01  # [m] and [rad] between goals that are the same
JOINT_PACE, JOINT_RISE = 1.3, 6.0  # [rad/s] and [rad/s^2] of the fastest joint under sliders and assists


class Steering:
    """How one arm is being led; it remembers where the gripper was meant to be and how fast it moves."""

    def __init__(self) -> None:
        self.rest()

    def rest(self) -> None:
        """Start from rest, wherever the arm is."""
        self._meant: Pose | None = None  # where the gripper should be by now
        self._moving = np.zeros(3)  # [m/s] along the world's axes
        self._turning = np.zeros(3)  # [rad/s] about the gripper's own axes
        self._asked: np.ndarray | Pose | None = None  # controls or goal, as they were when they last changed

    def steer(self, now: Pose, move: Sequence[float], turn: Sequence[float], pace: float, dt: float) -> Pose:
        """Where held controls lead from here; the gripper stays on its line and keeps its tilt while it moves."""
        asked = np.array([*move, *turn], float)
        meant = self._anchored(now, asked, isinstance(self._asked, np.ndarray) and _same_way(self._asked, asked))
        moving = _shorter(asked[:3], 1.0) * (MOVE_SPEED * pace)
        turning = _shorter(asked[3:], 1.0) * (TURN_SPEED * pace)
        return self._advance(now, meant, moving, turning, dt)

    def chase(self, now: Pose, goal: Pose, pace: float, dt: float) -> Pose:
        """The next piece of the straight way to a goal, however far that is."""
        meant = self._anchored(now, goal, isinstance(self._asked, Pose) and _same_place(self._asked, goal))
        shift, twist = meant.way_to(goal)
        moving = _towards(shift, MOVE_SPEED * pace, MOVE_RISE, dt)
        turning = _towards(twist, TURN_SPEED * pace, TURN_RISE, dt)
        return self._advance(now, meant, moving, turning, dt)

    def coast(self, now: Pose, dt: float) -> Pose | None:
        """Where a gripper goes that was let go of: it slows down on its line; None once it rests."""
        self._meant = self._asked = None
        self._moving = _nearer(self._moving, np.zeros(3), 0.0, MOVE_FALL * dt)
        self._turning = _nearer(self._turning, np.zeros(3), 0.0, TURN_FALL * dt)
        if not self._moving.any() and not self._turning.any():
            return None
        return now.moved(self._moving * dt, self._turning * dt)

    def _anchored(self, now: Pose, asked: np.ndarray | Pose, same: bool) -> Pose:
        """The pose that was meant; where the arm could not follow it, forgotten once something else is asked."""
        if not same:
            self._asked = asked
        if self._meant is None:
            return now
        shift, twist = now.way_to(self._meant)
        lagging = length(shift) > MOVE_LEASH / 4 or length(twist) > TURN_LEASH / 4
        return now if lagging and not same else self._meant

    def _advance(self, now: Pose, meant: Pose, moving: np.ndarray, turning: np.ndarray, dt: float) -> Pose:
        """Move the pose that is meant, only as far as the arm follows.

        So an arm at the end of its reach stands still, or slides along it.
        """
        shift, twist = now.way_to(meant)
        moving = _yielding(moving * _leeway(twist, TURN_LEASH), shift, MOVE_LEASH / 2)
        turning = _yielding(turning * _leeway(shift, MOVE_LEASH), twist, TURN_LEASH / 2)
        self._moving = _nearer(self._moving, moving, MOVE_RISE * dt, MOVE_FALL * dt)
        self._turning = _nearer(self._turning, turning, TURN_RISE * dt, TURN_FALL * dt)
        held = now.moved(_shorter(shift, 2 * MOVE_LEASH), _shorter(twist, 2 * TURN_LEASH))
        self._meant = held.moved(self._moving * dt, self._turning * dt)
        return self._meant


def joints_towards(
    joints: Float64[np.ndarray, "6"],
    velocities: Float64[np.ndarray, "6"],
    goal: Float64[np.ndarray, "6"],
    pace: float,
    dt: float,
) -> Float64[np.ndarray, "6"]:
    """The next piece of the straight way in joints; all of them arrive together."""
    gap = goal - joints
    distance = np.abs(gap).max()
    if distance < 1e-9:
        return goal
    fastest = np.abs(velocities).max()
    braking = float(braking_speed(np.array([distance]), JOINT_RISE, dt)[0])
    speed = min(fastest + JOINT_RISE * dt, JOINT_PACE * pace, braking)
    return joints + gap * min(1.0, speed * dt / distance)


def _shorter(vector: np.ndarray, longest: float) -> np.ndarray:
    found = length(vector)
    return vector if found <= longest else vector * (longest / found)


def _same_way(before: np.ndarray, asked: np.ndarray) -> bool:
    return bool(before @ asked > SAME_WAY * length(before) * length(asked))


def _same_place(before: Pose, goal: Pose) -> bool:
    shift, twist = before.way_to(goal)
    return length(shift) < SAME_PLACE and length(twist) < SAME_TILT


def _leeway(lag: np.ndarray, leash: float) -> float:
    """1 for an arm that follows, 0 for one that is a leash behind."""
    return max(0.0, 1 - length(lag) / leash)


def _yielding(velocity: np.ndarray, lag: np.ndarray, leash: float) -> np.ndarray:
    """Without the part that leads further from an arm that does not follow."""
    behind = length(lag)
    if behind < 1e-9:
        return velocity
    away = max(0.0, float(velocity @ lag) / behind)
    return velocity - lag * (away * min(1.0, behind / leash) / behind)


def _towards(way: np.ndarray, speed: float, braking: float, dt: float) -> np.ndarray:
    """The velocity that leads along a way and ends at rest at its end."""
    distance = length(way)
    if distance < 1e-9:
        return np.zeros(3)
    return way * (min(speed, float(braking_speed(np.array([distance]), braking, dt)[0])) / distance)


def _nearer(velocity: np.ndarray, goal: np.ndarray, rise: float, fall: float) -> np.ndarray:
    """The goal, or as near to it as one tick allows: gathering speed takes longer than losing it."""
    change = goal - velocity
    largest = fall if length(goal) < length(velocity) else rise
    return velocity + _shorter(change, largest)
