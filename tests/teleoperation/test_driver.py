"""A person's inputs become targets that start where the arms are, never jump, and rest soon after."""

from contextlib import suppress

import numpy as np
import pytest

from oft_demo.errors import OftDemoError
from oft_demo.sim import make_env
from oft_demo.sim.hands import JOINT_ACCELERATION, JOINT_SPEED, Hands, Pose
from oft_demo.sim.robot import to_actuators
from oft_demo.teleoperation.driver import GRIP_SPEED, HumanDriver
from oft_demo.teleoperation.inputs import ArmInput, HandsInput
from oft_demo.teleoperation.steering import MOVE_SPEED
from oft_demo.types import ARMS, CONTROL_HZ, GRIPPER_INDEX

GRIPPERS = list(GRIPPER_INDEX.values())
JOINTS = [column for column in range(14) if column not in GRIPPERS]
IDLE = HandsInput()


@pytest.fixture(scope="module")
def env():
    return make_env("put_x_into_pot")


@pytest.fixture
def driver(env):
    env.reset(0)
    return HumanDriver(env)


def ask(arm="left", slow=False, limit=1.0, **controls):
    return HandsInput({arm: ArmInput(**controls)}, slow, limit)


def drive(env, driver, given, ticks):
    """Targets of some ticks, carried out."""
    targets = []
    for _ in range(ticks):
        targets.append(driver.target(given))
        env.apply(targets[-1])
    return np.array(targets, dtype=np.float64)


def test_it_starts_from_the_target_that_is_held(env, driver):
    policy = env.commanded() + np.float32(0.05)
    env.apply(policy)
    driver.take()
    assert np.array_equal(driver.target(IDLE), env.commanded())
    first = driver.target(ask(move=(1.0, 0.0, 0.0)))
    assert np.abs(first - env.commanded())[JOINTS].max() <= JOINT_ACCELERATION / CONTROL_HZ**2 + 1e-6


def test_arms_that_are_not_touched_do_not_drift(env, driver):
    held = env.commanded()
    for target in drive(env, driver, IDLE, 300):
        assert np.array_equal(target.astype(np.float32), held)
    moved = drive(env, driver, ask(move=(0.3, 1.0, -0.5), turn=(0.2, 0.1, 0.3), grip=1.0), 100)
    assert np.array_equal(moved[:, 7:].astype(np.float32), np.repeat(held[None, 7:], 100, axis=0))


@pytest.mark.parametrize("direction", [(1.0, 0, 0), (0, 0, 1.0), (0.6, 0, 0.8)])
@pytest.mark.parametrize("arm", ARMS)
def test_the_gripper_moves_along_the_worlds_axes_and_keeps_its_tilt(env, driver, arm, direction):
    direction = np.array(direction) * (1 if arm == "left" else -1, 1, 1)  # towards the middle of the table
    before = driver.hands[arm].pose
    drive(env, driver, ask(arm, move=tuple(direction)), 30)
    drive(env, driver, IDLE, 10)
    shift, turn = before.way_to(driver.hands[arm].pose)
    assert np.linalg.norm(shift) > 0.1
    assert np.allclose(shift / np.linalg.norm(shift), direction, atol=0.03)
    assert np.linalg.norm(turn) < 0.02


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("arm", ARMS)
def test_the_gripper_turns_about_its_own_axes_and_stays_where_it_is(env, driver, arm, axis):
    driver.assist("align", arm)
    while driver.assisting:
        env.apply(driver.target(IDLE))
    before = driver.hands[arm].pose
    turn = [0.0, 0.0, 0.0]
    turn[axis] = -0.7
    drive(env, driver, ask(arm, turn=tuple(turn)), 20)
    drive(env, driver, IDLE, 10)
    shift, turned = before.way_to(driver.hands[arm].pose)
    assert turned[axis] < -0.3
    assert np.abs(np.delete(turned, axis)).max() < 0.03
    assert np.linalg.norm(shift) < 0.004


def test_the_speed_is_that_of_the_limit(env, driver):
    def speed(given):
        env.reset(0)
        driver.take()
        drive(env, driver, given, 20)
        before = driver.hands["left"].pose.position
        drive(env, driver, given, 5)
        return np.linalg.norm(driver.hands["left"].pose.position - before) * CONTROL_HZ / 5

    full = speed(ask(move=(0.0, 0.0, 1.0)))
    assert full == pytest.approx(MOVE_SPEED, rel=0.05)
    assert speed(ask(move=(0.0, 0.0, 1.0), limit=0.5)) == pytest.approx(full / 2, rel=0.05)
    assert speed(ask(move=(0.0, 0.0, 1.0), slow=True)) == pytest.approx(full / 4, rel=0.05)
    assert speed(ask(move=(0.0, 0.0, 0.5))) == pytest.approx(full / 2, rel=0.05)


