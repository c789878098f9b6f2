"""The simulation as an Env: exact resets, exact states, pictures on demand."""

import numpy as np
import pytest
from contracts import EnvContract

from oft_demo.errors import InvalidData, UnknownName
from oft_demo.sim import TASKS, make_env
from oft_demo.types import CAMERAS


@pytest.fixture(scope="module", params=TASKS)
def env(request):
    simulation = make_env(request.param, image_size=(48, 64))
    yield simulation
    simulation.close()


class TestEveryTask(EnvContract):
    """The contract of all envs, for each task."""


def wander(env, steps, seed=0):
    generator = np.random.default_rng(seed)
    goal = env.observe(()).joints
    for _ in range(steps):
        goal = goal + generator.normal(scale=0.03, size=14).astype(np.float32)
        env.apply(goal)


def test_physics_repeats_itself_to_the_last_bit(env):
    ends = []
    for _ in range(2):
        env.reset(12)
        wander(env, 60)
        ends.append(env.state())
    assert np.array_equal(*ends)


def test_a_restored_state_continues_and_looks_exactly_as_the_first_time(env):
    env.reset(3)
    wander(env, 20)
    saved = env.state()
    runs = []
    for _ in range(2):
        env.restore(saved)
        wander(env, 20, seed=1)
        runs.append((env.state(), env.observe(CAMERAS).images))
    assert np.array_equal(runs[0][0], runs[1][0])
    assert all(np.array_equal(runs[0][1][camera], runs[1][1][camera]) for camera in CAMERAS)


def test_only_the_cameras_that_were_asked_for_are_drawn(env):
    assert set(env.observe(("cam_high",)).images) == {"cam_high"}
    assert env.observe(()).images == {}


def test_an_unknown_camera_is_refused_with_the_ones_that_exist(env):
    with pytest.raises(UnknownName, match="cam_left_wrist"):
        env.observe(("webcam",))


def test_a_target_that_is_not_fourteen_finite_numbers_changes_nothing(env):
    before = env.state()
    for wrong in (np.zeros(13), np.full(14, np.nan)):
        with pytest.raises(InvalidData, match="14"):
            env.apply(wrong)
    assert np.array_equal(before, env.state())


def test_a_state_of_another_scene_is_refused(env):
    with pytest.raises(InvalidData, match="another task"):
        env.restore(np.zeros(7))


def test_two_environments_of_one_task_share_nothing(env):
    other = make_env(env.task)
    env.reset(1)
    other.reset(2)
    untouched = env.state()
    wander(other, 10)
    assert np.array_equal(env.state(), untouched)


def test_a_target_beyond_a_joint_limit_is_held_at_the_limit(env):
    env.reset(0)
    env.apply(np.full(14, 10.0, dtype=np.float32))
    assert np.all(env.commanded() <= env.joint_limits[:, 1] + 1e-6)


def test_projected_objects_are_where_their_colour_is_in_the_picture():
    env = make_env("put_x_into_pot")
    env.reset(2)
    picture = env.observe(("cam_high",)).images["cam_high"].astype(int)
    u, v = env.project("cam_high", env.object_positions()["red pepper"])
    red, green, blue = picture[int(v * 240), int(u * 320)]
    assert red > 2 * green
    assert red > 2 * blue
    assert env.project("cam_high", np.array([0.0, -5.0, 0.0])) is None
    env.close()


def test_a_wrist_camera_sees_what_is_between_the_fingers():
    env = make_env("transfer_cube")
    env.reset(5)
    start = env.model.jnt_qposadr[env.model.joint("red_box_joint").id]
    env.data.qpos[start : start + 3] = env.data.site("right_grasp").xpos
    env.restore(env.state())
    picture = env.observe(("cam_right_wrist",)).images["cam_right_wrist"].astype(int)
    middle = picture[100:180, 120:200].reshape(-1, 3)
    assert np.mean((middle[:, 0] > 2 * middle[:, 1]) & (middle[:, 0] > 80)) > 0.2
    env.close()
