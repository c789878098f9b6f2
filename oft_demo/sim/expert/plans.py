"""What to do next in each task, planned from the scene as it is now: the scripted experts' knowledge."""

from dataclasses import dataclass, replace

import numpy as np

from ...types import ARMS, GRIPPER_INDEX
from .. import wordings
from ..contacts import fingers_on, held_by, touching
from ..env import AlohaEnv
from ..robot import ARM_START_POSE, start_joints
from ..scene import POT_HEIGHT, POT_INNER_RADIUS
from .kinematics import DOWN, HANDING, TAKING, Kinematics
from .motion import Waypoint

OPEN, CLOSED = 1.0, 0.0
ALIGNED = 0.015  # [m] from the grasp place within which the gripper may go straight down
AT_DEPTH = 0.012  # [m] above the grasp place that counts as there
CLOSE_HOLD, OPEN_HOLD = 0.30, 0.12  # [s] after the gripper command has arrived
HANDOVER = np.array([0.02, 0.5, 0.24])  # [m] where the cube changes hands
AT_HANDOVER = 0.05  # [m] from there within which the left arm may come
INSERTION_HEIGHT = 0.135  # [m]


@dataclass(frozen=True)
class Style:
    """How this episode's expert moves: drawn from its seed."""

    speed: float = 1.0  # times the normal speed
    hover: float = 0.115  # [m] height of the grasp point before it goes down
    along: float = 0.0  # [m] grasp off the middle of the object, along the world's x
    depth: float = 0.0  # [m] deeper or shallower grasp

    @classmethod
    def draw(cls, seed: int) -> "Style":
        """A style from a seed."""
        generator = np.random.default_rng([seed, 2])
        return cls(
            speed=generator.uniform(0.9, 1.1),
            hover=generator.uniform(0.11, 0.12),
            along=generator.uniform(-0.005, 0.005),
            depth=generator.uniform(-0.0015, 0.0015),
        )