def test_two_keys_together_are_not_faster_than_one(env, driver):
    drive(env, driver, ask(move=(1.0, 0.0, -1.0)), 20)
    before = driver.hands["left"].pose.position
    drive(env, driver, ask(move=(1.0, 0.0, -1.0)), 5)
    assert np.linalg.norm(driver.hands["left"].pose.position - before) * CONTROL_HZ / 5 < MOVE_SPEED * 1.03


@pytest.mark.parametrize(
    "controls",
    [
        {"move": (0.0, 1.0, 0.0)},
        {"move": (1.0, 1.0, 1.0), "turn": (1.0, 1.0, 1.0), "grip": 1.0},
        {"turn": (0.0, 1.0, 0.0)},
        {"turn": (1.0, 0.0, 1.0)},
        {"joints": (1.5, 0.0, 0.0, 1.5, 0.0, 1.5)},
        {"goal": Pose(np.array([0.0, 0.7, 0.1]), np.array([1.0, 0, 0, 0]))},
    ],
)
def test_the_arms_rest_within_a_fifth_of_a_second_of_letting_go(env, driver, controls):
    drive(env, driver, ask(**controls), 40)
    targets = drive(env, driver, IDLE, 20)
    assert np.abs(targets[0] - targets[-1]).max() > 0  # they were moving
    assert np.array_equal(targets[9], targets[-1])
    before = env.observe(()).joints
    place = env.data.site("left_grasp").xpos.copy()
    drive(env, driver, IDLE, 25)
    assert np.abs(env.observe(()).joints - before)[JOINTS].max() < 0.03  # what the simulated motors still settle
    assert np.linalg.norm(env.data.site("left_grasp").xpos - place) < 0.004


def test_random_inputs_never_make_the_targets_jump(env, driver):
    generator = np.random.default_rng(0)
    low, high = env.joint_limits.T
    clearance = Hands(env.model)
    before, velocity, given = env.commanded().astype(np.float64), np.zeros(14), IDLE
    for tick in range(2500):
        if generator.random() < 0.05:
            given = HandsInput({arm: anything(generator) for arm in ARMS}, generator.random() < 0.2, 1.0)
        if generator.random() < 0.003:
            given = IDLE
            begin_any_assist(driver, generator)
        if tick % 500 == 499:
            driver.take()  # somebody else had the arms; here they stood still
            before, velocity = env.commanded().astype(np.float64), np.zeros(14)
        target = driver.target(given).astype(np.float64)
        env.data.ctrl[:] = to_actuators(target)  # commanded, without the cost of physics
        change = target - before
        assert np.abs(change[JOINTS]).max() <= JOINT_SPEED / CONTROL_HZ + 1e-6
        assert np.abs(change[GRIPPERS]).max() <= GRIP_SPEED / CONTROL_HZ + 1e-6
        assert np.abs(change / 0.02 - velocity)[JOINTS].max() <= JOINT_ACCELERATION / CONTROL_HZ + 1e-3
        assert (low[JOINTS] - 1e-6 <= target[JOINTS]).all()
        assert (target[JOINTS] <= high[JOINTS] + 1e-6).all()
        assert (target[GRIPPERS] >= 0).all()
        assert (target[GRIPPERS] <= 1).all()
        assert min(clearance.clearances(target).values()) > -0.0005
        before, velocity = target, change / 0.02


def anything(generator):
    """What a cat on the keyboard, a stuck stick or a wild drag asks of one arm."""
    kind = generator.integers(4)
    if kind == 0:
        return ArmInput()
    if kind == 1:
        move, turn = generator.integers(-1, 2, (2, 3)).astype(float)
        return ArmInput(move=tuple(move), turn=tuple(turn), grip=float(generator.integers(-1, 2)))
    if kind == 2:
        return ArmInput(joints=tuple(generator.uniform(-6, 6, 6)), opening=float(generator.random()))
    quaternion = generator.normal(size=4)
    goal = Pose(generator.uniform(-1.5, 1.5, 3), quaternion / np.linalg.norm(quaternion))
    return ArmInput(goal=goal, opening=float(generator.random()))


def begin_any_assist(driver, generator):
    with suppress(OftDemoError):  # not possible from there
        driver.assist(str(generator.choice(["home", "above", "align"])), [None, *ARMS][generator.integers(3)])


def test_a_goal_is_reached_and_held(env, driver):
    start = driver.hands["right"].pose
    goal = start.moved(np.array([-0.05, 0.08, -0.1]), np.array([0.2, 0.3, -0.2]))
    drive(env, driver, ask("right", goal=goal), 120)
    shift, turn = driver.hands["right"].pose.way_to(goal)
    assert np.linalg.norm(shift) < 0.001
    assert np.linalg.norm(turn) < 0.005
    held = drive(env, driver, ask("right", goal=goal), 20)
    assert np.abs(np.diff(held, axis=0)).max() < 1e-4


