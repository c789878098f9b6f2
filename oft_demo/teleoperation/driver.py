"""A person's hands on both arms: one target for every control step, always within limits and never a jump."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from oft_demo.sim import AlohaEnv
from oft_demo.sim.hand_limits import braking_speed
from oft_demo.sim.hands import Hands, HandStep, Pose, Reach
from oft_demo.types import ARMS, CONTROL_HZ, GRIPPER_INDEX

from .assists import Assistant, Leg
from .inputs import ArmInput, HandsInput
from .steering import Steering, joints_towards

SLOW = 0.25  # share of full speed in slow mode
GRIP_SPEED = 2.5  # [openings/s]
GRIP_CHANGE = 25.0  # [openings/s^2]
ARRIVED, ARRIVED_JOINTS = 0.001, 0.002  # [m] and [rad] from the end of a leg
STUCK_TICKS = 50  # in which an assist is hindered, or comes no nearer to the end of its leg
NEARER = 5.0  # tolerances that count as nearer; the slowest arm needs 15 ticks for them
REACH_TICKS = 5  # that a hindrance stays visible, so that it does not flicker
NOTES: Mapping[Reach, str] = {
    "free": "",
    "limit": "A joint of the {arm} arm is at its end. Go back, or turn the gripper.",
    "singular": "The {arm} wrist cannot turn this way here. Tilt the gripper first.",
    "far": "The {arm} arm is stretched out: it cannot reach further.",
    "table": "The {arm} gripper is at the table.",
}
STUCK_NOTE = "The assist stopped: the {arm} arm cannot go on."


@dataclass(frozen=True)
class HandState:
    """One arm as it is commanded now."""

    pose: Pose
    joints: Float64[np.ndarray, "7"]  # [rad], gripper 0..1
    reach: Reach
    note: str  # for people; empty while the arm follows


class _Arm:
    """What one arm is doing."""

    def __init__(self) -> None:
        self.steering = Steering()
        self.legs: tuple[Leg, ...] = ()
        self.nearest = np.inf  # how near the end of the present leg it came, in tolerances
        self.stuck = 0  # ticks without getting on
        self.reach: Reach = "free"
        self.reach_age = 0  # ticks since it was last hindered
        self.note = ""

    def begin(self, legs: tuple[Leg, ...]) -> None:
        """Carry out these legs."""
        self.legs, self.nearest, self.stuck = legs, np.inf, 0

    def tell(self, reach: Reach) -> None:
        """Keep what hinders the arm visible for a moment."""
        self.reach_age = 0 if reach != "free" else self.reach_age + 1
        if reach != "free" or self.reach_age > REACH_TICKS:
            self.reach = reach


class HumanDriver:
    """Turns a person's inputs into joint targets; use it from the thread of its env."""

    def __init__(self, env: AlohaEnv):
        self._env = env
        self._hands = Hands(env.model)
        self._assistant = Assistant(env, self._hands)
        self._assist: str | None = None
        self.take()

    def take(self) -> None:
        """Start from the target that is being held, whoever set it: no jump."""
        self._targets = self._env.commanded().astype(np.float64)
        self._velocities = np.zeros(len(self._targets))
        self._arms = {arm: _Arm() for arm in ARMS}
        self._assist = None

    def target(self, given: HandsInput, dt: float = 1 / CONTROL_HZ) -> Float32[np.ndarray, "14"]:
        """The next target, `dt` [s] after the last one."""
        if not given.idle:
            self._touch()
        pace = given.limit * (SLOW if given.slow else 1.0)
        now = self._hands.poses(self._targets)
        goals = {arm: goal for arm in ARMS if (goal := self._goal(arm, given, now[arm], pace, dt)) is not None}
        openings = {arm: self._opened(arm, given.arms.get(arm, ArmInput()), pace, dt) for arm in ARMS}
        self._adopt(self._hands.step(self._targets, self._velocities, goals, dt), openings, dt)
        return self._targets.astype(np.float32)

    def assist(self, name: str, arm: str | None) -> None:
        """Begin a small movement: "home", "above" (the nearest object, gripper open) or "align" (straight down).

        It is carried out by the next targets, until it is done or a control is touched. Raises an error for people
        where it is not possible.
        """
        legs = self._assistant.plan(name, arm, self._targets)
        self._touch()
        for side, way in legs.items():
            self._arms[side].begin(way)
        self._assist = name

    @property
    def assisting(self) -> str | None:
        """The assist that is under way."""
        return self._assist

    @property
    def hands(self) -> Mapping[str, HandState]:
        """Both arms as they are commanded now, whoever commands them."""
        commanded = self._env.commanded().astype(np.float64)
        poses = self._hands.poses(commanded)
        return {arm: self._state(arm, poses[arm], commanded) for arm in ARMS}

    def _state(self, arm: str, pose: Pose, commanded: np.ndarray) -> HandState:
        state, end = self._arms[arm], GRIPPER_INDEX[arm]
        note = state.note or NOTES[state.reach].format(arm=arm)
        return HandState(pose, commanded[end - 6 : end + 1], state.reach, note)

    def _touch(self) -> None:
        self._assist = None
        for arm in self._arms.values():
            arm.begin(())
            arm.note = ""

    def _goal(self, arm: str, given: HandsInput, now: Pose, pace: float, dt: float):
        """Where this arm should be after this tick, None where it rests."""
        state, asked = self._arms[arm], given.arms.get(arm, ArmInput())
        self._finish_leg(arm, now)
        if asked.steers:
            return state.steering.steer(now, asked.move, asked.turn, pace, dt)
        wanted = state.legs[0].goal if state.legs else asked.goal
        if isinstance(wanted, Pose):
            return state.steering.chase(now, wanted, pace, dt)
        wanted = np.array(asked.joints) if wanted is None and asked.joints else wanted
        if wanted is not None:
            state.steering.rest()
            joints = slice(GRIPPER_INDEX[arm] - 6, GRIPPER_INDEX[arm])
            return joints_towards(self._targets[joints], self._velocities[joints], wanted, pace, dt)
        return state.steering.coast(now, dt)

    def _finish_leg(self, arm: str, now: Pose) -> None:
        """Go on to the next leg where this one is done, and give up where it does not go on."""
        state = self._arms[arm]
        if not state.legs:
            return
        left = self._left(arm, state.legs[0], now)
        nearer = left < state.nearest - min(NEARER, 0.01 * left)
        state.nearest = left if nearer else state.nearest
        state.stuck = 0 if nearer and state.reach == "free" else state.stuck + 1
        if left < 1:
            state.begin(state.legs[1:])
        elif state.stuck > STUCK_TICKS:
            state.begin(())
            state.note = STUCK_NOTE.format(arm=arm)
        if not any(other.legs for other in self._arms.values()):
            self._assist = None

    def _left(self, arm: str, leg: Leg, now: Pose) -> float:
        """How far the end of a leg is, in tolerances."""
        end = GRIPPER_INDEX[arm]
        gripper = 0.0 if leg.opening is None else abs(leg.opening - self._targets[end]) / 0.01
        if isinstance(leg.goal, Pose):
            return max(gripper, float(np.linalg.norm(leg.goal.position - now.position)) / ARRIVED)
        return max(gripper, float(np.abs(leg.goal - self._targets[end - 6 : end]).max()) / ARRIVED_JOINTS)

    def _adopt(self, step: HandStep, openings: Mapping[str, float], dt: float) -> None:
        self._targets, self._velocities = step.targets, step.velocities
        for arm, state in self._arms.items():
            state.tell(step.reach[arm])
            index = GRIPPER_INDEX[arm]
            self._velocities[index] = (openings[arm] - self._targets[index]) / dt
            self._targets[index] = openings[arm]

    def _opened(self, arm: str, asked: ArmInput, pace: float, dt: float) -> float:
        """The gripper's next target, by rate or towards an opening, as far as the table leaves room."""
        index, legs = GRIPPER_INDEX[arm], self._arms[arm].legs
        here, before, fastest = self._targets[index], self._velocities[index], GRIP_SPEED * pace
        wanted = legs[0].opening if legs else asked.opening
        if asked.grip:
            wanted, fastest = float(asked.grip > 0), fastest * abs(asked.grip)
        if wanted is None:
            wanted = here
        if wanted == here and not before:
            return here
        room = self._hands.opening_room(self._targets, arm)
        gap = np.array([min(wanted - here, room)])
        speed = np.sign(gap) * np.minimum(fastest, braking_speed(np.abs(gap), GRIP_CHANGE, dt))
        velocity = before + np.clip(speed - before, -GRIP_CHANGE * dt, GRIP_CHANGE * dt)
        return float(np.clip(here + min(float(velocity[0]) * dt, room), 0.0, 1.0))
