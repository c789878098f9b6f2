"""Where bodies are: now, and where joint targets would bring the arms."""

import mujoco
import numpy as np
from jaxtyping import Float32

from ..types import ARMS
from .robot import to_actuators


def body_poses(model: mujoco.MjModel, data: mujoco.MjData) -> Float32[np.ndarray, "bodies 7"]:
    """Position [m] and quaternion (w x y z) of every body but the world, in the world's frame."""
    return np.concatenate([data.xpos[1:], data.xquat[1:]], axis=1).astype(np.float32)


class Kinematics:
    """Forward kinematics of the arms in a simulation state of its own; one caller at a time."""

    def __init__(self, model: mujoco.MjModel):
        self._model = model
        self._data = mujoco.MjData(model)
        self._robot = np.array([model.body(index).name.startswith("vx300s_") for index in range(1, model.nbody)])

    def poses(self, targets: Float32[np.ndarray, "k 14"]) -> Float32[np.ndarray, "k bodies 7"]:
        """The robot's bodies at every row of a chunk; NaN for all other bodies."""
        frames = np.full((len(targets), self._model.nbody - 1, 7), np.nan, np.float32)
        for frame, target in zip(frames, targets, strict=True):
            self._place(target)
            frame[self._robot] = body_poses(self._model, self._data)[self._robot]
        return frames

    def gripper_paths(self, targets: Float32[np.ndarray, "k 14"]) -> dict[str, Float32[np.ndarray, "k 3"]]:
        """Where each arm's grasp point is at every row [m]."""
        paths = {arm: np.zeros((len(targets), 3), np.float32) for arm in ARMS}
        for index, target in enumerate(targets):
            self._place(target)
            for arm in ARMS:
                paths[arm][index] = self._data.site(f"{arm}_grasp").xpos
        return paths

    def _place(self, target: np.ndarray) -> None:
        self._data.qpos[:16] = to_actuators(target)
        mujoco.mj_kinematics(self._model, self._data)
