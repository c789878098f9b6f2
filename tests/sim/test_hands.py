"""Hands follow their goals, keep every limit, and say truthfully what stops them."""

import numpy as np
import pytest

from oft_demo.sim import make_env
from oft_demo.sim.expert.kinematics import DOWN
from oft_demo.sim.hand_limits import MotionLimit, braking_speed
from oft_demo.sim.hands import JOINT_ACCELERATION, JOINT_SPEED, Hands, Pose
from oft_demo.types import ARMS

DT = 0.02
NOTHING = np.zeros(3)
SIDE = {"left": 1, "right": -1}  # which way the middle of the table is


@pytest.fixture(scope="module")
def env():
    return make_env("put_x_into_pot")


@pytest.fixture(scope="module")
def hands(env):
    return Hands(env.model)


@pytest.fixture
def start(env):
    env.reset(0)
    return env.commanded().astype(np.float64)


def push(hands, targets, arm, shift=(0, 0, 0), turn=(0, 0, 0), ticks=150):
    """Ask for the same small motion again and again; gives the targets and every reach."""
    velocities, seen = np.zeros(14), []
    for _ in range(ticks):
        goal = hands.poses(targets)[arm].moved(np.array(shift, float), np.array(turn, float))
        step = hands.step(targets, velocities, {arm: goal}, DT)
        targets, velocities = step.targets, step.velocities
        seen.append(step.reach[arm])
    return targets, seen


def settle(hands, targets, arm, goal, ticks=200):
    """Go towards one goal, as fast as the limits allow."""
    velocities, reach = np.zeros(14), "free"
    for _ in range(ticks):
        step = hands.step(targets, velocities, {arm: goal}, DT)
        targets, velocities, reach = step.targets, step.velocities, step.reach[arm]
    return targets, reach


def pointing_down(arm, x, y, z):
    return Pose.from_matrix(np.array([x, y, z]), DOWN[arm])


def test_a_pose_moved_along_its_way_to_another_is_the_other():
    here = Pose(np.array([0.1, 0.2, 0.3]), np.array([1.0, 0, 0, 0]))
    there = here.moved(np.array([0.2, -0.1, 0.05]), np.array([0.4, -2.0, 1.0]))
    assert np.linalg.norm(there.position - [0.3, 0.1, 0.35]) < 1e-12
    again = here.moved(*here.way_to(there))
    assert np.allclose(again.position, there.position)
    assert abs(again.quaternion @ there.quaternion) > 1 - 1e-9


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_arrives_at_a_goal_within_its_reach(hands, start, arm):
    goal = pointing_down(arm, -0.17 * SIDE[arm], 0.55, 0.06)
    targets, reach = settle(hands, start, arm, goal)
    shift, turn = hands.poses(targets)[arm].way_to(goal)
    assert np.linalg.norm(shift) < 1e-4
    assert np.linalg.norm(turn) < 1e-3
    assert reach == "free"


@pytest.mark.parametrize("arm", ARMS)
def test_the_other_arm_stays_exactly_where_it_is(hands, start, arm):
    targets, _ = push(hands, start, arm, shift=(0, 0.004, -0.004), ticks=40)
    other = slice(7, 14) if arm == "left" else slice(0, 7)
    assert np.array_equal(targets[other], start[other])


def test_small_motions_are_followed_exactly(hands, start):
    low, _ = settle(hands, start, "left", pointing_down("left", -0.17, 0.5, 0.12))
    before = hands.poses(low)["left"]
    targets, seen = push(hands, low, "left", shift=(0.002, 0.002, 0), ticks=40)
    shift, turn = before.way_to(hands.poses(targets)["left"])
    assert np.allclose(shift, [0.08, 0.08, 0], atol=3e-3)
    assert np.linalg.norm(turn) < 5e-3
    assert set(seen[3:]) == {"free"}


@pytest.mark.parametrize("arm", ARMS)
def test_the_fingertips_stop_at_the_table_and_a_vegetable_can_still_be_grasped(hands, start, arm):
    low, _ = settle(hands, start, arm, pointing_down(arm, -0.17 * SIDE[arm], 0.5, 0.05))
    targets, seen = push(hands, low, arm, shift=(0, 0, -0.004))
    assert seen[0] == "free"
    assert seen[-1] == "table"
    assert 0 <= hands.clearances(targets)[arm] < 0.001
    assert hands.poses(targets)[arm].position[2] < 0.014  # the lowest grasp of the scripted experts


def test_a_gripper_that_is_level_stops_at_the_table_too(hands, start):
    level, _ = settle(hands, start, "left", Pose(np.array([-0.25, 0.5, 0.2]), np.array([1.0, 0, 0, 0])))
    targets, _ = push(hands, level, "left", shift=(0, 0, -0.004), ticks=200)
    assert 0 <= hands.clearances(targets)["left"] < 0.004


