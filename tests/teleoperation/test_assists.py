"""Assists do what they are called, from wherever the arms are, and give way to the person."""

import numpy as np
import pytest

from oft_demo.errors import UnknownName
from oft_demo.sim import TASKS, make_env
from oft_demo.sim.hands import Pose
from oft_demo.sim.robot import ARM_START_POSE, to_actuators
from oft_demo.teleoperation.assists import CannotPointDown, NothingWithinReach
from oft_demo.teleoperation.driver import HumanDriver
from oft_demo.teleoperation.inputs import ArmInput, HandsInput
from oft_demo.types import ARMS

SIDE = {"left": 1, "right": -1}


@pytest.fixture(scope="module")
def put():
    return make_env("put_x_into_pot")


def command(env, target):
    """Hold a target without the cost of physics: the arms are commanded, and the objects stay."""
    env.data.ctrl[:] = to_actuators(target)


def carry_out(env, driver, name, arm=None, ticks=500, physics=True):
    """Begin an assist and let it come to its end."""
    driver.assist(name, arm)
    assert driver.assisting == name
    for _ in range(ticks):
        if not driver.assisting:
            break
        env.apply(driver.target(HandsInput())) if physics else command(env, driver.target(HandsInput()))
    assert driver.assisting is None
    assert not any(hand.note for hand in driver.hands.values())


def is_down(hand):
    return hand.pose.rotation.as_matrix()[2, 0] < -0.999


def drive(env, driver, arm, ticks, **controls):
    for _ in range(ticks):
        env.apply(driver.target(HandsInput({arm: ArmInput(**controls)})))


@pytest.mark.parametrize("task", TASKS)
def test_above_and_align_on_twenty_seeds(task):
    env = make_env(task)
    for seed in range(20):
        env.reset(seed)
        driver = HumanDriver(env)
        carry_out(env, driver, "align", physics=False)
        assert all(is_down(hand) for hand in driver.hands.values())
        carry_out(env, driver, "above", physics=False)
        nearest = {
            arm: min(np.linalg.norm(place[:2] - hand.pose.position[:2]) for place in env.object_positions().values())
            for arm, hand in driver.hands.items()
        }
        arm = min(nearest, key=lambda side: nearest[side])
        assert nearest[arm] < 0.003
        assert is_down(driver.hands[arm])
        assert driver.hands[arm].joints[6] > 0.95
        assert 0.1 < driver.hands[arm].pose.position[2] < 0.15


@pytest.mark.parametrize("task", TASKS)
def test_above_brings_the_simulated_gripper_there_too(task):
    env = make_env(task)
    env.reset(30)
    driver = HumanDriver(env)
    carry_out(env, driver, "above")
    for _ in range(10):
        env.apply(driver.target(HandsInput()))
    grippers = [env.data.site(f"{arm}_grasp").xpos[:2] for arm in ARMS]
    places = [place[:2] for place in env.object_positions().values()]
    assert min(np.linalg.norm(gripper - place) for gripper in grippers for place in places) < 0.01


@pytest.mark.parametrize("arm", ARMS)
def test_home_is_the_start_pose_and_keeps_what_is_held(put, arm):
    put.reset(1)
    driver = HumanDriver(put)
    drive(put, driver, arm, 40, move=(SIDE[arm] * 0.5, 1.0, -1.0), grip=1.0)
    opening = driver.hands[arm].joints[6]
    carry_out(put, driver, "home", arm)
    assert np.abs(driver.hands[arm].joints[:6] - ARM_START_POSE).max() < 0.005
    assert abs(driver.hands[arm].joints[6] - opening) < 0.01


def test_a_low_gripper_rises_before_it_goes_away(put):
    put.reset(1)
    driver = HumanDriver(put)
    carry_out(put, driver, "align", "left")
    drive(put, driver, "left", 120, move=(0.0, 0.0, -1.0))
    assert driver.hands["left"].pose.position[2] < 0.03
    start = driver.hands["left"].pose.position
    driver.assist("home", "left")
    while driver.hands["left"].pose.position[2] < 0.07:
        put.apply(driver.target(HandsInput()))
        assert np.linalg.norm((driver.hands["left"].pose.position - start)[:2]) < 0.01


def test_align_turns_the_gripper_no_further_than_needed(put):
    put.reset(2)
    driver = HumanDriver(put)
    drive(put, driver, "left", 30, move=(0.5, 0.5, -0.5), turn=(0.0, 0.3, 0.4))
    drive(put, driver, "left", 10)
    before = driver.hands["left"].pose
    carry_out(put, driver, "align", "left")
    after = driver.hands["left"].pose
    assert np.linalg.norm(after.position - before.position) < 0.005
    forward = before.rotation.as_matrix()[:, 0]
    needed = np.arccos(-forward[2])
    assert np.linalg.norm(before.way_to(after)[1]) < needed + 0.05


def test_touching_any_control_stops_the_assist(put):
    put.reset(3)
    driver = HumanDriver(put)
    driver.assist("home", None)
    driver.assist("above", "left")
    for _ in range(5):
        driver.target(HandsInput())
    driver.target(HandsInput({"right": ArmInput(grip=0.2)}))
    assert driver.assisting is None
    targets = [driver.target(HandsInput()) for _ in range(20)]
    assert np.array_equal(targets[-1][:7], targets[-5][:7])


def test_assists_obey_the_speed_limit(put):
    put.reset(3)
    driver = HumanDriver(put)
    driver.assist("above", None)
    before = driver.target(HandsInput(limit=0.2))
    for _ in range(30):
        after = driver.target(HandsInput(limit=0.2))
        assert np.abs(after - before).max() * 50 < 0.6
        before = after


def test_an_assist_that_is_blocked_stops_and_says_so(put, monkeypatch):
    put.reset(4)
    driver = HumanDriver(put)
    low = (0.0, 1.2, 0.5, 0.0, 0.8, 0.0)  # below the table
    monkeypatch.setattr("oft_demo.teleoperation.assists.ARM_START_POSE", low)
    driver.assist("home", "left")
    for _ in range(300):
        command(put, driver.target(HandsInput()))
    assert driver.assisting is None
    assert "left arm" in driver.hands["left"].note
    driver.target(HandsInput({"left": ArmInput(grip=0.1)}))
    assert driver.hands["left"].note == ""


def test_what_is_out_of_reach_is_said_and_nothing_moves():
    env = make_env("transfer_cube")
    env.reset(0)  # the cube lies on the right
    driver = HumanDriver(env)
    with pytest.raises(NothingWithinReach, match="left arm"):
        driver.assist("above", "left")
    assert driver.assisting is None
    assert np.array_equal(driver.target(HandsInput()), env.commanded())


def test_a_gripper_that_cannot_point_down_says_so(put):
    put.reset(0)
    driver = HumanDriver(put)
    drive(put, driver, "left", 150, move=(0.0, 0.0, 1.0))
    with pytest.raises(CannotPointDown, match="left"):
        driver.assist("align", "left")


@pytest.mark.parametrize(("name", "arm"), [("dance", None), ("home", "middle")])
def test_unknown_names_are_refused(put, name, arm):
    put.reset(0)
    with pytest.raises(UnknownName):
        HumanDriver(put).assist(name, arm)


def test_an_arm_that_points_up_can_be_aligned(put):
    put.reset(0)
    driver = HumanDriver(put)
    goal = Pose(np.array([-0.2, 0.5, 0.35]), np.array([np.cos(0.5), 0, -np.sin(0.5), 0]))
    drive(put, driver, "left", 100, goal=goal)
    carry_out(put, driver, "align", "left")
    assert is_down(driver.hands["left"])
