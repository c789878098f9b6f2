"""Tests of what is told about an episode from its joints."""

from dataclasses import replace

import numpy as np
import pytest
from catalog_people import make_episode

from oft_demo.data.catalog.entries import Hint
from oft_demo.data.catalog.hints import hints_of, kinds, usual_seconds
from oft_demo.types import Episode


@pytest.fixture
def episode() -> Episode:
    """Four seconds of slow motion, in which the grippers close and open again."""
    steps = np.linspace(0, 1, 200)
    joints = np.repeat(0.5 * np.sin(3 * steps)[:, None], 14, axis=1).astype(np.float32)
    joints[:, [6, 13]] = np.abs(1 - 2 * steps)[:, None]
    return replace(make_episode(0, length=200, segments=(), events=()), qpos=joints, action=joints.copy())


def hint(episode: Episode, kind: str) -> Hint:
    (found,) = (hint for hint in hints_of(episode) if hint.kind == kind)
    return found


def test_a_good_episode_has_no_hints(episode: Episode):
    assert hints_of(episode) == ()


def test_standing_still_at_the_start_and_at_the_end_is_told_with_the_step(episode: Episode):
    episode.qpos[:80], episode.action[:80] = episode.qpos[80], episode.action[80]
    episode.qpos[130:], episode.action[130:] = episode.qpos[130], episode.action[130]
    assert hint(episode, "idle start").step == pytest.approx(82, abs=3)
    assert hint(episode, "idle end").step == pytest.approx(129, abs=3)
    assert "1.6 s" in hint(episode, "idle start").sentence


def test_an_arm_that_moves_without_targets_is_not_idle(episode: Episode):
    episode.action[:80] = episode.action[80]
    assert "idle start" not in kinds(hints_of(episode))


def test_an_episode_without_any_motion_is_idle_all_the_time(episode: Episode):
    episode.qpos[:], episode.action[:] = episode.qpos[0], episode.action[0]
    assert kinds(hints_of(episode)) == ("idle start", "gripper never closed")
    assert "4.0 s" in hint(episode, "idle start").sentence


def test_a_target_that_jumps_is_told_with_its_joint(episode: Episode):
    episode.action[120:, 9] += 0.4
    found = hint(episode, "jerk")
    assert found.step == 120
    assert "right elbow" in found.sentence


def test_fast_grippers_do_not_jump(episode: Episode):
    episode.action[100:, 6] = 1 - episode.action[100:, 6]
    assert "jerk" not in kinds(hints_of(episode))


def test_grippers_that_stay_open_are_told(episode: Episode):
    episode.action[:, 6] = np.maximum(episode.action[:, 6], 0.8)
    assert "gripper never closed" not in kinds(hints_of(episode))
    episode.action[:, 13] = 0.8
    assert hint(episode, "gripper never closed").step is None


def test_targets_that_no_joint_can_reach_are_told(episode: Episode):
    episode.action[50:60, 1] = 1.4
    found = hint(episode, "targets outside limits")
    assert found.step == 50
    assert "left shoulder" in found.sentence
    assert "1.40" in found.sentence


def test_one_step_is_enough_for_all_hints():
    assert "idle start" not in kinds(hints_of(make_episode(0, length=1, segments=(), events=())))


def test_usual_times_leave_room_around_those_of_most():
    low, high = usual_seconds((9.0, 10.0, 11.0))
    assert low < 6 < 14 < high < 20
    low, high = usual_seconds((10.0, 10.0, 10.0))
    assert low < 9.5 < 10.5 < high