def test_fingertips_that_were_commanded_into_the_table_come_out_slowly(hands, start):
    low, _ = settle(hands, start, "left", pointing_down("left", -0.17, 0.5, 0.013))
    low[1] += 0.02  # what a policy might have commanded
    assert hands.clearances(low)["left"] < -0.002
    goal = hands.poses(low)["left"].moved(np.array([0.002, 0, 0]), NOTHING)
    step = hands.step(low, np.zeros(14), {"left": goal}, DT)
    assert -0.0005 < hands.clearances(step.targets)["left"] - hands.clearances(low)["left"] < 0.002
    targets, _ = settle(hands, low, "left", goal, ticks=60)
    assert hands.clearances(targets)["left"] > 0


@pytest.mark.parametrize("arm", ARMS)
def test_a_goal_out_of_reach_is_called_far_and_the_elbow_stays_bent(hands, start, arm):
    targets, reach = settle(hands, start, arm, pointing_down(arm, 0.5 * SIDE[arm], 0.5, 0.2), ticks=400)
    assert reach == "far"
    elbow = targets[2 if arm == "left" else 9]
    assert elbow > -1.24
    back, seen = push(hands, targets, arm, shift=(-0.004 * SIDE[arm], 0, 0), ticks=40)
    assert abs((hands.poses(back)[arm].position - hands.poses(targets)[arm].position)[0]) > 0.1
    assert seen[-1] == "free"


def test_a_joint_at_its_end_is_called_a_limit(hands, start):
    _, seen = push(hands, start, "left", turn=(0, -0.03, 0), ticks=120)
    assert "limit" in seen[-20:]


def test_a_wrist_that_lines_up_is_called_singular(hands, start):
    straight = start.copy()
    straight[4] = 0.0  # forearm roll and wrist rotation now turn about one axis
    position = hands.poses(straight)["left"].position
    targets, seen = push(hands, straight, "left", turn=(0, 0, 0.03), ticks=12)
    assert seen[2] == "singular"
    assert np.linalg.norm(hands.poses(targets)["left"].position - position) < 0.01


def test_joints_as_a_goal_are_reached(hands, start):
    goal = np.array([0.4, -0.6, 0.9, 0.3, 0.2, -0.5])
    targets, reach = settle(hands, start, "right", goal)
    assert np.abs(targets[7:13] - goal).max() < 1e-3
    assert reach == "free"


def test_no_speed_is_higher_than_asked(hands, start):
    velocities, targets = np.zeros(14), start
    for _ in range(30):
        step = hands.step(targets, velocities, {"left": np.array([1.5, 0, 0, 0, 0, 0])}, DT, speed=0.4)
        targets, velocities = step.targets, step.velocities
        assert np.abs(velocities).max() <= 0.4 + 1e-9


def test_goals_anywhere_never_make_the_targets_jump(env, hands, start):
    generator = np.random.default_rng(3)
    targets, velocities, goals = start, np.zeros(14), {}
    low, high = env.joint_limits.T
    for tick in range(1500):
        if tick % 15 == 0:
            goals = {arm: anywhere(generator) for arm in ARMS if generator.random() < 0.8}
        step = hands.step(targets, velocities, goals, DT)
        assert np.abs(step.targets - targets).max() <= JOINT_SPEED * DT + 1e-9
        assert np.abs(step.velocities - velocities).max() <= JOINT_ACCELERATION * DT + 1e-9
        targets, velocities = step.targets, step.velocities
        assert (low - 1e-6 <= targets).all()
        assert (targets <= high + 1e-6).all()
        assert min(hands.clearances(targets).values()) > -0.0005


def anywhere(generator):
    """A pose far and near, turned in any way, or joints in and out of their ranges."""
    if generator.random() < 0.3:
        return generator.uniform(-4, 4, 6)
    quaternion = generator.normal(size=4)
    return Pose(generator.uniform(-1, 1, 3) * 1.5, quaternion / np.linalg.norm(quaternion))


def test_an_arm_without_a_goal_comes_to_rest(hands, start):
    targets, velocities = start, np.zeros(14)
    for _ in range(20):
        step = hands.step(targets, velocities, {"left": np.array([2.0, 0, 0, 0, 0, 0])}, DT)
        targets, velocities = step.targets, step.velocities
    assert velocities.max() > 2
    for _ in range(6):
        step = hands.step(targets, velocities, {}, DT)
        targets, velocities = step.targets, step.velocities
    assert not velocities.any()


def test_the_box_of_velocities_is_never_empty(env):
    limit = MotionLimit(env.model, "left", JOINT_ACCELERATION)
    generator = np.random.default_rng(1)
    for _ in range(300):
        joints, velocities = generator.uniform(-3.5, 3.5, 6), generator.uniform(-4, 4, 6)
        low, high = limit.box(joints, velocities, DT, speed=generator.uniform(0.1, 2.5))
        assert (low <= high).all()


def test_a_joint_that_keeps_its_braking_speed_stops_exactly_at_the_end():
    left, speed = 0.3, 0.0
    for _ in range(200):
        allowed = float(braking_speed(np.array([left]), JOINT_ACCELERATION, DT)[0])
        assert allowed >= speed - JOINT_ACCELERATION * DT - 1e-9
        speed = min(speed + JOINT_ACCELERATION * DT, 2.0, allowed)
        left -= speed * DT
    assert 0 <= left < 1e-6
