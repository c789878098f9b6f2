"""Rollouts on the page: what a visitor sees of one, of two, and of a stop."""

import json
import threading

import numpy as np
import pytest

from oft_demo.errors import InvalidSeed, UnknownName
from oft_demo.serve import RefusedByServer, ServerLost
from oft_demo.studio import borrowing, live
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
    for slot in ("run-scene", "run-poses", "run-cam_high", "run-cam_left_wrist", "run-cam_right_wrist"):
        assert visitor.board.content(slot) is not None
    kinds = [item["kind"] for item in visitor.board.items("run-trace")]
    assert (kinds[0], kinds[-1]) == ("chunk", "end")
    assert sum(len(item["t"]) for item in visitor.board.items("run-trace") if item["kind"] == "rows") > 15


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


def state_of(visitor):
    content = visitor.board.content("run-state")
    return json.loads(content.json) if content else {}


def until(condition, thread):
    while not condition():
        assert thread.is_alive()


def started(visitor, shelf, name="slow", request=RED, mode="play"):
    running = threading.Thread(target=live.run, args=(visitor, shelf, name, request, mode), daemon=True)
    running.start()
    until(lambda: state_of(visitor).get("state") in ("running", "paused"), running)
    return running


def test_a_run_can_be_paused_moved_by_a_row_and_resumed(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    running = started(visitor, shelf, mode="chunk")
    until(lambda: state_of(visitor)["state"] == "paused", running)
    env, transport = visitor.watched.env, visitor.watched.transport
    assert env.time == pytest.approx(10 * 0.02)  # five rows, each held for two steps
    transport.turn("row")
    until(lambda: env.time > 0.21 and transport.paused, running)
    assert env.time == pytest.approx(12 * 0.02)
    transport.turn("play")
    running.join(10)
    assert not running.is_alive()
    assert state_of(visitor)["state"] == "idle"


def test_other_words_are_asked_with_the_next_chunk_and_scored(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    running = started(visitor, shelf, mode="chunk")
    until(lambda: state_of(visitor)["state"] == "paused", running)
    visitor.watched.transport.say("put the pepper into the red pot")
    visitor.watched.transport.turn("play")
    running.join(10)
    said = [item for item in visitor.board.items("run-trace") if item["kind"] == "said"]
    assert [(item["t"], item["instruction"]) for item in said] == [(0.2, "put the pepper into the red pot")]
    assert visitor.watched.env.instruction == "put the pepper into the red pot"
    assert [heard.step for heard in visitor.watched.repeated.script] == [10]


def test_looking_at_a_chunk_shows_its_pictures_and_ghost_arms(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    live.run(visitor, shelf, "slow", RED)
    live.look(visitor, visitor.watched, 2, "run")
    ghost = np.frombuffer(visitor.board.content("run-ghost").floats, "<f4")
    assert ghost[:4].tolist() == pytest.approx([2, 0.04, 5, 2])
    assert json.loads(visitor.board.content("run-looked").json) == {"chunk": 2}
    live.look(visitor, visitor.watched, None, "run")
    assert np.frombuffer(visitor.board.content("run-ghost").floats, "<f4")[2] == 0
    assert json.loads(visitor.board.content("run-looked").json) == {"chunk": None}


def test_a_run_that_stands_for_long_gives_its_seat_back(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    running = started(visitor, shelf, mode="chunk")
    until(lambda: state_of(visitor)["state"] == "paused", running)
    env = visitor.watched.env
    visitor.last_seen -= 10_000
    visitors.release_idle()
    running.join(5)
    assert not running.is_alive()
    assert env.closed


def test_a_new_run_begins_a_new_scene_and_a_new_log(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    epochs, lengths = [], []
    for _ in range(2):
        live.run(visitor, shelf, "quick", RED)
        epochs.append(json.loads(visitor.board.content("run-scene").json)["epoch"])
        lengths.append(len(visitor.board.items("run-trace")))
    assert epochs[0] != epochs[1]
    assert lengths[0] == lengths[1]


def test_showing_the_scene_that_is_in_use_does_not_stop_its_rollout(visitors, shelf):
    visitor = visitors.get("one")
    with visitor.activity((RED.task, RED.seed)) as activity:
        assert not live.still(visitor, RED.task, RED.seed)
        assert not activity.stopped
    assert live.still(visitor, RED.task, RED.seed)


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
