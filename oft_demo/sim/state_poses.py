"""What recorded states say: where every body was, and how an episode ended."""

from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np
from jaxtyping import Float32, Float64

from ..errors import InvalidData
from ..types import ARMS
from . import scene
from .env import STATE, make_env
from .poses import Kinematics, body_poses
from .robot import joint_limits
from .scene import POT_HEIGHT, POT_INNER_RADIUS
from .tasks import PROGRESS_SIZE
from .wordings import examples

HELD_DISTANCE = 0.05  # [m] between grasp point and object centre of something that is held
LIFTED_HEIGHT = 0.045  # [m] above which nothing lies on the table
OUT_OF_SIGHT = (100.0, 100.0, -100.0)  # [m] where objects stand of which nothing was recorded


@dataclass(frozen=True)
class Ending:
    """How an episode ended, as its last state says."""

    places: tuple[tuple[str, str], ...]  # each object, and in words where it is
    stage: str  # of the rubric of the instruction
    points: float  # 0..100
    success: bool
    fulfilled: tuple[str, ...]  # instructions that are carried out in this state


def state_poses(task: str, states: Float64[np.ndarray, "t n"]) -> Float32[np.ndarray, "t bodies 7"]:
    """Position [m] and quaternion (w x y z) of every body in every state; raises InvalidData for another scene's."""
    model = _model(task)
    _check_size(task, model, states)
    data = mujoco.MjData(model)
    frames = np.empty((len(states), model.nbody - 1, 7), np.float32)
    for frame, state in zip(frames, states, strict=True):
        mujoco.mj_setState(model, data, np.ascontiguousarray(state[:-PROGRESS_SIZE]), STATE)
        mujoco.mj_kinematics(model, data)
        frame[:] = body_poses(model, data)
    return frames


def arm_poses(task: str, joints: Float32[np.ndarray, "t 14"]) -> Float32[np.ndarray, "t bodies 7"]:
    """The same from joints alone: the arms where they were, the objects out of sight."""
    frames = Kinematics(_model(task)).poses(joints)
    unknown = np.isnan(frames[:, :, 0])
    frames[unknown] = (*OUT_OF_SIGHT, 1, 0, 0, 0)
    return frames


def ending(task: str, state: Float64[np.ndarray, "n"], target: Float32[np.ndarray, "14"], instruction: str) -> Ending:
    """How it ended after `target` was applied in the last recorded `state`."""
    env = make_env(task)
    try:
        env.restore(state)
        env.apply(target)
        env.assign(instruction)
        score = env.score()
        places = tuple((label, _place(env.data, task, centre)) for label, centre in env.object_positions().items())
        fulfilled = list[str]()
        for words in examples(task):
            env.assign(words)
            if env.score().success:
                fulfilled.append(words)
    finally:
        env.close()
    return Ending(places, score.stage, score.points, score.success, tuple(fulfilled))


def _place(data: mujoco.MjData, task: str, centre: np.ndarray) -> str:
    if task == "put_x_into_pot":
        offset = np.linalg.norm(centre[:2] - data.mocap_pos[0][:2])
        if offset < POT_INNER_RADIUS and centre[2] < POT_HEIGHT:
            return "in the pot"
    near = [arm for arm in ARMS if np.linalg.norm(data.site(f"{arm}_grasp").xpos - centre) < HELD_DISTANCE]
    if near and centre[2] > LIFTED_HEIGHT:
        return f"held by the {' and the '.join(near)} gripper"
    if centre[2] < -0.05:
        return "off the table"
    if centre[2] > LIFTED_HEIGHT:
        return "in the air"
    return "on the table, " + ("left" if centre[0] < 0 else "right")


def _check_size(task: str, model: mujoco.MjModel, states: np.ndarray) -> None:
    size = mujoco.mj_stateSize(model, STATE) + PROGRESS_SIZE
    if states.shape[1:] != (size,):
        raise InvalidData(
            f"These states have {states.shape[1:]} numbers each; those of {task} have ({size},). "
            "They belong to another task or another version of the scene."
        )


@cache
def _model(task: str) -> mujoco.MjModel:
    """The scene of a task, compiled once; nobody writes to it."""
    return scene.build(task)


def scene_limits() -> Float64[np.ndarray, "14 2"]:
    """Lowest and highest target of each joint; the robot is the same in every scene."""
    return joint_limits(_model("transfer_cube"))
