"""What the Record tab asks for: start a take, drive it, go back in it, decide about it."""

from collections.abc import Callable, Mapping
from typing import Any

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.labelling import checked_changes, checked_person
from oft_demo.errors import OftDemoError, checked_instruction
from oft_demo.policy_opening import POLICY_IMAGE_SIZE
from oft_demo.recording.recorder import Recorder
from oft_demo.studio import take_queue
from oft_demo.studio.board import Data
from oft_demo.studio.borrowing import lent
from oft_demo.studio.commands import Command
from oft_demo.studio.live_take import LiveTake
from oft_demo.studio.request import Request
from oft_demo.studio.screen import say
from oft_demo.studio.shelf import EXPERT
from oft_demo.studio.studio import Studio
from oft_demo.studio.visitors import Visitor
from oft_demo.teleoperation.inputs import HandsInput

PAGE = "record"
HUMAN = "human"
MAX_REWIND_SECONDS = 600.0
ASSISTS = ("home", "above", "align")
ARMS_OR_BOTH = ("left", "right", None)

Message = Mapping[str, Any]


class NoTake(OftDemoError):
    """A control of a take was used while there is none."""

    def __init__(self) -> None:
        super().__init__("There is no take yet. Press Start, then move an arm.")


class InvalidRequest(OftDemoError):
    """A command with a value that makes no sense."""

    def __init__(self, what: str, found: object, expected: str):
        super().__init__(f"{what} is {str(found)[:60]!r}; expected {expected}.")


# ---------------------------------------------------------------------------------------------------- a take's life


