"""Several instructions at one moment: what the page is told of the plans."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from oft_demo.errors import InvalidInstruction, InvalidSeed, UnknownName
from oft_demo.studio import listen_tab, listening
from oft_demo.studio.listening import listen, show
from oft_demo.studio.listening_question import MAX_LINES, NoMoment, Question, WrongLines
from oft_demo.studio.live import run
from oft_demo.studio.request import Request
from oft_demo.studio.visitors import Visitors
from oft_demo.types import ActionChunk

RED, GREEN, CORN = (f"put the {name} into the pot" for name in ("red pepper", "green pepper", "yellow corn"))
LINES = (RED, "cook the red pepper", GREEN, "colourless ideas sleep")
MESSAGE = {"policy": "quick", "task": "put_x_into_pot", "seed": "7", "lines": "\n".join(LINES), "from_run": False}
QUESTION = Question.of(MESSAGE)


@pytest.fixture
def visitor(toy):
    class Env(toy.Env):
        """The first joint [rad] is how far the left gripper is from one object on the way to another [m]."""

        @property
        def kinematics(self):
            return SimpleNamespace(poses=super().kinematics.poses, gripper_paths=self._paths)

        def object_positions(self):
            return {"red pepper": np.array([1.0, 0, 0]), "green pepper": np.array([-1.0, 0, 0])}

        def _paths(self, targets):
            left, right = np.zeros((2, len(targets), 3), np.float32)
            left[:, 0] = targets[:, 0]
            return {"left": left, "right": right}

    visitors = Visitors(seats=2, idle_seconds=600.0, make_env=Env)
    yield visitors.get("one")
    visitors.close()


@pytest.fixture
def listening_policy(shelf):
    """Moves towards the object that is named; tells what it was asked."""
    with shelf.lend("quick", lambda: False, lambda news: None) as loaded:
        policy = loaded.policy
    asked = []

    def act(observation, instruction):
        asked.append((observation, instruction))
        pace = 0.2 if "red" in instruction else -0.2 if "green" in instruction else 0.0
        rows = np.zeros((5, 14), np.float32) + pace * np.arange(1, 6, dtype=np.float32)[:, None]
        return ActionChunk(rows, instruction, latency_ms={"total": 1.0})

    policy.act = act
    return asked


def data(visitor, slot):
    content = visitor.board.content(slot)
    return json.loads(content.json) if content else None


def test_each_line_is_asked_once_from_the_same_observation(visitor, shelf, listening_policy, markup_of):
    listen(visitor, shelf, QUESTION)
    assert [line for _, line in listening_policy] == list(LINES)
    assert len({id(observation) for observation, _ in listening_policy}) == 1
    assert "asked 4 times at the start of seed 7" in markup_of(visitor, "listen-status")
    assert data(visitor, "listen-state") == {"state": "idle"}


def test_the_page_is_told_how_far_the_plans_lie_apart_and_where_they_lead(visitor, shelf, listening_policy):
    listen(visitor, shelf, QUESTION)
    result = data(visitor, "listen-result")
    assert result["distances"]["larger"][0] == pytest.approx([0, 0, 1.2, 0.6], abs=1e-3)
    red, words, green, nonsense = result["instructions"]
    assert (red["named"], red["heading"]["object"], red["heading"]["approaches"]) == ("red pepper", "red pepper", True)
    assert (green["heading"]["object"], green["heading"]["arm"]) == ("green pepper", "left")
    assert (nonsense["named"], nonsense["heading"]["approaches"]) == (None, False)
    assert nonsense["unknown"] == ["colourless", "ideas", "sleep"]
    assert words["unknown"] == ["cook"]
    assert result["finding"]["other_words"] == 0
    assert result["finding"]["other_object"] == pytest.approx(1.2)


def test_the_grippers_paths_are_drawn_in_the_colours_of_the_rows(visitor, shelf, listening_policy):
    listen(visitor, shelf, QUESTION)
    paths = data(visitor, "listen-paths")["paths"]
    rows = data(visitor, "listen-result")["instructions"]
    assert [path["color"] for path in paths] == [row["color"] for row in rows]
    assert len({path["color"] for path in paths}) == len(LINES)
    assert paths[0]["points"]["left"][-1] == pytest.approx([1.0, 0, 0])
    assert visitor.board.content("listen-poses") is not None
    assert visitor.board.content("listen-cam_high") is not None


def test_it_says_why_there_is_no_film_to_show(visitor, shelf):
    listen(visitor, shelf, QUESTION)
    result = data(visitor, "listen-result")
    assert result["film"] is None
    assert "gamma and beta" in result["film_missing"]


def test_it_asks_at_the_moment_at_which_the_run_stands(visitor, shelf, no_waiting):
    run(visitor, shelf, "quick", Request.parse("put_x_into_pot", 9, RED))
    stood = visitor.watched.env.state()
    visitor.watched.env.reset(3)  # by another tab
    listen(visitor, shelf, Question.of({**MESSAGE, "from_run": True}))
    assert visitor.env("put_x_into_pot", "listen").state() == pytest.approx(stood)
    assert "into the run of seed 9" in data(visitor, "listen-result")["moment"]


def test_it_does_not_ask_at_a_moment_that_there_is_not(visitor, shelf, no_waiting):
    asked = Question.of({**MESSAGE, "from_run": True})
    with pytest.raises(NoMoment, match="nothing ran"):
        listen(visitor, shelf, asked)
    run(visitor, shelf, "quick", Request.parse("put_x_into_pot", 9, RED))
    with pytest.raises(NoMoment, match="transfer_cube"):
        listen(visitor, shelf, Question.of({**MESSAGE, "task": "transfer_cube", "from_run": True}))
    visitor.watched.verdict = None
    with pytest.raises(NoMoment, match="Pause it"):
        listen(visitor, shelf, asked)
    assert data(visitor, "listen-result") is None


def test_stop_ends_it_between_two_lines(visitor, shelf, listening_policy, markup_of):
    visitor.board.post = stopping_at(visitor, "Asking")
    listen(visitor, shelf, QUESTION)
    assert len(listening_policy) == 1
    assert data(visitor, "listen-result") is None
    assert "Stopped before every line" in markup_of(visitor, "listen-status")


def stopping_at(visitor, text):
    """Post as before, and press Stop once the status line says `text`."""
    post = visitor.board.post

    def post_and_stop(slot, content):
        post(slot, content)
        if slot == "listen-status" and text in content.html:
            visitor.stop()

    return post_and_stop


def test_what_the_page_asks_for_is_checked(visitor, shelf):
    assert Question.of({**MESSAGE, "lines": f" {RED} \n\n{RED}\n{GREEN}"}).lines == (RED, GREEN)
    for change, error in (
        ({"lines": RED}, WrongLines),
        ({"lines": 7}, WrongLines),
        ({"lines": "\n".join(f"{RED} {index}" for index in range(MAX_LINES + 1))}, WrongLines),
        ({"lines": f"{RED}\n{'x' * 500}"}, InvalidInstruction),
        ({"task": "cook"}, UnknownName),
        ({"seed": "-1"}, InvalidSeed),
    ):
        with pytest.raises(error):
            Question.of({**MESSAGE, **change})
    with pytest.raises(UnknownName, match="slow"):
        listen(visitor, shelf, Question.of({**MESSAGE, "policy": "missing"}))
    assert data(visitor, "listen-state") is None


def test_the_scene_of_a_seed_can_be_shown_without_asking(visitor, markup_of):
    show(visitor, "put_x_into_pot", 11)
    assert visitor.env("put_x_into_pot", "listen").seed == 11
    assert "Press Ask" in markup_of(visitor, "listen-status")


def test_a_command_of_the_page_is_carried_out(visitor, shelf):
    listening.COMMANDS["listen"].handle(SimpleNamespace(shelf=shelf), visitor, MESSAGE)
    assert data(visitor, "listen-result")["policy"] == "quick"
    listening.COMMANDS["listen-scene"].handle(SimpleNamespace(shelf=shelf), visitor, MESSAGE)


@pytest.mark.parametrize("task", ["put_x_into_pot", "transfer_cube", "insertion"])
def test_the_lines_offered_can_be_asked(task):
    lines = Question.of({**MESSAGE, "task": task, "lines": listen_tab.default_lines(task)}).lines
    assert "do nothing" in lines
    assert len(lines) >= 6


def test_in_a_task_of_one_object_only_lines_with_its_name_count_as_wordings(toy, shelf):
    class Env(toy.Env):
        kinematics = SimpleNamespace(gripper_paths=lambda targets: {"left": np.zeros((len(targets), 3), np.float32)})

        def object_positions(self):
            return {"red cube": np.zeros(3)}

    visitors = Visitors(seats=1, idle_seconds=600.0, make_env=Env)
    lines = "transfer the cube\nhand over the cube\ndo nothing"
    listen(visitors.get("one"), shelf, Question.of({**MESSAGE, "task": "transfer_cube", "lines": lines}))
    result = data(visitors.get("one"), "listen-result")
    assert [each["named"] for each in result["instructions"]] == ["red cube", "red cube", None]
    assert "No two of these instructions" in result["finding"]["sentence"]
    assert "Of 2 lines that name an object, 0 lead" in result["finding"]["sentence"]
    visitors.close()
