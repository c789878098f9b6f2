"""What buttons and keys of the Run tab ask for, parsed at the border."""

from types import SimpleNamespace

import pytest

from oft_demo.errors import EmptyInstruction, InvalidRows, InvalidSeed, UnknownName
from oft_demo.run_settings import RunSettings
from oft_demo.sim import TASKS
from oft_demo.studio import run_commands
from oft_demo.studio.request import InvalidSpeed, Request
from oft_demo.studio.run_commands import NothingRuns, UnknownPage

ASKED = {"policy": "quick", "task": TASKS[0], "seed": "7", "instruction": "put the red pepper into the pot"}


@pytest.fixture
def studio(shelf):
    return SimpleNamespace(shelf=shelf, first_request=Request(TASKS[0], 20_000, "put the red pepper into the pot"))


@pytest.fixture
def visitor(visitors):
    return visitors.get("one")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"task": "juggle"}, UnknownName),
        ({"task": None}, UnknownName),
        ({"seed": "-1"}, InvalidSeed),
        ({"seed": [7]}, InvalidSeed),
        ({"instruction": "  "}, EmptyInstruction),
        ({"instruction": 3}, EmptyInstruction),
        ({"rows": "2.5"}, InvalidRows),
        ({"rows": "-3"}, InvalidRows),
        ({"rows": {"a": 1}}, InvalidRows),
        ({"policy": "../quick"}, UnknownName),
        ({"policy": None}, UnknownName),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(studio, visitor, change, error):
    with pytest.raises(error):
        run_commands.run(studio, visitor, {**ASKED, **change})


def test_rows_and_ensembling_are_taken_from_the_page():
    asked = Request.of({**ASKED, "rows": "5", "ensemble": True})
    assert (asked.replan_after, asked.ensemble) == (5, True)
    assert Request.of({**ASKED, "rows": "", "ensemble": "yes"}).manner.replan_after is None
    assert not Request.of({**ASKED, "ensemble": "yes"}).ensemble


@pytest.mark.parametrize("name", ["pause", "resume", "row", "chunk"])
def test_controls_of_a_run_say_that_there_is_none(studio, visitor, name):
    with pytest.raises(NothingRuns, match="Press Run first"):
        run_commands.turn(studio, visitor, {"do": name})


def test_the_speed_is_one_of_those_that_are_offered(studio, visitor):
    run_commands.set_controls(studio, visitor, {"speed": 0.25})
    assert visitor.speed == 0.25
    for wrong in (3, 0, "1", True, None, float("nan")):
        with pytest.raises(InvalidSpeed):
            run_commands.set_controls(studio, visitor, {"speed": wrong})


def test_scenes_are_shown_on_pages_that_exist(studio, visitor):
    with pytest.raises(UnknownPage):
        run_commands.scene(studio, visitor, {"page": "nowhere", "task": TASKS[0], "seed": "1"})
    run_commands.scene(studio, visitor, {"page": "compare", "task": TASKS[0], "seed": "1"})
    assert visitor.board.content("compare-b-scene") is not None


def test_again_repeats_what_was_said_on_the_way(studio, visitor, no_waiting):
    run_commands.run(studio, visitor, {**ASKED, "policy": "slow"})
    visitor.watched.transport.heard.append(
        type(visitor.watched.transport.heard[0])(20, visitor.watched.transport.heard[0].manner)
    )
    script = visitor.watched.repeated.script
    run_commands.again(studio, visitor, {})
    assert visitor.watched.request.script == script
    assert visitor.last_run.settings.task == TASKS[0]


def test_again_needs_a_run_before(studio, visitor):
    with pytest.raises(NothingRuns):
        run_commands.again(studio, visitor, {})


def test_a_run_that_a_link_asked_for_brings_its_changes_along(studio, visitor, no_waiting):
    visitor.opening = RunSettings(
        TASKS[0], 7, "quick", "other weights", ASKED["instruction"], said=((4, "put the pepper into the red pot"),)
    )
    run_commands.run(studio, visitor, ASKED)
    assert [item["instruction"] for item in visitor.board.items("run-trace") if item["kind"] == "said"]
    assert "other weights here" in visitor.board.content("run-status").html
    run_commands.run(studio, visitor, {**ASKED, "seed": "8"})
    assert not [item for item in visitor.board.items("run-trace") if item["kind"] == "said"]


def test_looking_at_no_chunk_of_no_run_does_nothing(studio, visitor):
    run_commands.look(studio, visitor, {"chunk": 2})
    run_commands.look(studio, visitor, {"chunk": "2"})
    assert visitor.board.content("run-ghost") is None