def start(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Begin a take and carry it out until the person decides about it; this call lasts as long as the take."""
    asked = Request.parse(message.get("task"), message.get("seed"), message.get("instruction"))
    driver, operator = str(message.get("driver") or HUMAN), checked_person(message.get("operator"))
    if driver != HUMAN:
        studio.shelf.find(_policy_name(driver))
    with visitor.activity((asked.task, asked.seed)) as activity:
        env = visitor.env(asked.task)
        env.image_size = POLICY_IMAGE_SIZE
        env.reset(asked.seed)
        env.assign(asked.instruction)
        recorder = Recorder(
            env, studio.takes, seed=asked.seed, instruction=asked.instruction, operator=operator, device="browser"
        )
        take = visitor.take = LiveTake(visitor, activity, env, recorder, asked)
        try:
            say(visitor.board, PAGE, "Ready. The take begins with your first movement.", "good")
            if driver != HUMAN:
                _lend(studio, visitor, take, driver)
            take.carry_out()
        finally:
            visitor.take = None
            _conclude(studio, visitor, take)
    if take.end is not None and not activity.superseded:
        _next_scene(visitor, asked)


def keep(studio: Studio, visitor: Visitor, message: Message) -> None:
    """End the take and have it written with these labels."""
    take = _take(visitor)
    take.annotation = _annotation(message, take.request)
    take.ask(lambda: _decide(take, "keep"))


def discard(studio: Studio, visitor: Visitor, message: Message) -> None:
    """End the take and put it away."""
    take = _take(visitor)
    take.ask(lambda: _decide(take, "discard"))


def _decide(take: LiveTake, end: Any) -> None:
    if end == "keep" and not take.recorder.length:
        raise InvalidRequest("The length of the take", "0 steps", "at least one step: move an arm first")
    take.end = end


def _conclude(studio: Studio, visitor: Visitor, take: LiveTake) -> None:
    """Whatever happens, a take with a step in it stays on disk."""
    recorder = take.recorder
    take.finished()
    if take.end == "keep":
        studio.acceptance.submit(recorder.finish(), take.annotation)
        take.say("Kept: its pictures are being drawn below. The next scene is ready.", "good")
    elif take.end == "discard" or not recorder.length:
        recorder.discard()
        if recorder.length:
            take.say("Discarded; it can be taken back from the list below.", "plain")
    else:
        recorder.finish()
        take.say("The take was put aside: decide about it in the list below.", "warn")
    take_queue.tell(studio, visitor)


def _next_scene(visitor: Visitor, asked: Request) -> None:
    visitor.board.post(f"{PAGE}-seed", Data.of({"seed": asked.seed + 1}))  # the page then asks for its scene


# ------------------------------------------------------------------------------------------------------ during a take


def drive(studio: Studio, visitor: Visitor, message: Message) -> None:
    """What the person's hands do now."""
    given = HandsInput.from_message(message)
    if visitor.take is not None:
        visitor.take.drive(given)


def go(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Let time pass again."""
    take = _take(visitor)
    take.ask(take.start)


def pause(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Let no time pass."""
    take = _take(visitor)
    take.ask(take.pause)


def review(studio: Studio, visitor: Visitor, message: Message) -> None:
    """The take is over: look at it and decide."""
    take = _take(visitor)
    take.ask(take.review)


def take_over(studio: Studio, visitor: Visitor, message: Message) -> None:
    """The person wants the arms."""
    take = _take(visitor)
    take.ask(take.take_over)


def hand_back(studio: Studio, visitor: Visitor, message: Message) -> None:
    """A policy or the expert goes on from here."""
    take = _take(visitor)
    _lend(studio, visitor, take, str(message.get("to") or ""))


def rewind(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Back by some seconds, to a step, or to the beginning of the last chunk."""
    take = _take(visitor)
    place, kept = _place(take, message), message.get("keep") is True
    take.ask(lambda: take.rewind(place(), kept))


def assist(studio: Studio, visitor: Visitor, message: Message) -> None:
    """A small movement that the person does not want to do by hand."""
    take, name, arm = _take(visitor), message.get("name"), message.get("arm")
    if name not in ASSISTS:
        raise InvalidRequest("The assist", name, "one of " + ", ".join(ASSISTS))
    if arm not in ARMS_OR_BOTH:
        raise InvalidRequest("The arm", arm, "left, right or none")

    def begin() -> None:
        take.session.take_over()
        take.person.assist(str(name), arm)
        take.start()

    take.ask(begin)


def mark(studio: Studio, visitor: Visitor, message: Message) -> None:
    """From here on a segment with words of its own; no words end it."""
    take, text = _take(visitor), message.get("text")
    words = checked_instruction(text, take.request.example) if text else ""
    take.ask(lambda: take.begin_segment(words))


def still(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Whether time stands while nobody does anything."""
    take = _take(visitor)
    take.still = message.get("on") is True
    take.ask(take.tell)


# ------------------------------------------------------------------------------------------- takes that wait on disk


def accept_found(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Have a take that was found on disk written as an episode."""
    studio.acceptance.submit(str(message.get("take")), Annotation())


def retry(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Try once more to write a take."""
    studio.acceptance.retry(str(message.get("take")))


def restore(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Take a discarded take back."""
    studio.acceptance.restore(str(message.get("take")))
    take_queue.tell_everyone(studio)


def drop(studio: Studio, visitor: Visitor, message: Message) -> None:
    """Put a take that waits away for good."""
    studio.acceptance.drop(str(message.get("take")))
    take_queue.tell_everyone(studio)


# -------------------------------------------------------------------------------------------------------------- parts


def _take(visitor: Visitor) -> LiveTake:
    if visitor.take is None:
        raise NoTake()
    return visitor.take


def _policy_name(driver: str) -> str:
    return EXPERT if driver == "expert" else driver


def _lend(studio: Studio, visitor: Visitor, take: LiveTake, name: str) -> None:
    """Load a policy while the person keeps the arms, and then hand them over."""
    policy = take.lent.enter_context(lent(visitor, studio.shelf, _policy_name(name), PAGE, take.activity))

    def hand() -> None:
        take.hand_to(policy.player(take.env, take.request))
        take.say(f"{policy.name} has the arms. Touch any control and they are yours.", "busy")

    take.ask(hand)


def _place(take: LiveTake, message: Message) -> Callable[[], int]:
    if message.get("chunk") is True:
        return take.session.chunk_back
    step, seconds = message.get("step"), message.get("seconds")
    if type(step) is int and step >= 0:
        return lambda: step
    if isinstance(seconds, int | float) and 0 < seconds <= MAX_REWIND_SECONDS:
        return lambda: take.session.seconds_back(float(seconds))
    raise InvalidRequest("How far to go back", seconds if step is None else step, "seconds, a step or a chunk")


def _annotation(message: Message, request: Request) -> Annotation:
    fields = ("instruction", "success", "quality", "tags", "notes", "paraphrases", "stage_score")
    given = {name: message[name] for name in fields if message.get(name) not in (None, "", [])}
    if given.get("instruction") == request.instruction:
        del given["instruction"]
    return Annotation(**checked_changes(given))


COMMANDS: Mapping[str, Command] = {
    "take-start": Command(start, PAGE),
    "drive": Command(drive, PAGE, quick=True),
    "take-go": Command(go, PAGE, quick=True),
    "take-pause": Command(pause, PAGE, quick=True),
    "take-over": Command(take_over, PAGE, quick=True),
    "hand-back": Command(hand_back, PAGE),
    "take-rewind": Command(rewind, PAGE, quick=True),
    "take-end": Command(review, PAGE, quick=True),
    "take-keep": Command(keep, PAGE),
    "take-discard": Command(discard, PAGE),
    "assist": Command(assist, PAGE, quick=True),
    "take-mark": Command(mark, PAGE, quick=True),
    "take-still": Command(still, PAGE, quick=True),
    "take-accept": Command(accept_found, PAGE),
    "take-retry": Command(retry, PAGE),
    "take-restore": Command(restore, PAGE),
    "take-drop": Command(drop, PAGE),
}
