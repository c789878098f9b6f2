"""Joint angles for a wanted pose of a gripper's grasp point, by mink's differential inverse kinematics."""

import mink
import mujoco
import numpy as np

from ...types import GRIPPER_INDEX
from ..robot import ACTUATORS_PER_ARM, ARM_BASE_X, ARM_BASE_Y

ITERATIONS = 60
TOLERANCE = 5e-4  # [m]
TIME_STEP = 0.1  # [s] of one solver iteration: the step is a velocity times this
# A bent elbow and an unrolled forearm: from here the solver stays on the branch where the wrist points down.
READY_POSE = (-0.2, 0.6, 0.0, 1.1)  # [rad] shoulder, elbow, forearm roll, wrist angle

DOWN = {
    "left": np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0.0]]),
    "right": np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0.0]]),
}
# Columns: the gripper's forward, closing and upper axis in the world. In the hand-over the right gripper points left
# with its fingers side by side, and the left one points right with its fingers above each other.
HANDING = np.array([[-1, 0, 0], [0, -1, 0], [0, 0, 1.0]])
TAKING = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0.0]])


class Kinematics:
    """Solves for one arm at a time on a model; keeps its own copy of the joint positions."""

    def __init__(self, model: mujoco.MjModel):
        self._model = model
        self._configuration = mink.Configuration(model)
        self._limits = [mink.ConfigurationLimit(model)]
        self._posture = mink.PostureTask(model, cost=1e-3)

    def solve(self, arm: str, position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        """(6,) joint angles [rad] that bring the arm's grasp point to `position` [m] with `rotation` (3, 3)."""
        position = np.asarray(position, dtype=np.float64)
        start = GRIPPER_INDEX[arm] // 7 * ACTUATORS_PER_ARM
        joints = self._model.qpos0.copy()  # not the last solution, so that the same question has the same answer
        joints[start : start + 6] = self._seed(arm, position, rotation)
        self._configuration.update(joints)
        self._posture.set_target(joints)
        frame = mink.FrameTask(f"{arm}_grasp", "site", position_cost=1.0, orientation_cost=0.3, lm_damping=1e-4)
        frame.set_target(
            mink.SE3.from_rotation_and_translation(mink.SO3.from_matrix(np.asarray(rotation, dtype=float)), position)
        )
        for _ in range(ITERATIONS):
            velocity = mink.solve_ik(
                self._configuration, [frame, self._posture], TIME_STEP, solver="daqp", limits=self._limits
            )
            self._configuration.integrate_inplace(velocity, TIME_STEP)
            if np.linalg.norm(frame.compute_error(self._configuration)[:3]) < TOLERANCE:
                break
        return self._configuration.q[start : start + 6].copy()

    def _seed(self, arm: str, position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        side = 1.0 if arm == "left" else -1.0
        waist = np.arctan2(side * (position[1] - ARM_BASE_Y), side * (position[0] - ARM_BASE_X[arm]))
        if abs(rotation[2, 0]) > 0.5:  # the gripper points down
            return np.array([waist, *READY_POSE, waist])
        return np.array([waist, -0.6, 0.6, 0.0, 0.0, np.pi / 2 if arm == "left" else 0.0])
