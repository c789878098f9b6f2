"""Rollouts on the page: what a visitor sees of one, of two, and of a stop."""

import threading

import pytest

from oft_demo.errors import InvalidSeed, UnknownName
from oft_demo.serve import RefusedByServer, ServerLost
from oft_demo.studio import borrowing, live, series
from oft_demo.studio.lending import LoadingStopped
from oft_demo.studio.players import NothingUnderstood
from oft_demo.studio.request import Request
from oft_demo.studio.shelf import EXPERT, Shelf

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


def test_picking_a_policy_shows_its_card_without_a_simulation(visitors, shelf, markup_of):
    visitor = visitors.get("one")
    borrowing.pick(visitor, shelf, "quick", "run", "run", "Press Run.")
    assert "the card of quick" in markup_of(visitor, "run-card")
    assert "quick is ready. Press Run." in markup_of(visitor, "run-status")
    borrowing.pick(visitor, shelf, EXPERT, "compare", "compare-b", None)
    assert "expert" in markup_of(visitor, "compare-b-card")
    assert markup_of(visitor, "compare-status") == ""


def test_picking_says_at_once_what_is_wrong_with_a_name(visitors, shelf):
    with pytest.raises(UnknownName, match="quick"):
        borrowing.pick(visitors.get("one"), shelf, "../quick", "run", "run", "Press Run.")


def test_picking_leaves_a_rollout_alone(visitors, shelf, markup_of):
    visitor = visitors.get("one")
    with visitor.activity() as activity:
        borrowing.pick(visitor, shelf, "quick", "run", "run", "Press Run.")
        assert not activity.stopped
    assert markup_of(visitor, "run-card") == ""
    assert markup_of(visitor, "run-status") == ""


def test_stop_ends_loading_and_says_so(visitors, toy, markup_of):
    gate, visitor = threading.Event(), visitors.get("one")
    shelf = Shelf(toy.Sources(), _slowly(toy, gate))
    outcome = []

    def pick():
        try:
            borrowing.pick(visitor, shelf, "large", "run", "run", "Press Run.")
        except LoadingStopped as stopped:
            outcome.append(stopped)

    picking = threading.Thread(target=pick)
    picking.start()
    while "Loading large: 3.2 of 15.0 GB" not in markup_of(visitor, "run-status"):
        assert picking.is_alive()
    visitor.stop()
    picking.join(5)
    assert outcome
    assert "Loading large was stopped." in markup_of(visitor, "run-status")
    assert markup_of(visitor, "run-card") == ""


def test_a_run_takes_over_the_loading_that_picking_began(visitors, toy, markup_of, no_waiting):
    begun, gate, visitor = [], threading.Event(), visitors.get("one")
    slowly = _slowly(toy, gate)

    def load(source, known=None):
        begun.append(source.name)
        return slowly(source, known)

    shelf = Shelf(toy.Sources(), load)

    def pick():
        with pytest.raises(LoadingStopped):
            borrowing.pick(visitor, shelf, "large", "run", "run", "Press Run.")

    picking = threading.Thread(target=pick)
    picking.start()
    while "Loading" not in markup_of(visitor, "run-status"):
        assert picking.is_alive()
    running = threading.Thread(target=live.run, args=(visitor, shelf, "large", RED))
    running.start()
    picking.join(5)
    gate.set()
    running.join(10)
    assert begun == ["large"]
    assert "success" in markup_of(visitor, "run-badge")
    assert "Done" in markup_of(visitor, "run-status")


def test_a_lost_server_ends_the_rollout_with_the_robot_at_rest(visitors, shelf, toy, markup_of, no_waiting):
    visitor = visitors.get("one")
    lost = ServerLost("http://127.0.0.1:8777", "connection refused")
    policy, env = _failing(shelf, "slow", lost, after=2), visitor.env(RED.task)
    live.run(visitor, shelf, "slow", RED)
    assert policy.asked == 3
    moved = env.time
    assert "server lost" in markup_of(visitor, "run-badge")
    assert "is lost" in markup_of(visitor, "run-status")
    assert moved == pytest.approx(2 * 5 * 2 * 0.02)  # two chunks of five rows, each held for two steps, and no more
    live.run(visitor, shelf, "slow", RED)  # a new connection
    assert "not done" in markup_of(visitor, "run-badge")


def test_a_server_that_refuses_is_not_called_lost(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    _failing(shelf, "slow", RefusedByServer("http://127.0.0.1:8777", "too long"), after=0)
    live.run(visitor, shelf, "slow", RED)
    assert "server error" in markup_of(visitor, "run-badge")
    assert "too long" in markup_of(visitor, "run-status")


def test_a_comparison_goes_on_with_one_side_when_the_other_is_lost(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    _failing(shelf, "slow", ServerLost("http://127.0.0.1:8777", "gone"), after=1)
    live.compare(visitor, shelf, ("quick", "slow"), RED)
    assert "success" in markup_of(visitor, "compare-a-badge")
    assert "server lost" in markup_of(visitor, "compare-b-badge")
    assert "is lost: gone" in markup_of(visitor, "compare-status")


def test_the_pictures_have_the_size_that_the_policy_wants(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    with shelf.lend("quick", lambda: False, lambda news: None) as loaded:
        loaded.policy.frame_size = (48, 64)
        env, _ = live.prepared(visitor, loaded, RED)
    assert env.observe().images["cam_high"].shape == (48, 64, 3)


def _slowly(toy, gate):
    def load(source, known=None):
        while not gate.wait(0.001):
            yield "3.2 of 15.0 GB, action head"
        return (yield from toy.load(source, known))

    return load


def _failing(shelf, name, error, after):
    """Make a policy raise `error` at every question after the first ones."""
    with shelf.lend(name, lambda: False, lambda news: None) as loaded:
        policy = loaded.policy
    act, policy.asked = policy.act, 0

    def failing(observation, instruction):
        policy.asked += 1
        if policy.asked > after:
            raise error
        return act(observation, instruction)

    policy.act = failing
    return policy
