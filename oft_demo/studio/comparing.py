"""Two rollouts side by side and in step, and what sets them apart."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oft_demo.errors import UnknownName
from oft_demo.policy_sources import short
from oft_demo.run_files import write_text
from oft_demo.studio import compared_files, exports, series
from oft_demo.studio.board import Board, Data
from oft_demo.studio.borrowing import both_lent
from oft_demo.studio.commands import Command, Message
from oft_demo.studio.comparing_log import ComparingLog
from oft_demo.studio.pace import Pace
from oft_demo.studio.pairs import LETTERS, Pair
from oft_demo.studio.screen import say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.side import Side, begun
from oft_demo.studio.verdicts import doubts_about
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.types import CONTROL_HZ

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio

PAGE = "compare"
STATE, FILE = "compare-state", "compare-file"  # slots


def compare(visitor: Visitor, shelf: Shelf, pair: Pair) -> None:
    """Two policies from the same start, one control step of each in turn."""
    board = visitor.board
    for name in pair.names:  # before anything is loaded
        shelf.find(name)
    with visitor.activity() as activity, _told(board):
        say(board, PAGE, f"Loading {' and '.join(map(short, dict.fromkeys(pair.names)))} ...", "busy")
        visitor.last_pair = None
        exports.offer(board, PAGE, ())
        with both_lent(visitor, shelf, pair.names, activity) as policies:
            parts = zip(LETTERS, policies, pair.names, pair.requests, strict=True)
            sides = [begun(visitor, *part) for part in parts]
            log = ComparingLog(board, pair, [side.player.name for side in sides])
            doubts = " ".join(
                dict.fromkeys(doubt for side in sides for doubt in doubts_about(side.player, side.request))
            )
            say(board, PAGE, doubts or _opening(pair), "warn" if doubts else "busy")
            board.post(STATE, Data.of({"state": "running"}))
            _in_step(activity, sides, log)
            log.end()
            _conclude(visitor, activity, sides, doubts)


def _in_step(activity: Activity, sides: Sequence[Side], log: ComparingLog) -> None:
    """Carry out both, one control step of each in turn: the slower one makes the other wait, and none runs ahead."""
    running = dict(enumerate(sides))
    for side in sides:
        side.pace = Pace()  # loading and drawing took time
    while running:
        for index, side in list(running.items()):
            step = None if activity.stopped else side.next()
            if step is None:
                del running[index]
                log.ended(index, side.last, side.end(activity.stopped))
                continue
            log.add(index, step)
            side.screen.show(step, side.env, side.pace)
            side.pace.wait(step.time + 1 / CONTROL_HZ)


def _conclude(visitor: Visitor, activity: Activity, sides: Sequence[Side], doubts: str) -> None:
    board = visitor.board
    first, second = (side.record() for side in sides)
    if first is not None and second is not None:
        visitor.last_pair = first, second
        exports.offer(board, PAGE, (first, second))
    lost = next((side.lost for side in sides if side.lost is not None), None)
    if lost is not None:
        say(board, PAGE, str(lost), "bad")
        return
    ends = " ".join(f"{letter.upper()}: {side.ending}." for letter, side in zip(LETTERS, sides, strict=True))
    say(board, PAGE, f"{'Stopped. ' if activity.stopped else ''}{ends} {doubts}".strip())


def _opening(pair: Pair) -> str:
    one, other = (request.instruction for request in pair.requests)
    return f'Both were told "{one}".' if pair.same_words else f'A was told "{one}", B "{other}".'


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


def on_compare(studio: "Studio", visitor: Visitor, message: Message) -> None:
    """Run both once."""
    compare(visitor, studio.shelf, Pair.of(message))


def on_series(studio: "Studio", visitor: Visitor, message: Message) -> None:
    """Run both on many seeds, or go on with that."""
    count = series.checked_count(message.get("count"))
    if message.get("resume") is True:
        series.resume(visitor, studio.shelf, count)
    else:
        series.begin(visitor, studio.shelf, Pair.of(message), count, message.get("own_words") is True)


def on_file(studio: "Studio", visitor: Visitor, message: Message) -> None:
    """Write a file of what is shown, and tell the page where it is."""
    what = str(message.get("what"))
    if what not in compared_files.FILES:
        raise UnknownName("file of a comparison", what[:40], compared_files.FILES)
    name, text = compared_files.FILES[what](visitor)
    with visitor.downloads.writing(name) as writing:
        list(write_text(writing.download.path, text))
    visitor.board.post(FILE, Data.of({"what": what, "url": writing.download.url, "name": name}))


COMMANDS: Mapping[str, Command] = {
    "compare": Command(on_compare, PAGE),
    "series": Command(on_series, PAGE),
    "compare-file": Command(on_file, PAGE),
}
