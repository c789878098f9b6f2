"""Normalisation by BOUNDS and BOUNDS_Q99."""

from dataclasses import replace

import numpy as np
import pytest

from oft_demo.policy import Statistics, normalize_actions, normalize_proprio, unnormalize_actions


@pytest.mark.parametrize("kind", ["bounds", "bounds_q99"])
def test_actions_survive_the_way_there_and_back(statistics, kind):
    measured = replace(statistics, kind=kind)
    low, high = measured.action.range(kind)
    actions = low + (high - low) * np.random.default_rng(0).random((6, 5, 14))
    np.testing.assert_allclose(unnormalize_actions(normalize_actions(actions, measured), measured), actions, atol=1e-5)


def test_extremes_become_one(statistics):
    np.testing.assert_allclose(normalize_actions(statistics.action.min, statistics), -1, atol=1e-6)
    np.testing.assert_allclose(normalize_actions(statistics.action.max, statistics), 1, atol=1e-6)


def test_joints_outside_the_data_are_clipped_but_actions_are_not(statistics):
    far = statistics.proprio.max + 1
    assert (normalize_proprio(far, statistics) == 1).all()
    assert (unnormalize_actions(np.full(14, 1.5), statistics) > statistics.action.max).all()


def test_a_dimension_that_never_moved_trains_as_zero_and_returns_to_its_place():
    rows = np.random.default_rng(0).normal(size=(20, 14))
    rows[:, 3] = 0.25
    statistics = Statistics.of(rows, rows, trajectories=1)
    normalized = normalize_actions(rows, statistics)
    assert (normalized[:, 3] == 0).all()
    np.testing.assert_allclose(unnormalize_actions(normalized, statistics)[:, 3], 0.25, atol=1e-7)
    assert np.abs(normalize_proprio(rows, statistics)).max() <= 1


def test_masked_dimensions_pass_through(statistics):
    mask = np.ones(14, bool)
    mask[6] = False
    measured = replace(statistics, action=replace(statistics.action, mask=mask))
    actions = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 14))
    np.testing.assert_allclose(normalize_actions(actions, measured)[:, 6], actions[:, 6], atol=1e-7)
    np.testing.assert_allclose(unnormalize_actions(actions, measured)[:, 6], actions[:, 6])


def test_the_file_has_the_official_layout(statistics):
    entry = statistics.to_json()
    assert set(entry) == {"action", "proprio", "num_transitions", "num_trajectories"}
    assert set(entry["action"]) == {"mean", "std", "max", "min", "q01", "q99", "mask"}
    del entry["proprio"]["mask"]  # official files have none there
    again = Statistics.from_json(entry)
    np.testing.assert_array_equal(again.action.q99, statistics.action.q99)
    assert again.proprio.mask.all()
    assert (again.transitions, again.trajectories) == (50, 3)
