"""Both grippers led by hand: differential inverse kinematics, one tick at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import daqp
import mink
import mujoco
import numpy as np
from jaxtyping import Float64

from ..types import ARMS, GRIPPER_INDEX, JOINT_COUNT
from .hand_limits import ELBOW, MotionLimit, TableLimit, arm_slice
from .hand_pose import Pose, length
from .robot import to_actuators

JOINT_SPEED = 2.5  # [rad/s]
JOINT_ACCELERATION = 25.0  # [rad/s^2]: from full speed to rest in 0.1 s
TURN_WEIGHT = 0.05  # [m] that an error of 1 rad counts for: where an arm cannot do both, its place comes first
SINGULAR_BELOW = 0.0015  # [m/rad] of a motion that the joints hardly give: here its damping begins
DAMPING = 0.0015  # [m/rad] of a motion that they do not give at all
STEADY = 5e-5  # [m/rad] of every motion
FOLLOWS = 0.5  # share of the wanted motion of a tick that counts as following
STILL = 5e-5  # [m] a wanted motion that is too small to say whether it is followed
AT_LIMIT = 2e-3  # [rad]
NEAR_TABLE = 0.003  # [m]

Reach: TypeAlias = Literal["free", "limit", "singular", "far", "table"]  # how an arm follows its goal
Goal: TypeAlias = Pose | Float64[np.ndarray, "6"]  # where an arm should be, as a pose or as joints [rad]


@dataclass(frozen=True)
class HandStep:
    """Where both arms go in one tick."""

    targets: Float64[np.ndarray, "14"]  # [rad], grippers as they were
    velocities: Float64[np.ndarray, "14"]  # [rad/s], 0 for grippers
    reach: Mapping[str, Reach]


class Hands:
    """Follows goals with both arms within all limits; one caller at a time."""

    def __init__(self, model: mujoco.MjModel):
        self._configuration = mink.Configuration(model)
        self._positions = self._configuration.q.copy()
        self._placed = np.full(JOINT_COUNT, np.nan)  # the targets that the configuration stands for
        self._followers = {arm: _Follower(model, arm) for arm in ARMS}

    def poses(self, targets: Float64[np.ndarray, "14"]) -> dict[str, Pose]:
        """Where joint targets bring the grasp points."""
        self._place(targets)
        return {arm: follower.pose(self._configuration) for arm, follower in self._followers.items()}

    def clearances(self, targets: Float64[np.ndarray, "14"]) -> dict[str, float]:
        """How far the lowest corner of each gripper is above the table [m]."""
        self._place(targets)
        return {arm: follower.clearance(self._configuration) for arm, follower in self._followers.items()}

    def opening_room(self, targets: Float64[np.ndarray, "14"], arm: str) -> float:
        """How much further a gripper can open before it meets the table [openings]."""
        self._place(targets)
        return self._followers[arm].opening_room(self._configuration)

    def step(
        self,
        targets: Float64[np.ndarray, "14"],
        velocities: Float64[np.ndarray, "14"],
        goals: Mapping[str, Goal],
        dt: float,
        speed: float = JOINT_SPEED,
    ) -> HandStep:
        """One tick of `dt` [s] from the present targets, and from how they moved in the tick before.

        A goal is where an arm should be at the end of the tick. It may be anywhere: the arm goes towards it as far as
        its limits allow. An arm without a goal comes to rest. No joint is faster than `speed` [rad/s].
        """
        self._place(targets)
        new, moving = np.array(targets), np.zeros(JOINT_COUNT)
        reach: dict[str, Reach] = dict.fromkeys(ARMS, "free")
        for arm, follower in self._followers.items():
            joints = slice(GRIPPER_INDEX[arm] - 6, GRIPPER_INDEX[arm])
            if arm not in goals and not velocities[joints].any():
                continue
            change, reach[arm] = follower.follow(self._configuration, velocities[joints], goals.get(arm), dt, speed)
            new[joints] += change
            moving[joints] = change / dt
        return HandStep(new, moving, reach)

    def _place(self, targets: np.ndarray) -> None:
        if np.array_equal(targets, self._placed):
            return
        self._positions[:16] = to_actuators(targets)
        self._configuration.update(self._positions)
        self._placed = np.array(targets)


@dataclass(frozen=True)
class _Problem:
    """Minimise |wanted - jacobian change|^2 with damping; low <= change <= high; rows change >= floor."""

    jacobian: np.ndarray  # (k, 6)
    wanted: np.ndarray  # (k,) [m]; [rad] for a goal in joints
    ways: np.ndarray  # (6, 6) columns: motions of the joints that the gripper feels apart
    squares: np.ndarray  # (6,) how strongly it feels them, damped
    singular: bool  # some motion is hardly felt
    low: np.ndarray  # (6,) [rad]
    high: np.ndarray
    heights: np.ndarray  # (points,) [m]
    rows: np.ndarray  # (points, 6) [m/rad]
    floor: np.ndarray  # (points,) [m]

    def solve(self) -> np.ndarray | None:
        """The change of the joints, None where nothing keeps all limits."""
        square = (self.ways * self.squares) @ self.ways.T
        upper = np.concatenate([self.high, np.full(len(self.floor), np.inf)])
        lower = np.concatenate([self.low, self.floor])
        sense = np.zeros(len(upper), np.intc)
        solution, _, found, _ = daqp.solve(square, -self.wanted @ self.jacobian, self.rows, upper, lower, sense)
        # The solver rounds; the box is kept exactly.
        return np.minimum(np.maximum(solution, self.low), self.high) if found > 0 else None

    def slowed(self, dt: float, speed: float) -> "_Problem":
        """With less of the wanted motion, so that no joint would need more than `speed`: the way stays straight."""
        share = speed * dt / max(float(np.abs(self.unlimited()).max()), speed * dt)
        return self if share == 1 else replace(self, wanted=self.wanted * share)

    def unlimited(self) -> np.ndarray:
        """What would be done without limits."""
        return self.ways @ (self.wanted @ self.jacobian @ self.ways / self.squares)

    def followed_by(self, change: np.ndarray) -> bool:
        """Whether this change does most of what is wanted."""
        asked, left = length(self.wanted), length(self.wanted - self.jacobian @ change)
        return asked < STILL or left < FOLLOWS * asked


class _Follower:
    """One arm's part."""

    def __init__(self, model: mujoco.MjModel, arm: str):
        self._site = f"{arm}_grasp"
        self._dofs = arm_slice(arm)
        self._frame = mink.FrameTask(self._site, "site", position_cost=1.0, orientation_cost=TURN_WEIGHT)
        self._motion = MotionLimit(model, arm, JOINT_ACCELERATION)
        self._table = TableLimit(model, arm)

    def pose(self, configuration: mink.Configuration) -> Pose:
        """Of the grasp point."""
        transform = configuration.get_transform_frame_to_world(self._site, "site")
        return Pose(transform.translation().copy(), transform.rotation().wxyz.copy())

    def clearance(self, configuration: mink.Configuration) -> float:
        """Height of the lowest corner above the table [m]."""
        return float(self._table.heights(configuration).min())

    def opening_room(self, configuration: mink.Configuration) -> float:
        """How much further the gripper can open [openings]."""
        return self._table.opening_room(configuration)

    def follow(
        self, configuration: mink.Configuration, velocities: np.ndarray, goal: Goal | None, dt: float, speed: float
    ) -> tuple[np.ndarray, Reach]:
        """The change of the arm's joints [rad] in this tick, and how it follows."""
        joints = configuration.data.qpos[self._dofs].copy()
        low, high = self._motion.box(joints, velocities, dt, speed)
        heights, rows = self._table.rows(configuration)
        jacobian, wanted = self._objective(configuration, joints, goal)
        floor = self._table.slowest(heights, dt)
        problem = _Problem(jacobian, wanted, *_damped(jacobian), low * dt, high * dt, heights, rows, floor)
        change = problem.slowed(dt, speed).solve()
        if change is None:
            return _braked(velocities, dt), self._hindrance(joints, problem)
        if goal is None or problem.followed_by(change):
            return change, "free"
        return change, self._hindrance(joints, problem)

    def _objective(
        self, configuration: mink.Configuration, joints: np.ndarray, goal: Goal | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The weighted Jacobian (k, 6) and the wanted motion (k,)."""
        if isinstance(goal, Pose):
            self._frame.set_target(goal.transform)
            jacobian, wanted, _ = self._frame.compute_qp_residual(configuration)
            return jacobian[:, self._dofs], wanted
        return np.eye(6), np.zeros(6) if goal is None else goal - joints

    def _hindrance(self, joints: np.ndarray, problem: _Problem) -> Reach:
        """Why the arm does not follow; "free" if it only has not gathered speed yet."""
        wanted = problem.unlimited()
        pressing = problem.rows @ wanted < problem.floor
        if (pressing & (problem.heights < NEAR_TABLE)).any():
            return "table"
        at_low = (joints < self._motion.low + AT_LIMIT) & (wanted < 0)
        at_high = (joints > self._motion.high - AT_LIMIT) & (wanted > 0)
        if at_low[ELBOW]:
            return "far"  # this end of the elbow is the stretched arm
        if (at_low | at_high).any():
            return "limit"
        return "singular" if problem.singular else "free"


def _damped(jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Eigenvectors and eigenvalues of J^T J, and whether there are motions that the gripper hardly feels.

    Those are damped, all others stay exact.
    """
    values, ways = np.linalg.eigh(jacobian.T @ jacobian)
    near = np.maximum(0, 1 - values / SINGULAR_BELOW**2)
    return ways, values + DAMPING**2 * near + STEADY**2, bool(values[0] < SINGULAR_BELOW**2)


def _braked(velocities: np.ndarray, dt: float) -> np.ndarray:
    """All joints slow down together, so that the gripper stays on its way."""
    fastest = np.abs(velocities).max()
    return velocities * max(0.0, 1 - JOINT_ACCELERATION * dt / fastest) * dt if fastest else np.zeros(6)
