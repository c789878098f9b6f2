"""Two policies on many seeds: the same scenes for both, results as they come; can be stopped and gone on with."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from oft_demo import rollout
from oft_demo.comparison import Paired, paired_following, paired_success
from oft_demo.errors import OftDemoError, checked_seed
from oft_demo.outcome import SeedResult, outcome_of
from oft_demo.sim import AlohaEnv
from oft_demo.studio import series_table
from oft_demo.studio.board import Board, Data, Markup
from oft_demo.studio.borrowing import both_lent
from oft_demo.studio.pairs import Pair
from oft_demo.studio.players import Expert, Loaded
from oft_demo.studio.request import Request
from oft_demo.studio.screen import say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.types import Step

MAX_SERIES = 200
STATE, TABLE, PAIRS = "compare-series-state", "compare-series", "compare-pairs"  # slots


class InvalidCount(OftDemoError):
    """A number of seeds that cannot be run."""

    def __init__(self, found: object):
        super().__init__(f"The number of seeds is {found!r}; it must be a whole number from 1 to {MAX_SERIES}.")


class NothingToResume(OftDemoError):
    """There is no series that could go on."""

    def __init__(self) -> None:
        super().__init__("There is no series to go on with. Press Run N seeds to begin one.")


@dataclass(frozen=True)
class Series:
    """Two policies on seeds one after the other, as far as that has come."""

    pair: Pair  # on the first seed
    own_words: bool  # whether each seed asks for an object of its own
    total: int  # seeds
    results: tuple[tuple[SeedResult, SeedResult], ...] = ()

    @property
    def done(self) -> int:
        """Seeds that both have finished."""
        return len(self.results)

    @property
    def success(self) -> Paired:
        """Who succeeds."""
        return paired_success(self.results)

    @property
    def following(self) -> Paired:
        """Who goes to the named object."""
        return paired_following(self.results)

    def left(self) -> range:
        """The seeds that are still to be run."""
        return range(self.pair.seed + self.done, self.pair.seed + self.total)

    def with_result(self, first: SeedResult, second: SeedResult) -> "Series":
        """One seed further."""
        return replace(self, results=(*self.results, (first, second)))

    def as_json(self) -> dict[str, Any]:
        """All but the results."""
        one, other = self.pair.requests
        return {
            "policies": self.pair.names,
            "task": self.pair.task,
            "first_seed": self.pair.seed,
            "instructions": (one.instruction, other.instruction),
            "own_words": self.own_words,
            "total": self.total,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], results: list[dict[str, Any]]) -> "Series":
        """The inverse, for what this program itself has put on a board."""
        one, other = (Request(values["task"], values["first_seed"], words) for words in values["instructions"])
        pairs = tuple((SeedResult(**result["a"]), SeedResult(**result["b"])) for result in results)
        first, second = values["policies"]
        return cls(Pair((first, second), (one, other)), values["own_words"], values["total"], pairs)


def checked_count(value: object) -> int:
    """Parse a number of seeds; raises InvalidCount."""
    text = str(value).strip()
    if not text.isdecimal() or not 1 <= int(text) <= MAX_SERIES:
        raise InvalidCount(value)
    return int(text)


def begin(visitor: Visitor, shelf: Shelf, pair: Pair, count: int, own_words: bool) -> None:
    """Run both policies on `count` seeds from the pair's on, as fast as this machine can.

    With `own_words` each seed asks for what it drew, else all are asked for what the pair says.
    """
    checked_seed(pair.seed + count - 1)
    with visitor.activity() as activity:
        series = Series(pair, own_words, count)
        visitor.board.begin(PAIRS, series.as_json())
        _run(visitor, shelf, activity, series)


def resume(visitor: Visitor, shelf: Shelf, count: int) -> None:
    """Go on with the series on the page, with its own settings, up to `count` seeds; raises NothingToResume."""
    with visitor.activity() as activity:
        series = shown(visitor.board)
        if series is None:
            raise NothingToResume()
        checked_seed(series.pair.seed + count - 1)
        _run(visitor, shelf, activity, replace(series, total=max(count, series.done)))


def shown(board: Board) -> Series | None:
    """The series on a visitor's page."""
    state = board.content(STATE)
    if not isinstance(state, Data):
        return None
    return Series.from_json(json.loads(state.json)["series"], board.items(PAIRS))


def _run(visitor: Visitor, shelf: Shelf, activity: Activity, series: Series) -> None:
    board = visitor.board
    for name in series.pair.names:  # before anything is loaded
        shelf.find(name)
    _tell(board, series, running=True)
    try:
        with both_lent(visitor, shelf, series.pair.names, activity) as policies:
            say(board, "compare", "Running; the tables fill as seeds are finished.", "busy")
            for seed in series.left():
                results = _results(visitor, activity, policies, series, seed)
                if activity.stopped:
                    break
                series = series.with_result(*results)
                board.append(PAIRS, {"a": asdict(results[0]), "b": asdict(results[1])})
                _tell(board, series, running=True)
        text = f"All {series.done} seeds are done."
        if activity.stopped:
            text = f"Stopped after {series.done} of {series.total} seeds; Continue goes on from there."
        say(board, "compare", text, "plain" if activity.stopped else "good")
    finally:
        _tell(board, series, running=False)


def _tell(board: Board, series: Series, running: bool) -> None:
    state = {"running": running, "done": series.done, "series": series.as_json()}
    board.post(TABLE, Markup(series_table.html(series.pair.names, series.total, series.results)))
    board.post(STATE, Data.of(state))


def _results(
    visitor: Visitor, activity: Activity, policies: tuple[Expert | Loaded, Expert | Loaded], series: Series, seed: int
) -> tuple[SeedResult, SeedResult]:
    env = visitor.env(series.pair.task)
    env.reset(seed)
    pair = series.pair.on_seed(seed, env.instruction if series.own_words else None)
    first, second = (
        outcome_of(_rollout(env, policy, request, activity), seed)
        for policy, request in zip(policies, pair.requests, strict=True)
    )
    visitor.touch()
    return first, second


def _rollout(env: AlohaEnv, policy: Expert | Loaded, request: Request, activity: Activity) -> Iterator[Step]:
    """The rollout until it ends or is stopped; it has at least one step."""
    env.reset(request.seed)
    player = policy.player(env, request)
    words = request.instruction
    for step in rollout.run(player.policy, env, words, replan_after=player.replan_after, source=player.source):
        yield step
        if activity.stopped:
            return
