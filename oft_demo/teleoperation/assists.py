"""Small movements that a person need not do by hand: go home, above the nearest object, gripper straight down."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.sim import AlohaEnv
from oft_demo.sim.expert.kinematics import DOWN, Kinematics
from oft_demo.sim.hand_limits import MotionLimit
from oft_demo.sim.hands import JOINT_ACCELERATION, Hands, Pose
from oft_demo.sim.robot import ARM_START_POSE
from oft_demo.types import ARMS, GRIPPER_INDEX

ASSISTS = ("home", "above", "align")
HOVER = 0.115  # [m] of the grasp point above the table
OVER_OBJECT = 0.09  # [m] of the grasp point above an object that is held in the air
LIFT_BELOW = 0.08  # [m] of the gripper's lowest corner: from here it first rises, so that it sweeps nothing away
TOLERANCE, TILT_TOLERANCE = 0.003, 0.03  # [m] and [rad] within which a pose counts as possible
OPEN = 1.0


class NothingWithinReach(OftDemoError):
    """No object that an arm could grasp from above."""

    def __init__(self, arms: tuple[str, ...]):
        who = f"the {arms[0]} arm" if len(arms) == 1 else "either arm"
        super().__init__(f"No object is where {who} can reach it from above. Choose the other arm, or push it closer.")


class CannotPointDown(OftDemoError):
    """A place at which the gripper cannot point straight down."""

    def __init__(self, arm: str):
        super().__init__(f"The {arm} gripper cannot point down where it is. Move it towards the middle of its side.")


@dataclass(frozen=True)
class Leg:
    """One piece of a way: where the arm goes, and how far its gripper opens meanwhile."""

    goal: Pose | Float64[np.ndarray, "6"]
    opening: float | None = None  # None: as it is


Legs = Mapping[str, tuple[Leg, ...]]


class Assistant:
    """Plans assists from the scene as it is now."""

    def __init__(self, env: AlohaEnv, hands: Hands):
        self._env = env
        self._hands = hands
        self._kinematics = Kinematics(env.model)
        self._limits = {arm: MotionLimit(env.model, arm, JOINT_ACCELERATION) for arm in ARMS}

    def plan(self, name: str, arm: str | None, targets: Float64[np.ndarray, "14"]) -> Legs:
        """The legs of one arm, or of both; raises UnknownName, NothingWithinReach and CannotPointDown."""
        if name not in ASSISTS:
            raise UnknownName("assist", name, ASSISTS)
        if arm is not None and arm not in ARMS:
            raise UnknownName("arm", arm, ARMS)
        arms = ARMS if arm is None else (arm,)
        plans = {"home": self._home, "above": self._above, "align": self._align}
        return plans[name](arms, targets)

    def _home(self, arms: tuple[str, ...], targets: np.ndarray) -> Legs:
        """The start pose; what a gripper holds it keeps."""
        return {arm: (*self._lift(arm, targets), Leg(np.array(ARM_START_POSE))) for arm in arms}

    def _above(self, arms: tuple[str, ...], targets: np.ndarray) -> Legs:
        """Straight down above the object that is nearest to one of the grippers, and open."""
        now = self._hands.poses(targets)
        distances = {
            (arm, label): float(np.linalg.norm(place - now[arm].position))
            for label, place in self._env.object_positions().items()
            for arm in arms
        }
        places = self._env.object_positions()
        for arm, label in sorted(distances, key=lambda pair: distances[pair]):
            place = places[label]
            height = max(HOVER, place[2] + OVER_OBJECT)
            joints = self._solve(arm, Pose.from_matrix(np.array([*place[:2], height]), DOWN[arm]))
            if joints is not None:
                return {arm: (*self._lift(arm, targets, OPEN), Leg(joints, OPEN))}
        raise NothingWithinReach(arms)

    def _align(self, arms: tuple[str, ...], targets: np.ndarray) -> Legs:
        """Straight down where the gripper is, turned no further than needed."""
        now = self._hands.poses(targets)
        return {arm: (Leg(self._pointing_down(arm, now[arm])),) for arm in arms}

    def _pointing_down(self, arm: str, now: Pose) -> np.ndarray:
        for goal in _ways_down(arm, now):
            joints = self._solve(arm, goal)
            if joints is not None:
                return joints
        raise CannotPointDown(arm)

    def _lift(self, arm: str, targets: np.ndarray, opening: float | None = None) -> tuple[Leg, ...]:
        """Straight up, if the gripper is low."""
        missing = LIFT_BELOW - self._hands.clearances(targets)[arm]
        if missing <= 0:
            return ()
        return (Leg(self._hands.poses(targets)[arm].moved(np.array([0, 0, missing + 0.01]), np.zeros(3)), opening),)

    def _solve(self, arm: str, goal: Pose) -> np.ndarray | None:
        """Joints that bring the gripper there, if there are any."""
        joints = self._kinematics.solve(arm, goal.position, goal.rotation.as_matrix())
        limit = self._limits[arm]
        targets = np.zeros(14)
        end = GRIPPER_INDEX[arm]
        targets[end - 6 : end] = np.clip(joints, limit.low, limit.high)
        shift, twist = self._hands.poses(targets)[arm].way_to(goal)
        reached = np.linalg.norm(shift) < TOLERANCE and np.linalg.norm(twist) < TILT_TOLERANCE
        return targets[end - 6 : end] if reached else None


def _ways_down(arm: str, now: Pose) -> Iterator[Pose]:
    """Poses at the same place that point down: the smallest turn first, then as the task's experts hold it.

    A gripper that is turned by half a turn grasps the same.
    """
    forward = now.rotation.as_matrix()[:, 0]
    axis = np.cross(forward, [0, 0, -1.0])
    angle = np.arctan2(np.linalg.norm(axis), -forward[2])
    if np.linalg.norm(axis) > 1e-6:
        turn = now.rotation.inverse().apply(axis / np.linalg.norm(axis) * angle)
        nearest = now.moved(np.zeros(3), turn)
        yield nearest
        yield nearest.moved(np.zeros(3), np.array([np.pi, 0, 0]))
    elif forward[2] < 0:
        yield now
    yield Pose.from_matrix(now.position, DOWN[arm])
