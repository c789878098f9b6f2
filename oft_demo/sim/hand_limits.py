"""What an arm may do in one tick: ranges, speeds and accelerations of its joints, and the table."""

import mink
import mujoco
import numpy as np
from jaxtyping import Float64

from ..types import ARMS
from .robot import ACTUATORS_PER_ARM, FINGER_TRAVEL
from .scene import GRASP_POINT

TABLE_GAP = 0.0005  # [m] that stays between the table, which is at height 0, and the gripper
TABLE_BRAKING = 1.0  # [m/s^2] with which a gripper slows down above the table
TABLE_RISE = 0.03  # [m/s] with which one that is too low comes up
ELBOW = 2  # of an arm's joints
# [rad] The elbow is straight at -1.375, where a pull inwards no longer tells it which way to bend. It stops before.
BENT_ELBOW = -1.23

FINGERTIP = (0.1537, 0.0015, 0.005)  # [m] in the gripper link's frame: forward, half thickness, half height of a tip
FINGERTIP_INSET = 0.0211  # [m] between a finger's position and the inner side of its tip
BAR = ((0.0173, 0.0765), (-0.075, 0.075), (-0.0353, 0.0353))  # [m] ends of the gripper bar in that frame
WRIST = (-0.0697, 0.0, 0.0)  # [m] the middle of the wrist in that frame
WRIST_RADIUS = 0.036  # [m]


def arm_slice(arm: str) -> slice:
    """Where an arm's six joints are among MuJoCo's positions and velocities, which begin with the arms."""
    start = ARMS.index(arm) * ACTUATORS_PER_ARM
    return slice(start, start + 6)


def braking_speed(distance: Float64[np.ndarray, " n"], braking: float, dt: float) -> Float64[np.ndarray, " n"]:
    """The highest speed of the next tick from which one still comes to rest within `distance`, tick by tick.

    Each further tick is slower by one unit of `braking` dt. With m whole units and a part f of one the way is
    m (m + 1) / 2 + f (m + 1), in units of `braking` dt^2.
    """
    way = np.maximum(distance, 0) / (braking * dt * dt)
    whole = np.floor((np.sqrt(1 + 8 * way) - 1) / 2)
    return (whole / 2 + way / (whole + 1)) * (braking * dt)


class MotionLimit:
    """Ranges, speeds and accelerations of one arm's joints, as one box of velocities that is never empty."""

    def __init__(self, model: mujoco.MjModel, arm: str, acceleration: float):
        self._acceleration = acceleration
        self.low, self.high = model.actuator_ctrlrange[arm_slice(arm)].T.copy()  # [rad]
        self.low[ELBOW] = max(self.low[ELBOW], BENT_ELBOW)

    def box(
        self, joints: Float64[np.ndarray, "6"], velocities: Float64[np.ndarray, "6"], dt: float, speed: float
    ) -> tuple[Float64[np.ndarray, "6"], Float64[np.ndarray, "6"]]:
        """Lowest and highest velocity of each joint [rad/s] in the next tick, no more than `speed` where they can."""
        rooms = np.concatenate([joints - self.low, self.high - joints])
        allowed = np.minimum(braking_speed(rooms, self._acceleration, dt), speed)
        slower, faster = velocities - self._acceleration * dt, velocities + self._acceleration * dt
        # Where the limits ask for more than the joints can brake, they brake as fast as they can.
        low = np.minimum(np.maximum(slower, -allowed[:6]), faster)
        return low, np.maximum(np.minimum(faster, allowed[6:]), slower)


class TableLimit:
    """No corner of one arm's gripper goes below the table; where one already is, it slowly comes out."""

    def __init__(self, model: mujoco.MjModel, arm: str):
        self._model = model
        self._site = model.site(f"{arm}_grasp").id
        self._dofs = arm_slice(arm)
        self._shifting, self._turning = np.zeros((2, 3, model.nv))
        bar = [(x, y, z) for x in BAR[0] for y in BAR[1] for z in BAR[2]]
        self._corners = np.array([*[FINGERTIP] * 4, *bar, WRIST]) - GRASP_POINT
        self._radii = np.array([0.0] * (len(self._corners) - 1) + [WRIST_RADIUS])
        self._tip_sides = np.array([-1, -1, 1, 1])
        self._corners[:4, 2] = FINGERTIP[2] * np.array([-1, 1, -1, 1])

    def rows(
        self, configuration: mink.Configuration
    ) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, "points 6"]]:
        """How far each corner is above the table [m], and how it rises with the joints [m/rad]."""
        heights, offsets = self._offsets(configuration)
        mujoco.mj_jacSite(self._model, configuration.data, self._shifting, self._turning, self._site)
        rising, turning = self._shifting[2, self._dofs], self._turning[:, self._dofs]
        # The vertical part of how a corner moves: that of the grasp point, and of turning about it.
        return heights, rising + offsets[:, 1:2] * turning[0] - offsets[:, 0:1] * turning[1]

    def heights(self, configuration: mink.Configuration) -> Float64[np.ndarray, " points"]:
        """How far each corner is above the table [m]."""
        return self._offsets(configuration)[0]

    def slowest(self, heights: Float64[np.ndarray, " points"], dt: float) -> Float64[np.ndarray, " points"]:
        """The lowest change of each height in one tick [m]."""
        rooms = heights - TABLE_GAP
        return np.minimum(-rooms, TABLE_RISE * dt) * (rooms < 0) - braking_speed(rooms, TABLE_BRAKING, dt) * dt

    def opening_room(self, configuration: mink.Configuration) -> float:
        """How much further the gripper can open before a tilted fingertip meets the table [openings]."""
        tip = float(self.heights(configuration)[:4].min())
        sinking = abs(float(configuration.data.site_xmat[self._site, 7])) * FINGER_TRAVEL  # [m] with one opening
        return max(0.0, tip - TABLE_GAP) / max(sinking, 1e-6)

    def _offsets(self, configuration: mink.Configuration) -> tuple[np.ndarray, np.ndarray]:
        """Heights of the corners, and where they are from the grasp point on [m], in the world's frame."""
        finger = configuration.data.qpos[self._dofs.stop]
        self._corners[:4, 1] = self._tip_sides * (finger - FINGERTIP_INSET + FINGERTIP[1])
        rotation = configuration.data.site_xmat[self._site].reshape(3, 3)
        offsets = self._corners @ rotation.T
        return configuration.data.site_xpos[self._site, 2] + offsets[:, 2] - self._radii, offsets
