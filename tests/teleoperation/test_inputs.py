"""The browser's messages become inputs, or are refused in words."""

import numpy as np
import pytest

from oft_demo.teleoperation.inputs import ArmInput, HandsInput, InvalidInput


def test_what_is_missing_is_not_asked():
    given = HandsInput.from_message({"do": "drive", "n": 3, "page": "record"})
    assert given.idle
    assert given.limit == 1.0
    assert not given.slow


def test_everything_that_an_arm_can_be_asked():
    message = {
        "slow": True,
        "limit": 0.5,
        "left": {"move": [1, 0, -0.5], "turn": [0, 0.25, 0], "grip": -1, "opening": None, "goal": None},
        "right": {
            "goal": {"position": [0.1, 0.5, 0.2], "quaternion": [2, 0, 0, 0]},
            "opening": 0.4,
            "joints": [0, 0.1, 0.2, 0.3, 0.4, 0.5],
        },
    }
    given = HandsInput.from_message(message)
    assert given.slow
    assert given.limit == 0.5
    assert given.arms["left"] == ArmInput(move=(1.0, 0.0, -0.5), turn=(0.0, 0.25, 0.0), grip=-1.0)
    right = given.arms["right"]
    assert right.goal is not None
    assert np.array_equal(right.goal.quaternion, [1, 0, 0, 0])
    assert right.opening == 0.4
    assert right.joints == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@pytest.mark.parametrize(
    "control",
    [
        {"move": [0, 0, 0.1]},
        {"turn": [0.1, 0, 0]},
        {"grip": 0.1},
        {"opening": 0.0},
        {"joints": [0] * 6},
        {"goal": {"position": [0, 0, 0], "quaternion": [1, 0, 0, 0]}},
    ],
)
def test_any_single_control_is_not_idle(control):
    assert not HandsInput.from_message({"right": control}).idle


def test_controls_at_zero_are_idle():
    assert HandsInput.from_message({"left": {"move": [0, 0, 0], "turn": [0, 0, 0], "grip": 0}, "right": {}}).idle


def test_letting_go_keeps_the_speed():
    given = HandsInput.from_message({"slow": True, "limit": 0.3, "left": {"grip": 1}}).released
    assert given.idle
    assert given.slow
    assert given.limit == 0.3


def test_a_little_more_than_full_deflection_is_full_deflection():
    assert HandsInput.from_message({"left": {"move": [1.0001, -1.0001, 0]}}).arms["left"].move == (1.0, -1.0, 0.0)


NAN, INFINITE, HUGE = float("nan"), float("inf"), 10**400


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE, HUGE, 1e300, 2, "1", None, True, [1]])
@pytest.mark.parametrize("key", ["move", "turn"])
def test_sticks_take_only_numbers_in_their_range(key, value):
    with pytest.raises(InvalidInput, match=key):
        HandsInput.from_message({"left": {key: [0, value, 0]}})


@pytest.mark.parametrize(
    "arm",
    [
        {"grip": NAN},
        {"grip": 1.5},
        {"grip": True},
        {"opening": -0.1},
        {"opening": HUGE},
        {"opening": "half"},
        {"joints": [0] * 5},
        {"joints": [0, 0, 0, 0, 0, NAN]},
        {"joints": [0, 0, 0, 0, 0, 1e9]},
        {"joints": {"0": 0}},
        {"move": [0, 0]},
        {"move": "100"},
        {"move": {"x": 1}},
        {"goal": [0, 0, 0]},
        {"goal": {"position": [0, 0, 0]}},
        {"goal": {"position": [0, NAN, 0], "quaternion": [1, 0, 0, 0]}},
        {"goal": {"position": [0, 1e6, 0], "quaternion": [1, 0, 0, 0]}},
        {"goal": {"position": [0, 0, 0], "quaternion": [0, 0, 0, 0]}},
        {"goal": {"position": [0, 0, 0], "quaternion": [INFINITE, 0, 0, 0]}},
        {"goal": {"position": [0, 0, 0], "quaternion": [1, 0, 0]}},
        "forward",
        7,
        [],
    ],
)
def test_what_makes_no_sense_is_refused(arm):
    with pytest.raises(InvalidInput, match="right"):
        HandsInput.from_message({"right": arm})


@pytest.mark.parametrize("message", [{"limit": 0}, {"limit": NAN}, {"limit": 3}, {"slow": 1}, {"slow": "no"}])
def test_the_speed_is_checked_too(message):
    with pytest.raises(InvalidInput):
        HandsInput.from_message(message)


def test_a_refusal_is_short_and_says_what_was_expected():
    with pytest.raises(InvalidInput) as refusal:
        HandsInput.from_message({"left": {"move": "x" * 10_000}})
    assert len(str(refusal.value)) < 200
    assert "a list of 3 numbers" in str(refusal.value)
