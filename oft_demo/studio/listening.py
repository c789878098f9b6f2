"""Does it listen? One policy, one moment, several instructions: how far the words alone move the plan."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from oft_demo.errors import InvalidInstruction, checked_seed
from oft_demo.policy_sources import short
from oft_demo.sim import AlohaEnv
from oft_demo.studio import listening_result as telling_of
from oft_demo.studio.board import Board, Data, Markup
from oft_demo.studio.borrowing import lent
from oft_demo.studio.commands import Command, Message
from oft_demo.studio.listening_question import Question, bring, checked_moment
from oft_demo.studio.listening_result import Answer
from oft_demo.studio.players import Expert, Loaded, Player
from oft_demo.studio.request import checked_task
from oft_demo.studio.screen import Screen, jpegs, say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.types import Image, Observation

if TYPE_CHECKING:
    from oft_demo.policy import OftPolicy
    from oft_demo.studio.studio import Studio

PAGE = SIDE = "listen"
STATE, RESULT = "listen-state", "listen-result"  # slots
NEWS_SECONDS = 0.3  # [s] between two messages about how far it is
READY = "Press Ask: the policy is asked once for each line, all at the same moment."
NO_NETWORK = "The scripted expert has no network, so there is no gamma and beta to show."
ELSEWHERE = "This policy is served elsewhere: its plans arrive here, its gamma and beta do not."


class Stopped(Exception):
    """The visitor wants no more of it."""


def listen(visitor: Visitor, shelf: Shelf, question: Question) -> None:
    """Ask a policy once for each instruction and show how its plans differ; raises NoMoment."""
    board = visitor.board
    shelf.find(question.policy)  # before anything is loaded or stopped
    watched = checked_moment(question, visitor.watched)
    with visitor.activity() as activity, _told(board):
        say(board, PAGE, f"Loading {short(question.policy)} ...", "busy")
        with lent(visitor, shelf, question.policy, PAGE, activity) as policy:
            env = visitor.env(question.task, SIDE)
            policy.player(env, question.example)  # gives it the size of the policy's pictures
            moment = bring(env, question, watched)
            observation = env.observe()
            _show_scene(board, env, policy, observation)
            try:
                answers = _answers(board, activity, env, policy, observation, question)
                effect, missing = _film(board, activity, policy, observation, question)
            except Stopped:
                say(board, PAGE, "Stopped before every line was answered, so there is nothing to compare.")
                return
            about = {"policy": short(policy.name), "task": question.task, "moment": moment}
            found = {**about, **telling_of.result(env, answers), "film": effect, "film_missing": missing}
            Screen(board, PAGE).paths(telling_of.paths(env, answers))
            board.post(RESULT, Data.of(found))
            say(board, PAGE, _conclusion(policy, answers, moment))


def show(visitor: Visitor, task: str, seed: int) -> None:
    """Show the start of a seed, from which it will be asked."""
    with visitor.activity(brief=True):
        env = visitor.env(task, SIDE)
        env.reset(seed)
        _show_scene(visitor.board, env, None, env.observe())
    say(visitor.board, PAGE, READY)


def _show_scene(board: Board, env: AlohaEnv, policy: Expert | Loaded | None, observation: Observation) -> None:
    screen = Screen(board, PAGE)
    board.post(RESULT, Data.of(None))  # what was found belongs to another scene
    screen.enter(env)
    board.post(f"{PAGE}-clock", Markup(f"{observation.time:.1f} s"))
    screen.pictures(jpegs(_pictures(policy, observation)))


def _answers(
    board: Board,
    activity: Activity,
    env: AlohaEnv,
    policy: Expert | Loaded,
    observation: Observation,
    question: Question,
) -> list[Answer]:
    """The plan for each line, all from one and the same observation; raises Stopped."""
    count, answers = len(question.lines), list[Answer]()
    tell = _news(board, activity, count)
    for index, line in enumerate(question.lines):
        tell(index, f'Asking {short(policy.name)}, {index + 1} of {count}: "{line}"')
        player = policy.player(env, question.example)  # the scripted expert plans for one scene and remembers
        chunk = player.policy.act(observation, line)
        answers.append(Answer(line, chunk, _unknown(player, line, question.example.example)))
    return answers


def _film(
    board: Board, activity: Activity, policy: Expert | Loaded, observation: Observation, question: Question
) -> tuple[dict[str, Any] | None, str]:
    """What FiLM does with these lines, or why there is nothing to tell; raises Stopped."""
    if isinstance(policy, Expert):
        return None, NO_NETWORK
    network = _network(policy)
    if network is None:
        return None, ELSEWHERE
    from oft_demo.policy.film_effect import NoFilm, film_effect  # torch takes seconds to import

    tell = _news(board, activity, len(question.lines))
    looks = iter(range(len(question.lines) + 2))
    try:
        effect = film_effect(
            network, observation, question.lines, lambda: tell(next(looks), "Looking under the FiLM of each line ...")
        )
    except NoFilm as error:
        return None, str(error)
    return telling_of.film(effect), ""


def _network(policy: Expert | Loaded | None) -> "OftPolicy | None":
    """The network itself, where it is in this memory."""
    if not isinstance(policy, Loaded):
        return None
    from oft_demo.policy import OftPolicy

    return policy.policy if isinstance(policy.policy, OftPolicy) else None


def _pictures(policy: Expert | Loaded | None, observation: Observation) -> Mapping[str, Image]:
    """What is shown under the maps of patches: where a network crops its pictures, what is left of them."""
    network = _network(policy)
    if network is None or network.pictures == "area":
        return observation.images
    pixels = network.pixels(network.images(observation)).permute(0, 2, 3, 1).mul(255).round().numpy()
    return dict(zip(network.cameras, np.ascontiguousarray(pixels.astype(np.uint8)), strict=True))


def _unknown(player: Player, line: str, example: str) -> tuple[str, ...]:
    """Words of a line that the policy never saw; that it knows none of them is no error here, but what is asked."""
    try:
        return player.unknown_in(line, example)
    except InvalidInstruction:
        return tuple(line.split())


def _conclusion(policy: Expert | Loaded, answers: list[Answer], moment: str) -> str:
    unread = sum(bool(answer.unknown) for answer in answers)
    doubt = f" {unread} of the lines have words that it never saw in training." if unread else ""
    return f"{short(policy.name)} was asked {len(answers)} times at {moment}.{doubt}"


def _news(board: Board, activity: Activity, count: int) -> Callable[[int, str], None]:
    """Says how far it is, not too often; raises Stopped once the visitor stopped it."""
    due = 0.0

    def tell(done: int, text: str) -> None:
        nonlocal due
        if activity.stopped:
            raise Stopped
        if time.monotonic() >= due:
            due = time.monotonic() + NEWS_SECONDS
            say(board, PAGE, text, "busy")
            board.post(STATE, Data.of({"state": "asking", "done": done, "of": count}))

    return tell


@contextmanager
def _told(board: Board) -> Iterator[None]:
    """Say whether something goes on, so that the buttons fit."""
    board.post(STATE, Data.of({"state": "loading"}))
    try:
        yield
    finally:
        board.post(STATE, Data.of({"state": "idle"}))


# ---------------------------------------------------------------------------------------------------------------------
# Commands of the page


def on_listen(studio: "Studio", visitor: Visitor, message: Message) -> None:
    """Ask."""
    listen(visitor, studio.shelf, Question.of(message))


def on_scene(studio: "Studio", visitor: Visitor, message: Message) -> None:
    """Show the scene of another task or seed."""
    show(visitor, checked_task(message.get("task")), checked_seed(message.get("seed")))


COMMANDS: Mapping[str, Command] = {"listen": Command(on_listen, PAGE), "listen-scene": Command(on_scene, PAGE)}
