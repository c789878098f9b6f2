"""Where two rollouts part, how far their plans lie apart, and what many seeds say."""

from dataclasses import replace

import numpy as np
import pytest

from oft_demo.comparison import (
    PARTED,
    PLANS_PARTED,
    Comparison,
    chunk_distance,
    paired,
    paired_following,
    paired_success,
)
from oft_demo.outcome import SeedResult
from oft_demo.types import GRIPPER_INDEX, ActionChunk, Score, Step


def chunk(offset=0.0, rows=25, dt=0.04):
    """All joints go from 0 to 1 while the chunk lasts, plus an offset for each."""
    times = np.arange(rows) * dt
    return ActionChunk((times[:, None] + np.broadcast_to(offset, 14)).astype(np.float32), "put", dt)


def step(index, joints=0.0, planned=None):
    measured = np.broadcast_to(np.float32(joints), 14).astype(np.float32)
    return Step(index, index / 50, measured, measured, 0, 0, "policy", Score(0, "", False), planned)


def apart(joint, by):
    offset = np.zeros(14)
    offset[joint] = by
    return offset


def result(seed, success, followed):
    return SeedResult(seed, "put", success, 100.0 * success, "", followed, None, None, 10, 0.2, 1, 4.0, 2.0)


def test_the_distance_of_an_arm_is_the_mean_over_its_six_joints_and_all_rows():
    arms, grippers = chunk_distance(chunk(), chunk(apart(2, 0.6)))
    assert arms == {"left": pytest.approx(0.1), "right": 0.0}
    assert grippers == {"left": 0.0, "right": 0.0}
    arms, _ = chunk_distance(chunk(), chunk(apart(9, -0.6)))
    assert arms == {"left": 0.0, "right": pytest.approx(0.1)}


def test_grippers_stand_apart_from_the_arms():
    arms, grippers = chunk_distance(chunk(), chunk(apart(GRIPPER_INDEX["right"], -0.4)))
    assert arms == {"left": 0.0, "right": 0.0}
    assert grippers == {"left": 0.0, "right": pytest.approx(0.4)}


def test_only_some_rows_of_a_chunk_may_differ():
    other = chunk()
    other.targets[20:, 0] += 0.6
    assert chunk_distance(chunk(), other)[0]["left"] == pytest.approx(0.6 / 6 * 5 / 25)


def test_chunks_of_other_lengths_and_rates_are_compared_over_the_time_that_both_cover():
    short, fine = chunk(rows=10), chunk(rows=50, dt=0.02)
    short.targets[:] = 0.5
    fine.targets[:20], fine.targets[20:] = 0.3, 9.0
    assert chunk_distance(short, fine)[0]["left"] == pytest.approx(0.2, abs=1e-6)
    assert chunk_distance(fine, short)[0]["left"] == pytest.approx(0.2, abs=1e-6)


def test_two_that_do_the_same_never_part():
    comparison = Comparison()
    for index in range(20):
        planned = chunk() if index % 10 == 0 else None
        for side in (0, 1):
            comparison.add(side, step(index, 0.01 * index, planned))
    assert comparison.parting is None
    assert comparison.plans_parting is None
    assert [(plan.step, plan.states, plan.gap) for plan in comparison.plans] == [(0, "same", 0), (10, "same", 0)]


def test_they_part_where_one_joint_first_differs_by_more_than_the_threshold():
    comparison = Comparison()
    for index in range(10):
        comparison.add(0, step(index))
        comparison.add(1, step(index, apart(8, 0.012 * index)))
    assert comparison.parting is not None
    assert (comparison.parting.step, comparison.parting.joint) == (5, "right_shoulder")
    assert comparison.parting.time == pytest.approx(0.1)
    assert comparison.parting.difference == pytest.approx(0.06)
    assert comparison.parting.difference > PARTED


def test_plans_are_said_to_come_from_the_same_near_or_parted_states():
    comparison = Comparison()
    for index, gap in enumerate((0.0, 0.001, 0.0, 0.2)):
        comparison.add(0, step(index, 0.0, chunk()))
        comparison.add(1, step(index, gap, chunk(1.5 * PLANS_PARTED if index >= 2 else 0.0)))
    assert [plan.states for plan in comparison.plans] == ["same", "near", "near", "parted"]
    assert comparison.plans_parting is comparison.plans[2]


def test_plans_of_other_control_steps_are_not_compared():
    comparison = Comparison()
    for index in range(12):
        comparison.add(0, step(index, planned=chunk() if index % 3 == 0 else None))
        comparison.add(1, step(index, planned=chunk() if index % 4 == 0 else None))
    assert [plan.step for plan in comparison.plans] == [0]


def test_one_side_may_run_ahead_and_go_on_alone():
    comparison = Comparison()
    for index in range(4):
        comparison.add(1, step(index, 0.3, chunk(1.0)))
    assert comparison.plans == []
    comparison.add(0, step(0, 0.0, chunk()))
    assert comparison.parting is not None
    assert comparison.parting.difference == pytest.approx(0.3)
    assert comparison.plans[0].arms["left"] == pytest.approx(1.0)


def test_pairs_are_counted_and_tested():
    found = paired([(True, True)] * 3 + [(True, False)] * 6 + [(False, False)])
    assert (found.both, found.only_first, found.only_second, found.neither) == (3, 6, 0, 1)
    assert found.p == pytest.approx(2 / 2**6)
    first, second = found.rates
    assert (first.count, first.of, second.count, second.of) == (9, 10, 3, 10)
    assert first.low == pytest.approx(0.596, abs=1e-3)
    assert second.high == pytest.approx(0.603, abs=1e-3)


def test_pairs_that_never_differ_tell_nothing():
    assert paired([(True, True)] * 5).p == 1
    assert paired([]).p == 1
    assert paired([]).rates[0].high == 1


def test_success_and_following_are_tested_each_by_itself():
    both = (result(1, True, True), result(1, False, True))
    pairs = [both, tuple(replace(each, seed=2) for each in both)]
    assert paired_success(pairs).only_first == 2
    assert paired_following(pairs).both == 2
