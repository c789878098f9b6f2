"""Two policies on many seeds: counted, stopped, gone on with, and written to files."""

import csv
import io
import json
from types import SimpleNamespace

import pytest

from oft_demo.errors import InvalidSeed, UnknownName
from oft_demo.outcome import SeedResult
from oft_demo.studio import comparing, series, series_table
from oft_demo.studio.pairs import Pair

RED = "put the red pepper into the pot"
MESSAGE = {"task": "put_x_into_pot", "seed": "7", "instruction": RED, "policy_a": "quick", "policy_b": "slow"}
PAIR = Pair.of(MESSAGE)


def result(success, followed):
    return SeedResult(7, RED, success, 100.0 * success, "", followed, None, None, 10, 0.2, 1, 4.0, 2.0)


def state(visitor):
    return json.loads(visitor.board.content("compare-series-state").json)


def seeds(visitor):
    return [item["a"]["seed"] for item in visitor.board.items("compare-pairs")]


def stop_after(visitor, monkeypatch, count):
    """Press Stop in the middle of the seed after the first ones."""
    outcome_of, done = series.outcome_of, []

    def outcome(steps, seed):
        done.append(seed)
        if len(done) == 2 * count + 1:
            visitor.stop()
        return outcome_of(steps, seed)

    monkeypatch.setattr(series, "outcome_of", outcome)


def test_both_are_counted_on_the_same_seeds(visitors, shelf, markup_of):
    visitor = visitors.get("one")
    series.begin(visitor, shelf, PAIR, 3, own_words=True)
    table = markup_of(visitor, "compare-series")
    assert "3 of 3" in table
    assert "0 of 3" in table
    assert "3 seeds tell them apart; p = 0.250 (McNemar, exact, two-sided)" in table
    assert '<tr><th scope="row">A yes</th><td>0</td><td class="discordant">3</td></tr>' in table
    assert seeds(visitor) == [7, 8, 9]
    assert "All 3 seeds are done" in markup_of(visitor, "compare-status")
    assert (state(visitor)["running"], state(visitor)["done"]) == (False, 3)


def test_the_test_is_told_in_words():
    def told(wins):
        one, other = ({"success": won, "followed": True} for won in (True, False))
        pairs = [(result(**one), result(**other))] * wins or [(result(**one), result(**one))]
        return series_table.html(("quick", "slow"), 20, pairs)

    assert "No seed tells them apart; p = 1.000" in told(0)
    assert "1 seed tells them apart; p = 1.000" in told(1)
    assert "12 seeds tell them apart; p < 0.001" in told(12)


def test_a_stopped_series_goes_on_where_it_was(visitors, shelf, markup_of, monkeypatch):
    visitor = visitors.get("one")
    with monkeypatch.context() as patched:
        stop_after(visitor, patched, 2)
        series.begin(visitor, shelf, PAIR, 5, own_words=False)
    assert seeds(visitor) == [7, 8]
    assert "Stopped after 2 of 5 seeds" in markup_of(visitor, "compare-status")
    assert state(visitor) == {**state(visitor), "running": False, "done": 2}
    series.resume(visitor, shelf, 4)
    assert seeds(visitor) == [7, 8, 9, 10]
    assert "4 of 4" in markup_of(visitor, "compare-series")
    series.resume(visitor, shelf, 2)
    assert seeds(visitor) == [7, 8, 9, 10]


def test_a_series_is_gone_on_with_as_it_was_begun_whatever_the_boxes_say_now(visitors, shelf):
    visitor, studio = visitors.get("one"), SimpleNamespace(shelf=shelf)
    series.begin(visitor, shelf, PAIR, 1, own_words=True)
    ask = comparing.COMMANDS["series"].handle
    ask(studio, visitor, {**MESSAGE, "policy_a": "slow", "seed": "100", "count": "2", "resume": True})
    assert seeds(visitor) == [7, 8]
    assert state(visitor)["series"]["policies"] == ["quick", "slow"]
    assert state(visitor)["series"]["own_words"] is True
    ask(studio, visitor, {**MESSAGE, "seed": "100", "count": "1", "own_words": False})
    assert seeds(visitor) == [100]


