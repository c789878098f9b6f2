"""What is odd about a chunk is found, and what is usual is not."""

import numpy as np
import pytest

from oft_demo.inspection import find

LIMITS = np.array([[-2.0, 2.0]] * 14)
LEFT_ELBOW, RIGHT_WAIST, RIGHT_GRIPPER = 2, 7, 13


def smooth(rows=25):
    """A gentle movement of all joints from rest."""
    return np.repeat(0.3 * (1 - np.cos(np.linspace(0, 1, rows)))[:, None], 14, axis=1).astype(np.float32)


def found(targets, before=None):
    return find(targets, 0.04, np.zeros((3, 14), np.float32) if before is None else before, LIMITS)


def test_a_smooth_chunk_has_no_marks():
    findings = found(smooth())
    assert findings.marks == ()
    assert findings.outside == ()
    assert findings.summary == "Nothing odd."


def test_a_jump_at_the_boundary_is_marked_with_its_joint_and_size():
    targets = smooth()
    targets[:, RIGHT_WAIST] += 0.4
    findings = found(targets)
    assert (findings.jump.joint, findings.jump.value) == (RIGHT_WAIST, pytest.approx(0.4))
    assert [RIGHT_WAIST, 0, "jump"] in findings.as_json()["marks"]
    assert "Right waist jumps by 0.40 rad" in findings.summary


def test_the_jump_is_counted_from_the_last_target_that_was_sent():
    before = np.stack([np.zeros(14), np.full(14, 0.5)]).astype(np.float32)
    assert found(smooth() + np.float32(0.5), before).jump.value == pytest.approx(0.0, abs=1e-6)


def test_a_gripper_may_snap_but_not_across_its_whole_stroke():
    targets = smooth()
    targets[:, RIGHT_GRIPPER] += 0.2
    assert found(targets).marks == ()
    targets[:, RIGHT_GRIPPER] += 0.3
    assert [RIGHT_GRIPPER, 0, "jump"] in found(targets).as_json()["marks"]


def test_a_kink_inside_a_chunk_is_jerk_at_its_row():
    targets = smooth()
    targets[12:, LEFT_ELBOW] += 0.3
    findings = found(targets)
    assert findings.jerk.joint == LEFT_ELBOW
    assert findings.jerk.row in (12, 13, 14)
    assert {mark.kind for mark in findings.marks} == {"jerk"}


def test_a_chunk_from_a_single_known_moment_counts_no_jerk_at_its_boundary():
    findings = found(smooth(), np.zeros((1, 14), np.float32))
    assert findings.jerk.row >= 2
    assert findings.jerk.value < 100


def test_rows_beyond_a_limit_are_counted_with_how_far_they_go():
    targets = np.repeat(np.linspace(1.9, 2.04, 25)[:, None], 14, axis=1).astype(np.float32)
    findings = found(targets, targets[:1])
    elbow = next(each for each in findings.as_json()["outside"] if each["joint"] == "left_elbow")
    assert elbow["by"] == pytest.approx(0.04, abs=1e-4)
    assert elbow["rows"] == int((targets[:, 0] > 2.01).sum())
    assert "past its limit" in findings.summary


def test_a_chunk_that_shakes_is_marked_on_every_joint_of_the_arms():
    shaken = (smooth() + np.random.default_rng(0).normal(0, 0.1, (25, 14))).astype(np.float32)
    assert len({mark.joint for mark in found(shaken).marks if mark.kind == "jerk"}) == 12
