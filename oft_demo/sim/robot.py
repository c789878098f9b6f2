"""The ALOHA robot as gym-aloha models it: units, start pose, and the map between 14 joints and 16 actuators."""

from importlib.resources import files
from pathlib import Path

import mujoco
import numpy as np

from ..types import ARMS, GRIPPER_INDEX, JOINT_COUNT

# gym-aloha's finger travel [m] that the gripper's 0 (closed) .. 1 (open) stands for
FINGER_CLOSED = 0.01844
FINGER_OPEN = 0.05800
FINGER_TRAVEL = FINGER_OPEN - FINGER_CLOSED

ARM_START_POSE = (0.0, -0.96, 1.16, 0.0, -0.3, 0.0)  # [rad]
START_FINGER = 0.02239  # [m]
START_GRIPPER = (START_FINGER - FINGER_CLOSED) / FINGER_TRAVEL

ARM_BASE_X = {"left": -0.469, "right": 0.469}  # [m]
ARM_BASE_Y = 0.5
ACTUATORS_PER_ARM = 8  # six joints and two mirrored fingers


def asset_path(name: str) -> Path:
    """A file of gym-aloha's asset folder."""
    return Path(str(files("gym_aloha"))) / "assets" / name


def start_joints() -> np.ndarray:
    """The start pose as (14,) joints, grippers nearly closed."""
    return np.array([*ARM_START_POSE, START_GRIPPER] * len(ARMS), dtype=np.float32)


def to_actuators(target: np.ndarray) -> np.ndarray:
    """(14,) joint targets -> (16,) actuator targets: the gripper becomes two mirrored finger positions [m]."""
    controls = np.empty(ACTUATORS_PER_ARM * len(ARMS))
    for side, arm in enumerate(ARMS):
        gripper = GRIPPER_INDEX[arm]
        start = side * ACTUATORS_PER_ARM
        finger = target[gripper] * FINGER_TRAVEL + FINGER_CLOSED
        controls[start : start + 6] = target[gripper - 6 : gripper]
        controls[start + 6 : start + 8] = finger, -finger
    return controls


def from_positions(values: np.ndarray) -> np.ndarray:
    """(16,) actuator-ordered positions -> (14,) joints, read from the first finger as gym-aloha does."""
    joints = np.empty(JOINT_COUNT, dtype=np.float32)
    for side, arm in enumerate(ARMS):
        gripper = GRIPPER_INDEX[arm]
        start = side * ACTUATORS_PER_ARM
        joints[gripper - 6 : gripper] = values[start : start + 6]
        joints[gripper] = (values[start + 6] - FINGER_CLOSED) / FINGER_TRAVEL
    return joints


def from_velocities(values: np.ndarray) -> np.ndarray:
    """(16,) velocities -> (14,), the gripper in openings a second."""
    joints = np.empty(JOINT_COUNT, dtype=np.float32)
    for side, arm in enumerate(ARMS):
        gripper = GRIPPER_INDEX[arm]
        start = side * ACTUATORS_PER_ARM
        joints[gripper - 6 : gripper] = values[start : start + 6]
        joints[gripper] = values[start + 6] / FINGER_TRAVEL
    return joints


def from_forces(values: np.ndarray) -> np.ndarray:
    """(16,) actuator forces -> (14,): [Nm] of the joints, [N] of the first finger."""
    arms = values.reshape(len(ARMS), ACTUATORS_PER_ARM)
    return arms[:, :7].astype(np.float32).reshape(-1)


def joint_limits(model: mujoco.MjModel) -> np.ndarray:
    """(14, 2) lowest and highest targets that the actuators accept, grippers in 0..1 units."""
    low, high = (from_positions(model.actuator_ctrlrange[:16, side]) for side in (0, 1))
    return np.stack([low, high], axis=1)


def finger_geoms(arm: str) -> tuple[str, str]:
    """Names of the two finger geoms of one arm."""
    return f"vx300s_{arm}/10_left_gripper_finger", f"vx300s_{arm}/10_right_gripper_finger"
