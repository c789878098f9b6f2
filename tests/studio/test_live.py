"""Rollouts on the page: what a visitor sees of one, of two, and of a stop."""

import threading

import pytest

from oft_demo.errors import InvalidSeed, UnknownName
from oft_demo.studio import live, series
from oft_demo.studio.request import Request
from oft_demo.studio.shelf import NothingUnderstood

RED = Request("put_x_into_pot", 7, "put the red pepper into the pot")


def test_a_rollout_fills_the_page_and_says_how_it_ended(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    live.run(visitor, shelf, "quick", RED)
    assert "success" in markup_of(visitor, "run-badge")
    assert "Done: red pepper in the pot" in markup_of(visitor, "run-status")
    assert "100" in markup_of(visitor, "run-score")
    assert "vision 3.0" in markup_of(visitor, "run-latency")
    for slot in ("run-view", "run-cam_high", "run-cam_left_wrist", "run-cam_right_wrist", "run-plot"):
        assert visitor.board.content(slot) is not None


def test_a_rollout_that_fails_says_how_far_it_came(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    live.run(visitor, shelf, "slow", RED)
    assert "not done" in markup_of(visitor, "run-badge")
    assert "0 of 100 points" in markup_of(visitor, "run-status")


def test_words_the_policy_never_saw_are_named_and_the_rollout_goes_on(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    live.run(visitor, shelf, "quick", Request("put_x_into_pot", 7, "put the <red> pepper thither"))
    assert "&quot;thither&quot;" in markup_of(visitor, "run-status")
    assert "<red>" not in markup_of(visitor, "run-status")
    assert "success" in markup_of(visitor, "run-badge")


def test_an_instruction_without_a_known_word_is_refused(visitors, shelf):
    with pytest.raises(NothingUnderstood, match="abracadabra"):
        live.run(visitors.get("one"), shelf, "quick", Request("put_x_into_pot", 7, "abracadabra simsalabim"))


def test_an_unknown_policy_is_answered_with_the_known_ones(visitors, shelf):
    with pytest.raises(UnknownName, match="quick"):
        live.run(visitors.get("one"), shelf, "missing", RED)


def test_stop_ends_a_rollout(visitors, shelf, markup_of):
    visitor = visitors.get("one")
    running = threading.Thread(target=live.run, args=(visitor, shelf, "slow", RED))
    running.start()
    while "told" not in markup_of(visitor, "run-status"):
        assert running.is_alive()
    visitor.stop()
    running.join(5)
    assert not running.is_alive()
    assert "Stopped" in markup_of(visitor, "run-status")


def test_showing_the_scene_that_is_in_use_does_not_stop_its_rollout(visitors, shelf):
    visitor = visitors.get("one")
    with visitor.activity((RED.task, RED.seed)) as activity:
        assert not live.still(visitor, RED.task, RED.seed)
        assert not activity.stopped
    assert live.still(visitor, RED.task, RED.seed)


def test_both_policies_of_a_comparison_act_in_step_from_the_same_scene(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    live.compare(visitor, shelf, ("quick", "slow"), RED)
    assert "success" in markup_of(visitor, "compare-a-badge")
    assert "not done" in markup_of(visitor, "compare-b-badge")
    assert "0.04 s" in markup_of(visitor, "compare-parted") or "0.08 s" in markup_of(visitor, "compare-parted")
    assert [visitor.env(RED.task, side).seed for side in "ab"] == [7, 7]


def test_a_series_counts_both_policies_on_the_same_seeds(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    series.compare_seeds(visitor, shelf, ("quick", "slow"), RED, 3, own_words=True)
    table = markup_of(visitor, "compare-series")
    assert "3 of 3" in table
    assert "0 of 3" in table
    assert "McNemar" in table
    assert "All 3 seeds are done" in markup_of(visitor, "compare-status")


def test_a_number_of_seeds_is_checked():
    assert series.checked_count(" 12 ") == 12
    for wrong in ("0", "-3", "many", "1.5", "100000", None):
        with pytest.raises(series.InvalidCount, match="whole number"):
            series.checked_count(wrong)


def test_a_request_is_checked_at_the_border():
    with pytest.raises(UnknownName, match="put_x_into_pot"):
        Request.parse("juggle", "1", "put the corn into the pot")
    with pytest.raises(InvalidSeed):
        Request.parse("put_x_into_pot", "minus one", "put the corn into the pot")
    assert Request.parse("put_x_into_pot", "3", "  put  it ").instruction == "put it"
