"""Two rollouts in step: what the page is told of them, and what is kept."""

import json
import threading
from types import SimpleNamespace

import pytest

from oft_demo.errors import InvalidInstruction, UnknownName
from oft_demo.policy_sources import FilmOff, Sources
from oft_demo.serve import ServerLost
from oft_demo.studio import compare_tab, comparing, exports
from oft_demo.studio.comparing import compare
from oft_demo.studio.pairs import Pair
from oft_demo.types import ActionChunk

RED = "put the red pepper into the pot"
MESSAGE = {"task": "put_x_into_pot", "seed": "7", "instruction": RED, "policy_a": "quick", "policy_b": "slow"}
PAIR = Pair.of(MESSAGE)


def data(visitor, slot):
    content = visitor.board.content(slot)
    return json.loads(content.json) if content else None


def items(visitor, kind):
    return [item for item in visitor.board.items("compare-trace") if item["kind"] == kind]


def failing(shelf, name, error, after):
    """Make a policy raise `error` at every question after the first ones."""
    with shelf.lend(name, lambda: False, lambda news: None) as loaded:
        policy = loaded.policy
    act, asked = policy.act, []

    def act_or_fail(observation, instruction):
        asked.append(observation)
        if len(asked) > after:
            raise error
        return act(observation, instruction)

    policy.act = act_or_fail


