"""A link or a file of settings makes the same run again, or says why it cannot."""

import json

import pytest

from oft_demo.errors import InvalidInstruction, InvalidSeed, OftDemoError, UnknownName
from oft_demo.link_checks import MAX_CHANGES, InvalidLink
from oft_demo.rollout import Manner
from oft_demo.run_settings import RunSettings, weights_differ

PLAIN = RunSettings("put_x_into_pot", 20000, "aloha-mini", "1f2e3d", "put the red pepper into the pot")
RICH = RunSettings(
    task="put_x_into_pot",
    seed=7,
    policy="http://127.0.0.1:8777/some where",
    fingerprint="1f2e3d",
    instruction="put 50% of ü & the corn = into the pot",
    said=((120, "no: the green pepper"), (150, "stop?")),
    replan_after=5,
    ensemble=True,
    turned=((50, None, False), (120, 3, True)),
)


@pytest.mark.parametrize("settings", [PLAIN, RICH])
def test_a_link_says_everything_that_makes_the_run(settings):
    assert RunSettings.from_query(settings.as_query()) == settings
    assert RunSettings.from_query("?" + settings.as_query()) == settings


@pytest.mark.parametrize("settings", [PLAIN, RICH])
def test_a_file_of_settings_says_everything_that_makes_the_run(settings):
    assert RunSettings.from_json(json.loads(json.dumps(settings.as_json()))) == settings


@pytest.mark.parametrize("settings", [PLAIN, RICH])
def test_what_the_policy_was_asked_with_comes_back_from_the_settings(settings):
    again = RunSettings.of(settings.task, settings.seed, settings.policy, settings.fingerprint, settings.heard)
    assert again == settings


def test_words_and_rows_that_change_together_are_one_change():
    assert RICH.heard == (
        (0, Manner(RICH.instruction, 5, True)),
        (50, Manner(RICH.instruction, None, False)),
        (120, Manner("no: the green pepper", 3, True)),
        (150, Manner("stop?", 3, True)),
    )


def test_a_person_can_read_a_link():
    assert PLAIN.as_query() == (
        "task=put_x_into_pot&seed=20000&say=put+the+red+pepper+into+the+pot&policy=aloha-mini&weights=1f2e3d"
    )


def test_keys_of_others_are_passed_over():
    assert RunSettings.from_query(PLAIN.as_query() + "&__theme=dark&view=3") == PLAIN


def test_the_keys_and_values_of_a_parsed_query_are_good_too():
    values = {"task": PLAIN.task, "seed": "20000", "say": [PLAIN.instruction], "policy": "aloha-mini", "then": []}
    assert RunSettings.from_query(values).instruction == PLAIN.instruction


def changed(**values):
    keys = {"task": "put_x_into_pot", "seed": "1", "say": "put the corn into the pot", "policy": "aloha-mini"}
    return {key: value for key, value in {**keys, **values}.items() if value is not None}


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (changed(task="juggle"), UnknownName, "put_x_into_pot"),
        (changed(seed="minus one"), InvalidSeed, "whole number"),
        (changed(seed="-1"), InvalidSeed, "whole number"),
        (changed(seed=None), InvalidLink, "seed"),
        (changed(seed=["1", "2"]), InvalidLink, "exactly one"),
        (changed(say="  "), InvalidInstruction, "empty"),
        (changed(say="x" * 201), InvalidInstruction, "201"),
        (changed(policy=""), InvalidLink, "policy"),
        (changed(policy="a\x00b"), InvalidLink, "can be seen"),
        (changed(policy="p" * 201), InvalidLink, "200"),
        (changed(weights="<script>"), InvalidLink, "fingerprint"),
        (changed(rows="0"), InvalidLink, "1 to 1000"),
        (changed(rows="many"), InvalidLink, "many"),
        (changed(ensemble="1"), InvalidLink, "yes or no"),
        (changed(then="put the corn into the pot"), InvalidLink, "control step"),
        (changed(then="0:put the corn into the pot"), InvalidLink, "control step"),
        (changed(then="5:"), InvalidInstruction, "empty"),
        (changed(then=["9:put it", "9:put it there"]), InvalidLink, "grow"),
        (changed(then=[f"{step}:put it" for step in range(1, MAX_CHANGES + 2)]), InvalidLink, "at most 50"),
        (changed(turn="5:3 sometimes"), InvalidLink, "ensemble"),
        ("?" + "a=1&" * 500, InvalidLink, "values"),
        ("say=" + "x" * 100_000, InvalidLink, "characters"),
        ("", InvalidLink, "task"),
    ],
)
def test_a_link_that_makes_no_run_is_answered_with_what_is_wrong(values, error, words):
    with pytest.raises(error, match=words):
        RunSettings.from_query(values)


@pytest.mark.parametrize(
    "found",
    [
        [],
        None,
        "text",
        {**PLAIN.as_json(), "seed": [1]},
        {**PLAIN.as_json(), "seed": True},
        {**PLAIN.as_json(), "instruction": None},
        {**PLAIN.as_json(), "instruction": {"a": 1}},
        {**PLAIN.as_json(), "then": "5:put it"},
        {**PLAIN.as_json(), "then": [5]},
        {**PLAIN.as_json(), "then": [{"step": 1.5, "instruction": "put it"}]},
        {**PLAIN.as_json(), "turn": [{"step": 1, "rows": "a"}]},
        {**PLAIN.as_json(), "rows": 0},
    ],
)
def test_a_damaged_file_of_settings_is_answered_with_a_sentence(found):
    with pytest.raises(OftDemoError):
        RunSettings.from_json(found)


def test_other_weights_than_those_of_the_link_are_named():
    assert weights_differ(PLAIN, "1f2e3d") is None
    assert weights_differ(PLAIN, "abcdef") == (
        "aloha-mini has other weights here (abcdef) than when the link was made (1f2e3d): expect another run."
    )
    assert "does not tell" in str(weights_differ(PLAIN, ""))


def test_a_link_of_the_expert_names_no_weights_and_misses_none():
    expert = RunSettings("insertion", 1, "expert", "", "insert the peg into the socket")
    assert "weights" not in expert.as_query()
    assert weights_differ(RunSettings.from_query(expert.as_query()), "") is None
