"""Where bodies are, and where joint targets would bring the arms."""

import numpy as np
import pytest

from oft_demo.sim import make_env
from oft_demo.sim.poses import Kinematics, body_poses
from oft_demo.sim.robot import start_joints
from oft_demo.types import ARMS


@pytest.fixture(scope="module")
def env():
    env = make_env("put_x_into_pot")
    env.reset(4)
    return env


def rows(count: int) -> np.ndarray:
    """Joint targets around the start pose."""
    shifts = np.linspace(0, 0.3, count)[:, None] * np.ones(14)
    return (start_joints() + shifts).astype(np.float32)


def test_poses_are_those_of_the_simulation(env):
    poses = body_poses(env.model, env.data)
    assert poses.shape == (env.model.nbody - 1, 7)
    for label in ("red pepper", "pot"):
        body = env.data.body(label.replace(" ", "_"))
        assert poses[body.id - 1] == pytest.approx([*body.xpos, *body.xquat], abs=1e-6)


def test_a_chunk_of_what_is_held_is_where_the_arms_are(env):
    env.reset(4)
    frames = Kinematics(env.model).poses(env.observe(()).joints[None])
    now = body_poses(env.model, env.data)
    arms = ~np.isnan(frames[0, :, 0])
    assert frames[0][arms] == pytest.approx(now[arms], abs=1e-4)


def test_only_the_robot_has_a_place_in_a_chunk(env):
    frames = Kinematics(env.model).poses(rows(3))
    for body in range(1, env.model.nbody):
        belongs = env.model.body(body).name.startswith("vx300s_")
        assert np.isnan(frames[:, body - 1]).all() != belongs


def test_planning_ahead_leaves_the_simulation_alone(env):
    before = env.state()
    kinematics = Kinematics(env.model)
    kinematics.poses(rows(5))
    kinematics.gripper_paths(rows(5))
    assert np.array_equal(env.state(), before)


def test_gripper_paths_go_through_the_grasp_points(env):
    env.reset(4)
    paths = Kinematics(env.model).gripper_paths(np.stack([env.observe(()).joints] * 2))
    assert set(paths) == set(ARMS)
    for arm in ARMS:
        assert paths[arm] == pytest.approx(np.stack([env.data.site(f"{arm}_grasp").xpos] * 2), abs=1e-4)


def test_one_arms_targets_move_that_arm_alone(env):
    targets = rows(2)
    targets[1] = targets[0]
    targets[1, 0] += 0.5  # the left waist
    paths = Kinematics(env.model).gripper_paths(targets)
    assert np.linalg.norm(paths["left"][1] - paths["left"][0]) > 0.05
    assert np.array_equal(paths["right"][1], paths["right"][0])