def test_both_act_in_step_from_the_same_scene(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    compare(visitor, shelf, PAIR)
    assert "success" in markup_of(visitor, "compare-a-badge")
    assert "not done" in markup_of(visitor, "compare-b-badge")
    assert [visitor.env("put_x_into_pot", side).seed for side in "ab"] == [7, 7]
    for slot in ("scene", "poses"):
        assert all(visitor.board.content(f"compare-{side}-{slot}") is not None for side in "ab")
    assert "quick" in markup_of(visitor, "compare-a-who")
    assert "A: success after" in markup_of(visitor, "compare-status")
    assert "went to the red pepper" in markup_of(visitor, "compare-status")
    assert data(visitor, "compare-state") == {"state": "idle"}


def test_neither_runs_ahead_of_the_other(visitors, shelf, monkeypatch, no_waiting):
    visitor = visitors.get("one")
    clocks = []

    def note(self, step):
        clocks.append(tuple(round(visitor.env("put_x_into_pot", side).time * 50) for side in "ab"))

    monkeypatch.setattr("oft_demo.take.Take.add", note)
    monkeypatch.setattr("oft_demo.studio.side.Side.record", lambda self: None)
    compare(visitor, shelf, PAIR)
    both = [(a, b) for a, b in clocks if a <= 18]  # A is done soon after
    assert len(both) > 30
    assert all(a - b in (0, 1) for a, b in both)


def test_the_page_is_told_when_they_part_and_how_far_their_plans_are_apart(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    compare(visitor, shelf, PAIR)
    (parted,) = items(visitor, "parted")
    assert (parted["step"], parted["difference"]) == (3, pytest.approx(0.06, abs=1e-3))
    plans = items(visitor, "plans")
    assert [plan["t"] for plan in plans[:3]] == [0.0, 0.2, 0.4]
    assert plans[0]["states"] == "same"
    assert plans[0]["arms"]["left"] == pytest.approx(0.09, abs=1e-3)  # the mean of 0.03 to 0.15
    assert plans[1]["states"] == "parted"
    assert [end["side"] for end in items(visitor, "end")] == ["a", "b"]
    assert items(visitor, "end")[0]["followed"] is True
    assert "0.06 s" in markup_of(visitor, "compare-parted")
    assert "0.20 s" in markup_of(visitor, "compare-plans")
    assert "exactly the same state" in markup_of(visitor, "compare-first")


def test_a_policy_does_not_part_from_itself(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    compare(visitor, shelf, Pair.of({**MESSAGE, "policy_b": "quick"}))
    assert items(visitor, "parted") == []
    assert {plan["states"] for plan in items(visitor, "plans")} == {"same"}
    assert "never" in markup_of(visitor, "compare-parted")
    assert "never" in markup_of(visitor, "compare-plans")


def test_b_may_be_told_something_else(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    compare(
        visitor, shelf, Pair.of({**MESSAGE, "policy_b": "quick", "instruction_b": " put the  pepper into the pot "})
    )
    assert visitor.env("put_x_into_pot", "a").instruction == RED
    assert visitor.env("put_x_into_pot", "b").instruction == "put the pepper into the pot"
    assert "put the pepper into the pot" in markup_of(visitor, "compare-b-who")


def test_what_the_page_asks_for_is_checked_before_anything_is_loaded(visitors, shelf):
    assert Pair.of({**MESSAGE, "instruction_b": " "}).same_words
    with pytest.raises(InvalidInstruction):
        Pair.of({**MESSAGE, "instruction_b": "x" * 500})
    with pytest.raises(UnknownName, match="slow"):
        compare(visitors.get("one"), shelf, Pair.of({**MESSAGE, "policy_b": "missing"}))
    assert data(visitors.get("one"), "compare-state") is None


def test_one_side_goes_on_when_the_other_is_lost(visitors, shelf, markup_of, no_waiting):
    visitor = visitors.get("one")
    failing(shelf, "slow", ServerLost("http://127.0.0.1:8777", "gone"), after=1)
    compare(visitor, shelf, PAIR)
    assert "success" in markup_of(visitor, "compare-a-badge")
    assert "server lost" in markup_of(visitor, "compare-b-badge")
    assert "is lost: gone" in markup_of(visitor, "compare-status")


def test_stop_ends_both(visitors, shelf, markup_of):
    visitor = visitors.get("one")
    running = threading.Thread(target=compare, args=(visitor, shelf, PAIR))
    running.start()
    while (data(visitor, "compare-state") or {}).get("state") != "running":
        assert running.is_alive()
    visitor.stop()
    running.join(5)
    assert not running.is_alive()
    assert "Stopped" in markup_of(visitor, "compare-status")
    assert data(visitor, "compare-state") == {"state": "idle"}


def test_both_runs_are_kept_for_files(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    compare(visitor, shelf, PAIR)
    first, second = visitor.last_pair
    assert [record.settings.policy for record in (first, second)] == ["quick", "slow"]
    assert [record.verdict for record in (first, second)] == ["success", "not done"]
    assert first.episode.length == len(first.scores) < second.episode.length
    assert [chunk.step for chunk in first.chunks] == list(range(0, first.episode.length, 10))
    assert set(first.chunks[0].pictures) == {"cam_high", "cam_left_wrist", "cam_right_wrist"}
    assert data(visitor, "compare-link") == {"query": None}


def test_nothing_of_an_earlier_pair_is_offered_while_the_next_one_runs(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    compare(visitor, shelf, PAIR)
    failing(shelf, "slow", ServerLost("http://127.0.0.1:8777", "gone"), after=0)
    compare(visitor, shelf, PAIR)
    assert visitor.last_pair is None
    assert data(visitor, "compare-link") is None


def test_distances_become_a_file(visitors, shelf, no_waiting):
    visitor, studio = visitors.get("one"), SimpleNamespace(shelf=shelf)
    ask = comparing.COMMANDS["compare-file"].handle
    with pytest.raises(exports.NothingToExport):
        ask(studio, visitor, {"what": "distances"})
    comparing.COMMANDS["compare"].handle(studio, visitor, MESSAGE)
    ask(studio, visitor, {"what": "distances"})
    told = data(visitor, "compare-file")
    path = visitor.downloads.find(*told["url"].split("/")[-2:])
    values = json.loads(path.read_text())
    assert values["sides"]["b"]["policy"] == "slow"
    assert [found["kind"] for found in values["found"]] == [
        item["kind"] for item in visitor.board.items("compare-trace")
    ]
    assert "same control step" in values["definitions"]["arms"]
    with pytest.raises(UnknownName, match="distances"):
        ask(studio, visitor, {"what": "../secrets"})
    visitor.downloads.close()


def test_every_preset_names_policies_that_are_bundled():
    names = Sources().names()
    for preset in compare_tab.PRESETS:
        assert set(preset.policies) <= set(names)
    intervention = next(preset for preset in compare_tab.PRESETS if preset.name == "intervention")
    assert isinstance(Sources().find(intervention.policies[1]), FilmOff)
    assert "not the paper's ablation" in intervention.hint


def test_a_policy_that_predicts_finer_rows_is_compared_too(visitors, shelf, no_waiting):
    visitor = visitors.get("one")
    with shelf.lend("slow", lambda: False, lambda news: None) as loaded:
        act = loaded.policy.act
        loaded.policy.act = lambda *asked: ActionChunk(act(*asked).targets, RED, dt=0.02, latency_ms={"total": 1.0})
    compare(visitor, shelf, PAIR)
    assert items(visitor, "plans")[0]["arms"]["left"] == pytest.approx(0.054, abs=1e-3)  # 0.1 s of it