def test_a_goal_out_of_reach_is_told_and_a_nearer_one_frees_the_arm(env, driver):
    far = driver.hands["left"].pose.moved(np.array([1.5, 0, 0]), np.zeros(3))
    drive(env, driver, ask(goal=far), 200)
    hand = driver.hands["left"]
    assert hand.reach == "far"
    assert "left arm" in hand.note
    held = drive(env, driver, ask(goal=far), 20)
    assert np.abs(np.diff(held, axis=0)).max() < 2e-3
    assert driver.hands["right"].reach == "free"
    near = hand.pose.moved(np.array([-0.2, 0, 0]), np.zeros(3))
    drive(env, driver, ask(goal=near), 40)
    assert driver.hands["left"].reach == "free"
    assert driver.hands["left"].note == ""


def test_holding_a_key_at_the_end_of_the_reach_stands_still_and_the_way_back_is_free(env, driver):
    drive(env, driver, ask(turn=(0.0, 1.0, 0.0)), 150)
    assert driver.hands["left"].reach == "limit"
    held = drive(env, driver, ask(turn=(0.0, 1.0, 0.0)), 50)
    assert np.abs(held[-1] - held[0])[:6].max() < 0.01
    before = driver.hands["left"].pose
    drive(env, driver, ask(turn=(0.0, -1.0, 0.0)), 20)  # without letting go in between
    assert before.way_to(driver.hands["left"].pose)[1][1] < -0.2


def test_a_gripper_pressed_on_the_table_slides_along_it(env, driver):
    driver.assist("align", "left")
    while driver.assisting:
        env.apply(driver.target(IDLE))
    drive(env, driver, ask(move=(0.0, 0.0, -1.0)), 110)
    assert driver.hands["left"].reach == "table"
    before = driver.hands["left"].pose.position
    drive(env, driver, ask(move=(0.0, 0.7, -0.7)), 30)
    after = driver.hands["left"].pose.position
    assert after[1] - before[1] > 0.05
    assert abs(after[2] - before[2]) < 0.002


def test_dragging_around_outside_the_reach_slides_along_its_edge(env, driver):
    start = before = driver.hands["left"].pose
    for tick in range(150):
        goal = start.moved(np.array([1.0, 0.004 * tick, 0]), np.zeros(3))
        before = driver.hands["left"].pose
        drive(env, driver, ask(goal=goal), 1)
    shift, turn = start.way_to(driver.hands["left"].pose)
    assert driver.hands["left"].reach == "far"
    assert shift[1] > 0.1
    assert np.linalg.norm(turn) < 0.15  # the gripper is not tilted to come nearer
    assert np.linalg.norm(before.way_to(driver.hands["left"].pose)[0]) < 0.01
    back = driver.hands["left"].pose.moved(np.array([-0.15, 0, 0]), np.zeros(3))
    drive(env, driver, ask(goal=back), 60)
    assert np.linalg.norm(driver.hands["left"].pose.way_to(back)[0]) < 0.002


def test_joint_sliders_are_followed_and_stop_at_the_ends(env, driver):
    drive(env, driver, ask(joints=(0.3, -0.8, 1.0, 0.2, -0.2, 0.4)), 60)
    assert np.allclose(driver.hands["left"].joints[:6], (0.3, -0.8, 1.0, 0.2, -0.2, 0.4), atol=1e-3)
    drive(env, driver, ask(joints=(0.3, -0.8, 6.0, 0.2, -0.2, 0.4)), 120)
    assert driver.hands["left"].joints[2] == pytest.approx(1.6057, abs=1e-3)
    assert driver.hands["left"].reach == "limit"


@pytest.mark.parametrize("arm", ARMS)
def test_grippers_open_and_close_by_rate_and_by_opening(env, driver, arm):
    index = GRIPPER_INDEX[arm]
    opened = drive(env, driver, ask(arm, grip=1.0), 40)[-1][index]
    assert opened == pytest.approx(1.0)
    half = drive(env, driver, ask(arm, grip=-0.5), 10)[-1][index]
    assert 0.6 < half < 0.9
    assert drive(env, driver, ask(arm, opening=0.3), 40)[-1][index] == pytest.approx(0.3, abs=1e-3)
    assert drive(env, driver, ask(arm, grip=-1.0), 40)[-1][index] == pytest.approx(0.0)


def test_a_rewound_simulation_is_taken_without_a_jump(env, driver):
    state = env.state()
    held = env.commanded()
    drive(env, driver, ask(move=(1.0, 0.5, -1.0)), 40)
    env.restore(state)
    driver.take()
    assert np.array_equal(driver.target(IDLE), held)


def test_the_hands_are_those_of_whoever_commands(env, driver):
    policy = env.commanded() + np.float32(0.1)
    env.apply(policy)
    assert np.allclose(driver.hands["left"].joints, env.commanded()[:7])
    wanted = Hands(env.model).poses(env.commanded().astype(np.float64))["left"]
    assert np.allclose(driver.hands["left"].pose.position, wanted.position)
