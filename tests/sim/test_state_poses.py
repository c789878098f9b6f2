"""Recorded states, put back: where bodies were, and how it ended."""

import numpy as np
import pytest

from oft_demo.errors import InvalidData
from oft_demo.sim import make_env
from oft_demo.sim.state_poses import arm_poses, ending, scene_limits, state_poses

TASK = "put_x_into_pot"


@pytest.fixture(scope="module")
def moved():
    """A simulation with three states of a movement, and the poses at each."""
    env = make_env(TASK)
    env.reset(7)
    target = env.commanded()
    states, poses = [], []
    for step in range(3):
        states.append(env.state())
        poses.append(env.poses())
        target = target + np.float32(0.05 * (step + 1))
        env.apply(target)
    yield env, np.array(states), np.array(poses), target
    env.close()


def test_poses_of_states_are_those_of_the_simulation_at_that_time(moved):
    _, states, poses, _ = moved
    np.testing.assert_allclose(state_poses(TASK, states), poses, atol=1e-6)
    assert np.abs(poses[2] - poses[0]).max() > 1e-3


def test_states_of_another_scene_are_refused_with_both_sizes(moved):
    with pytest.raises(InvalidData, match="another task"):
        state_poses("insertion", moved[1])


def test_without_states_the_arms_stand_where_their_joints_say_and_objects_are_out_of_sight(moved):
    env, states, poses, _ = moved
    env.restore(states[2])
    shown = arm_poses(TASK, env.observe(()).joints[None])[0]
    names = [env.model.body(index).name for index in range(1, env.model.nbody)]
    arm, corn = names.index("vx300s_left/gripper_link"), names.index("yellow_corn")
    np.testing.assert_allclose(shown[arm], poses[2][arm], atol=1e-5)
    assert shown[corn][2] < -10
    assert np.isfinite(shown).all()


def test_the_ending_says_where_each_object_is(moved):
    _, states, _, target = moved
    found = ending(TASK, states[-1], target, "put the yellow corn into the pot")
    assert {label for label, _ in found.places} == {"red pepper", "green pepper", "yellow corn"}
    assert all(place.startswith("on the table") for _, place in found.places)
    assert not found.success
    assert found.fulfilled == ()


def test_an_object_in_the_pot_fulfils_the_words_that_name_it_and_no_others():
    env = make_env(TASK)
    env.reset(7)
    joint = env.model.joint("yellow_corn_joint")
    address = env.model.jnt_qposadr[joint.id]
    env.data.qpos[address : address + 3] = [*env.data.mocap_pos[0][:2], 0.03]
    env.apply(env.commanded(), 0.4)
    state, target = env.state(), env.commanded()
    env.close()
    found = ending(TASK, state, target, "put the red pepper into the pot")
    assert dict(found.places)["yellow corn"] == "in the pot"
    assert found.fulfilled == ("put the yellow corn into the pot",)
    assert not found.success
    assert ending(TASK, state, target, "cook the yellow corn").success


def test_limits_are_those_of_the_robot(moved):
    np.testing.assert_array_equal(scene_limits(), moved[0].joint_limits)
