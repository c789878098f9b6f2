"""Where a gripper's grasp point is, and how it is turned."""

import math
from dataclasses import dataclass

import mink
import mujoco
import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True)
class Pose:
    """A pose of the site {arm}_grasp in the world."""

    position: Float64[np.ndarray, "3"]  # [m]
    quaternion: Float64[np.ndarray, "4"]  # w x y z, of length 1

    @classmethod
    def from_matrix(cls, position: Float64[np.ndarray, "3"], rotation: Float64[np.ndarray, "3 3"]) -> "Pose":
        """From a rotation matrix whose columns are the gripper's forward, closing and upper axis in the world."""
        return cls(np.array(position), mink.SO3.from_matrix(rotation).wxyz)

    @property
    def rotation(self) -> mink.SO3:
        """From the gripper's frame to the world's."""
        return mink.SO3(self.quaternion)

    @property
    def transform(self) -> mink.SE3:
        """As mink's tasks take it."""
        return mink.SE3.from_rotation_and_translation(self.rotation, self.position)

    def moved(self, shift: Float64[np.ndarray, "3"], turn: Float64[np.ndarray, "3"]) -> "Pose":
        """Shifted along the world's axes [m] and turned about the gripper's own ones [rad]."""
        turned = self.quaternion.copy()
        mujoco.mju_quatIntegrate(turned, turn, 1.0)
        mujoco.mju_normalize4(turned)
        return Pose(self.position + shift, turned)

    def way_to(self, goal: "Pose") -> tuple[Float64[np.ndarray, "3"], Float64[np.ndarray, "3"]]:
        """The shift and the turn with which `moved` gives the goal, the shorter way round."""
        turn = np.empty(3)
        mujoco.mju_subQuat(turn, goal.quaternion, self.quaternion)
        return goal.position - self.position, turn


def length(vector: Float64[np.ndarray, " n"]) -> float:
    """The Euclidean length; numpy's own costs several times as much for three numbers."""
    return math.sqrt(vector @ vector)