def test_there_has_to_be_a_series_to_go_on_with(visitors, shelf):
    with pytest.raises(series.NothingToResume, match="Run N seeds"):
        series.resume(visitors.get("one"), shelf, 3)


def test_each_seed_may_ask_for_an_object_of_its_own(visitors, shelf, toy, monkeypatch):
    reset, drawn = toy.Env.reset, "put the pepper into pot {}"

    def reset_and_draw(self, seed):
        reset(self, seed)
        self.instruction = drawn.format(seed)

    monkeypatch.setattr(toy.Env, "reset", reset_and_draw)
    visitor = visitors.get("one")
    for own_words, words_b, asked in (
        (True, "", [(drawn.format(7),) * 2, (drawn.format(8),) * 2]),
        (False, "", [(RED, RED)] * 2),
        (True, "put the pot", [(drawn.format(7), "put the pot"), (drawn.format(8), "put the pot")]),
    ):
        series.begin(visitor, shelf, Pair.of({**MESSAGE, "instruction_b": words_b}), 2, own_words)
        told = [(item["a"]["instruction"], item["b"]["instruction"]) for item in visitor.board.items("compare-pairs")]
        assert told == asked


def test_a_series_is_checked_before_it_begins(visitors, shelf):
    assert series.checked_count(" 12 ") == 12
    for wrong in ("0", "-3", "many", "1.5", "100000", None):
        with pytest.raises(series.InvalidCount, match="whole number"):
            series.checked_count(wrong)
    with pytest.raises(InvalidSeed):
        series.begin(visitors.get("one"), shelf, Pair.of({**MESSAGE, "seed": str(2**31 - 2)}), 5, own_words=True)
    with pytest.raises(UnknownName, match="quick"):
        series.begin(visitors.get("one"), shelf, Pair.of({**MESSAGE, "policy_b": "missing"}), 5, own_words=True)


def test_an_error_on_the_way_leaves_a_series_that_can_be_gone_on_with(visitors, shelf, monkeypatch):
    visitor, outcome_of = visitors.get("one"), series.outcome_of

    def outcome(steps, seed):
        if seed == 8:
            raise ValueError("broken")
        return outcome_of(steps, seed)

    with monkeypatch.context() as patched:
        patched.setattr(series, "outcome_of", outcome)
        with pytest.raises(ValueError, match="broken"):
            series.begin(visitor, shelf, PAIR, 3, own_words=True)
    assert (state(visitor)["running"], state(visitor)["done"]) == (False, 1)
    series.resume(visitor, shelf, 3)
    assert seeds(visitor) == [7, 8, 9]


def test_a_series_becomes_files(visitors, shelf):
    visitor, studio = visitors.get("one"), SimpleNamespace(shelf=shelf)
    ask = comparing.COMMANDS["compare-file"].handle
    with pytest.raises(series.NothingToResume):
        ask(studio, visitor, {"what": "series-csv"})
    series.begin(visitor, shelf, Pair.of({**MESSAGE, "instruction": "=put the red pepper"}), 2, own_words=False)
    texts = {}
    for what in ("series-csv", "series-json"):
        ask(studio, visitor, {"what": what})
        told = json.loads(visitor.board.content("compare-file").json)
        assert told["name"].startswith("put_x_into_pot-seeds7-8.")
        texts[what] = visitor.downloads.find(*told["url"].split("/")[-2:]).read_text()
    rows = list(csv.DictReader(io.StringIO(texts["series-csv"])))
    assert [row["seed"] for row in rows] == ["7", "8"]
    assert [rows[0]["a_success"], rows[0]["b_success"]] == ["True", "False"]
    assert rows[0]["a_instruction"] == "'=put the red pepper"
    values = json.loads(texts["series-json"])
    assert values["policies"] == ["quick", "slow"]
    assert values["totals"]["success"]["only_first"] == 2
    assert values["totals"]["success"]["rates"][1]["count"] == 0
    assert [seed["seed"] for seed in values["seeds"]] == [7, 8]
    visitor.downloads.close()
