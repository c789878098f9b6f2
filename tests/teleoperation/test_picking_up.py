"""Scripted people pick things up with nothing but the controls of the page."""

import pytest
from people import GRASP_HEIGHT, HOVER_HEIGHT, LIFT_HEIGHT, by_dragging, by_keys, hold, nearest_vegetable

from oft_demo.sim import make_env
from oft_demo.teleoperation.driver import HumanDriver


@pytest.fixture(scope="module")
def env():
    return make_env("put_x_into_pot")


@pytest.mark.parametrize("seed", range(4))
def test_a_person_with_keys_picks_up_a_vegetable(env, seed):
    env.reset(seed)
    driver = HumanDriver(env)
    label, arm = nearest_vegetable(env)
    x, y, _ = env.object_positions()[label]
    by_keys(driver, env, arm, (x, y, HOVER_HEIGHT))
    hold(driver, env, arm, 30, grip=1.0)
    by_keys(driver, env, arm, (x, y, GRASP_HEIGHT))
    hold(driver, env, arm, 35, grip=-1.0)
    by_keys(driver, env, arm, (x, y, LIFT_HEIGHT), down=False)
    assert env.object_positions()[label][2] > 0.1


@pytest.mark.parametrize("seed", range(4, 8))
def test_a_person_who_drags_the_gripper_picks_up_a_vegetable(env, seed):
    env.reset(seed)
    driver = HumanDriver(env)
    label, arm = nearest_vegetable(env)
    x, y, _ = env.object_positions()[label]
    by_dragging(driver, env, arm, (x, y, HOVER_HEIGHT), opening=1.0)
    by_dragging(driver, env, arm, (x, y, GRASP_HEIGHT), opening=1.0)
    hold(driver, env, arm, 35, opening=0.0)
    by_dragging(driver, env, arm, (x, y, LIFT_HEIGHT))
    assert env.object_positions()[label][2] > 0.1