class Planner:
    """Builds waypoints for one environment."""

    def __init__(self, env: AlohaEnv, style: Style):
        self.env = env
        self.style = style
        self._kinematics = Kinematics(env.model)

    def plan(self) -> list[Waypoint]:
        """The waypoints from the present state to the end of the task."""
        build = {"put_x_into_pot": self._put, "transfer_cube": self._transfer, "insertion": self._insert}
        waypoints = build[self.env.task]()
        return [replace(waypoint, speed=waypoint.speed * self.style.speed) for waypoint in waypoints]

    def _put(self) -> list[Waypoint]:
        env, style = self.env, self.style
        label = wordings.named_object(env.task, env.instruction)
        if label is None:
            return [Waypoint(start_joints())]
        position = env.object_positions()[label]
        geoms = (label.replace(" ", "_"),)
        pairs = touching(env.model, env.data)
        holder = held_by(pairs, geoms)
        pot = env.data.mocap_pos[0]
        inside = np.linalg.norm(position[:2] - pot[:2]) < POT_INNER_RADIUS and position[2] < POT_HEIGHT
        if inside and not any(fingers_on(pairs, arm, geoms) for arm in ARMS):
            return [Waypoint(start_joints())]
        arm = holder or ("left" if position[0] < 0 else "right")
        waypoints: list[Waypoint] = []
        if holder is None:
            grasp = np.array([position[0] + style.along, position[1], 0.019 + style.depth])
            waypoints += self._grasp_from_above(arm, grasp)
            above = grasp
        else:
            above = env.data.site(f"{arm}_grasp").xpos.copy()
        if above[2] < 0.1:
            waypoints.append(self._at(arm, [*above[:2], 0.12], CLOSED, speed=1.3, stop=False))
        waypoints += [
            self._at(arm, [pot[0], pot[1], 0.125], CLOSED, hold=0.12),
            self._at(arm, [pot[0], pot[1], 0.125], OPEN, hold=OPEN_HOLD),
            Waypoint(start_joints()),
        ]
        return waypoints

    def _grasp_from_above(self, arm: str, grasp: np.ndarray) -> list[Waypoint]:
        """Hover, go down, close; shorter when the open gripper already is above the place."""
        here = self.env.data.site(f"{arm}_grasp").xpos
        upright = self.env.data.site(f"{arm}_grasp").xmat.reshape(3, 3)[2, 0] < -0.97
        opening = self.env.commanded()[GRIPPER_INDEX[arm]]
        above = bool(np.linalg.norm(here[:2] - grasp[:2]) < ALIGNED) and upright
        close = [self._at(arm, grasp, CLOSED, hold=CLOSE_HOLD)]
        if above and here[2] < grasp[2] + AT_DEPTH and opening < 0.95:
            return close  # it was closing when the plan was made anew
        waypoints: list[Waypoint] = []
        if not above or opening < 0.7:
            if here[2] < self.style.hover - 0.025 and upright:
                waypoints.append(self._at(arm, [*here[:2], self.style.hover], OPEN, stop=False))
            waypoints.append(self._at(arm, [*grasp[:2], self.style.hover], OPEN, stop=False))
        if here[2] > 0.075 or waypoints:
            waypoints.append(self._at(arm, [*grasp[:2], 0.065], OPEN, speed=1.0, stop=False))
        return [*waypoints, self._at(arm, grasp, OPEN, speed=0.7, hold=0.1), *close]

    def _transfer(self) -> list[Waypoint]:
        env = self.env
        pairs = touching(env.model, env.data)
        holding = {arm: fingers_on(pairs, arm, ("red_box",)) == 2 for arm in ARMS}
        cube = env.object_positions()["red cube"]
        there = holding["right"] and self._near("right", HANDOVER, AT_HANDOVER)
        # The cube may sit off the middle of the right gripper: then it is taken where it is.
        centre = cube if there else HANDOVER
        right_there = self._joints("right", HANDOVER, HANDING)
        left_near = self._joints("left", [centre[0] - 0.10, centre[1], centre[2]], TAKING)
        left_there = self._joints("left", [centre[0] - 0.004, centre[1], centre[2]], TAKING)
        right_away = self._joints("right", HANDOVER + np.array([0.11, 0, 0]), HANDING)
        take = [
            self._both(left_there, OPEN, right_there, CLOSED, speed=0.9, hold=0.12),
            self._both(left_there, CLOSED, right_there, CLOSED, hold=CLOSE_HOLD),
        ]
        let_go = [
            self._both(left_there, CLOSED, right_there, OPEN, hold=0.1),
            self._both(left_there, CLOSED, right_away, OPEN, speed=1.2),
            self._both(left_near, CLOSED, right_away, OPEN, speed=1.0),
        ]
        if holding["left"]:
            return let_go if holding["right"] else let_go[2:]
        if holding["right"]:
            if there and self._near("left", HANDOVER, 0.13):
                return [*take, *let_go]
            return [self._both(left_near, OPEN, right_there, CLOSED, hold=0.15), *take, *let_go]
        home = np.array(ARM_START_POSE)
        grasp = np.array([cube[0] + self.style.along, cube[1], 0.022 + self.style.depth])
        pick = self._grasp_from_above("right", grasp)
        lifted = self._joints("right", [*grasp[:2], 0.12], DOWN["right"])
        return [
            *pick,
            self._both(home, start_joints()[6], lifted, CLOSED, speed=1.3, stop=False),
            self._both(left_near, OPEN, right_there, CLOSED, hold=0.15),
            *take,
            *let_go,
        ]

    def _insert(self) -> list[Waypoint]:
        env = self.env
        pairs = touching(env.model, env.data)
        sockets = ("socket-1", "socket-2", "socket-3", "socket-4")
        positions = {"right": env.data.body("peg").xpos.copy(), "left": env.data.body("socket").xpos.copy()}
        holding = {
            "right": fingers_on(pairs, "right", ("red_peg",)) == 2,
            "left": fingers_on(pairs, "left", sockets) == 2,
        }
        waypoints: list[Waypoint] = []
        outward = {"left": -0.02, "right": 0.02}
        heights = {"left": 0.022, "right": 0.014}
        grasps = {
            arm: np.array([positions[arm][0] + outward[arm], positions[arm][1], heights[arm] + self.style.depth])
            for arm in ARMS
        }
        offsets = {arm: grasps[arm] - [*positions[arm][:2], heights[arm] - 0.004] for arm in ARMS}
        if all(holding.values()):
            offsets = {arm: env.data.site(f"{arm}_grasp").xpos - positions[arm] for arm in ARMS}
        else:
            waypoints += self._grasp_both(grasps)
        if not all(holding.values()) or min(position[2] for position in positions.values()) < 0.08:
            feet = {arm: [*grasps[arm][:2], INSERTION_HEIGHT - 0.02] for arm in ARMS}
            if all(holding.values()):
                feet = {arm: [*env.data.site(f"{arm}_grasp").xpos[:2], INSERTION_HEIGHT - 0.02] for arm in ARMS}
            waypoints.append(self._pair(feet, CLOSED, speed=0.8))
        socket_place = np.array([-0.08, 0.5, INSERTION_HEIGHT])
        peg_far, peg_in = socket_place + np.array([0.17, 0, 0]), socket_place + np.array([0.088, 0, 0])
        apart = abs(positions["right"][0] - positions["left"][0]) > 0.185
        level = abs(positions["right"][1:] - positions["left"][1:]).max() < 0.012
        if apart or not level or not all(holding.values()):
            far = {"left": socket_place + offsets["left"], "right": peg_far + offsets["right"]}
            waypoints.append(self._pair(far, CLOSED, speed=0.8, hold=0.4))
        near = {"left": socket_place + offsets["left"], "right": peg_in + offsets["right"]}
        waypoints.append(self._pair(near, CLOSED, speed=0.35, hold=0.5))
        return waypoints

    def _grasp_both(self, grasps: dict[str, np.ndarray]) -> list[Waypoint]:
        """As _grasp_from_above, for both arms together."""
        close = [self._pair(grasps, CLOSED, hold=CLOSE_HOLD + 0.1)]
        here = {arm: self.env.data.site(f"{arm}_grasp").xpos for arm in ARMS}
        openings = [self.env.commanded()[GRIPPER_INDEX[arm]] for arm in ARMS]
        above = all(np.linalg.norm(here[arm][:2] - grasps[arm][:2]) < ALIGNED for arm in ARMS)
        if above and min(openings) < 0.95 and all(here[arm][2] < grasps[arm][2] + AT_DEPTH for arm in ARMS):
            return close
        waypoints: list[Waypoint] = []
        if not above or min(openings) < 0.7:
            waypoints.append(self._pair({arm: [*grasp[:2], self.style.hover] for arm, grasp in grasps.items()}, OPEN))
        if waypoints or max(position[2] for position in here.values()) > 0.075:
            above_table = {arm: [*grasp[:2], 0.065] for arm, grasp in grasps.items()}
            waypoints.append(self._pair(above_table, OPEN, speed=1.0, stop=False))
        return [*waypoints, self._pair(grasps, OPEN, speed=0.6, hold=0.2), *close]

    def _near(self, arm: str, place: np.ndarray, distance: float) -> bool:
        return float(np.linalg.norm(self.env.data.site(f"{arm}_grasp").xpos - place)) < distance

    def _joints(self, arm: str, position, rotation: np.ndarray) -> np.ndarray:
        return self._kinematics.solve(arm, np.asarray(position, dtype=float), rotation)

    def _at(self, arm: str, position, gripper: float, **motion) -> Waypoint:
        """One arm pointing down at a place, the other one at its start pose."""
        joints = start_joints().astype(np.float64)
        end = GRIPPER_INDEX[arm]
        joints[end - 6 : end] = self._joints(arm, position, DOWN[arm])
        joints[end] = gripper
        return Waypoint(joints, **motion)

    def _pair(self, places: dict, gripper: float, **motion) -> Waypoint:
        """Both arms pointing down, each at its place."""
        solved = {arm: self._joints(arm, places[arm], DOWN[arm]) for arm in ARMS}
        return self._both(solved["left"], gripper, solved["right"], gripper, **motion)

    def _both(
        self, left: np.ndarray, left_gripper: float, right: np.ndarray, right_gripper: float, **motion
    ) -> Waypoint:
        return Waypoint(np.array([*left, left_gripper, *right, right_gripper]), **motion)
