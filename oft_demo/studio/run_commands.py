"""What the buttons and keys of the Run tab ask for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oft_demo.errors import OftDemoError, checked_instruction, checked_rows, checked_seed
from oft_demo.studio import live, take_queue
from oft_demo.studio.borrowing import pick
from oft_demo.studio.commands import Command
from oft_demo.studio.request import Request, checked_speed, checked_task
from oft_demo.studio.screen import say
from oft_demo.studio.studio import Studio
from oft_demo.studio.transport import Mode
from oft_demo.studio.visitors import Visitor
from oft_demo.studio.watched import Watched

READY = {
    "run": "Press Run: the robot does what the line above says.",
    "compare": "Press Run both: same scene, same words, one control step of each in turn.",
    "record": "Press Start: the take begins with your first movement.",
}
PRESS = {"run": "Press Run.", "compare": "Press Run both.", "record": "Press Start."}
SCREENS = {"run": ("run",), "compare": ("compare-a", "compare-b"), "record": ("record",)}
TURNS: Mapping[str, Mode] = {"pause": "pause", "resume": "play", "row": "row", "chunk": "chunk"}

Message = Mapping[str, Any]


class NothingRuns(OftDemoError):
    """A control of a rollout was used while there is none."""

    def __init__(self) -> None:
        super().__init__("Nothing is running. Press Run first.")


class UnknownPage(OftDemoError):
    """A command for a part of the page that does not exist."""

    def __init__(self, found: object):
        super().__init__(f"There is no page {found!r} with a scene; choose one of {', '.join(SCREENS)}.")


def run(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Start a rollout."""
    asked = Request.of(message)
    linked = Request.from_settings(visitor.opening) if visitor.opening else asked
    if replace(linked, script=(), link=None) == asked:
        asked = linked  # with what the link tells of changes on the way
    live.run(visitor, studio.shelf, str(message.get("policy")), asked, TURNS.get(str(message.get("mode")), "play"))


def again(studio: Studio, visitor: Visitor, message: Message) -> None:
    """The last run once more: same scene, same words at the same moments, same policy."""
    if visitor.watched is None:
        raise NothingRuns()
    live.run(visitor, studio.shelf, visitor.watched.name, visitor.watched.repeated)


def stop(studio: Studio, visitor: Visitor, message: Message) -> None:
    """End whatever goes on."""
    visitor.stop()


def turn(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Pause, go on, or carry out one row or one chunk."""
    rolling = _rolling(visitor)
    rolling.transport.turn(TURNS[message["do"]])


def say_words(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Change the instruction of the run that goes on."""
    rolling = _rolling(visitor)
    instruction = checked_instruction(message.get("instruction"), rolling.request.example)
    unknown = rolling.player.unknown_in(instruction, rolling.request.example)
    at_once = message.get("at_once") is True
    rolling.transport.say(instruction, at_once)
    when = "at once" if at_once else "with its next chunk"
    doubt = f" It never saw in training: {', '.join(unknown)}." if unknown else ""
    tone = "warn" if unknown else "busy"
    say(visitor.board, "run", f'Told "{instruction}"; {rolling.player.name} reads it {when}.{doubt}', tone)


def set_controls(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Speed, rows to carry out, ensembling; of the run that goes on, if there is one."""
    if "speed" in message:
        visitor.speed = checked_speed(message["speed"])
    rolling = visitor.watched
    if rolling is None or rolling.over:
        return
    rolling.transport.speed = visitor.speed
    if "rows" in message:
        rolling.transport.set(checked_rows(message["rows"]), message.get("ensemble") is True)


def look(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Show one chunk of the run, or go back to what happens now."""
    index = message.get("chunk")
    if visitor.watched is not None:
        live.look(visitor, visitor.watched, index if type(index) is int else None, "run")


def scene(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Show the scene of a seed; `again` starts it over where it is in use."""
    page = message.get("page")
    if page not in SCREENS:
        raise UnknownPage(page)
    task, seed = checked_task(message.get("task")), checked_seed(message.get("seed"))
    shown = live.still(visitor, task, seed, SCREENS[page], message.get("again") is True)
    if shown and page != "record":  # there the last words are about a take
        say(visitor.board, page, READY[page])


def pick_policy(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Load a policy and show its card."""
    page, screen = str(message.get("page")), str(message.get("screen"))
    if page not in SCREENS or screen not in SCREENS[page]:
        raise UnknownPage(page)
    pick(visitor, studio.shelf, str(message.get("policy")), page, screen, PRESS[page])


def open_page(studio: Studio, visitor: Visitor, message: Message) -> None:
    """What a new visitor sees first: the scene, and the card of the policy that a click will run."""
    asked = Request.from_settings(visitor.opening) if visitor.opening else studio.first_request
    take_queue.tell(studio, visitor)
    if visitor.busy:
        return
    everywhere = (*(screen for screens in SCREENS.values() for screen in screens), "listen")
    live.still(visitor, asked.task, asked.seed, everywhere)
    policy = visitor.opening.policy if visitor.opening else studio.shelf.names()[0]
    pick(visitor, studio.shelf, policy, "run", "run", None)


def narrow(studio: Studio, visitor: Visitor, message: Message) -> None:
    """The page became as narrow as a phone's, or wide again."""
    visitor.narrow = message.get("narrow") is True


def _rolling(visitor: Visitor) -> Watched:
    if visitor.watched is None or visitor.watched.over:
        raise NothingRuns()
    return visitor.watched


COMMANDS: Mapping[str, Command] = {
    "open": Command(open_page),
    "run": Command(run),
    "again": Command(again),
    "scene": Command(scene),
    "pick": Command(pick_policy),
    "stop": Command(stop, quick=True),
    "say": Command(say_words, quick=True),
    "set": Command(set_controls, quick=True),
    "look": Command(look, quick=True),
    "narrow": Command(narrow, quick=True),
    **{name: Command(turn, quick=True) for name in TURNS},
}
