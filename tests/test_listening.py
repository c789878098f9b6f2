"""How far plans lie apart that differ in nothing but the instruction."""

import numpy as np
import pytest

from oft_demo.listening import Finding, distances, finding, heading
from oft_demo.types import GRIPPER_INDEX, JOINT_NAMES


def chunks(count):
    return np.zeros((count, 25, 14), np.float32)


def test_the_distance_is_the_mean_over_rows_and_the_six_joints_of_an_arm():
    plans = chunks(3)
    plans[1, :, JOINT_NAMES.index("left_elbow")] = 0.6
    plans[2, :5, JOINT_NAMES.index("right_waist")] = -3.0
    apart = distances(plans)
    assert apart.arms["left"] == pytest.approx(np.array([[0, 0.1, 0], [0.1, 0, 0.1], [0, 0.1, 0]]), abs=1e-6)
    assert apart.arms["right"][0, 2] == pytest.approx(0.1)
    assert apart.larger[1, 2] == pytest.approx(0.1)


def test_grippers_do_not_count_as_joints_of_an_arm():
    plans = chunks(2)
    plans[1, :, list(GRIPPER_INDEX.values())] = 1.0
    assert not distances(plans).larger.any()


def test_a_plan_heads_for_the_object_that_a_gripper_comes_closest_to():
    objects = {"carrot": np.array([0.3, 0.0, 0.0]), "corn": np.array([0.0, 0.5, 0.0])}
    still = np.zeros((4, 3), np.float32)
    moving = np.linspace([0, 0.1, 0], [0, 0.4, 0], 4).astype(np.float32)
    found = heading({"left": still, "right": moving}, objects)
    assert (found.label, found.arm) == ("corn", "right")
    assert found.distance == pytest.approx(0.1)
    assert found.nearer == pytest.approx(0.3)
    assert found.approaches
    assert not heading({"left": still, "right": still}, objects).approaches
    assert heading({"left": still, "right": still}, {}) is None


def test_the_finding_sets_other_objects_against_other_words():
    apart = np.array([[0, 0.4, 0.1, 9], [0.4, 0, 0.6, 9], [0.1, 0.6, 0, 9], [9, 9, 9, 0]])
    found = finding(apart, ["corn", "carrot", "corn", None])
    assert (found.other_object, found.other_words) == (pytest.approx(0.5), pytest.approx(0.1))
    assert found.no_object == pytest.approx(9)
    assert found.sentence.startswith("It listens.")
    assert "5.0 times as far" in found.sentence


def test_plans_that_are_one_movement_are_not_called_listening_however_alike_the_wordings_are():
    assert Finding(0.01, 0.001, None).sentence.startswith("It hardly tells the objects apart.")
    assert Finding(0.2, 0.15, None).sentence.startswith("Naming another object")


def test_a_finding_says_what_it_could_not_compare():
    alone = Finding(None, 0.1, 0.3).sentence
    assert "No two of these instructions" in alone
    assert "other words for it move the plan by 0.100 rad" in alone
    assert "no object move the plan by 0.300 rad" in alone
    assert "two wordings" in Finding(0.2, None, None).sentence
    assert "nothing at all" in Finding(0.2, 0.0, None).sentence
    assert finding(np.zeros((1, 1)), ["corn"]) == Finding(None, None, None)
