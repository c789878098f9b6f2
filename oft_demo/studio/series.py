"""Two policies on many seeds: the same scenes and words for both, results as they come."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from oft_demo import rollout
from oft_demo.errors import OftDemoError
from oft_demo.intervals import mcnemar, wilson
from oft_demo.outcome import SeedResult, outcome_of
from oft_demo.sim import AlohaEnv
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Markup
from oft_demo.studio.borrowing import both_lent
from oft_demo.studio.players import Player
from oft_demo.studio.request import Request
from oft_demo.studio.screen import say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.types import Step

MAX_SERIES = 200
ROWS_SHOWN = 60


class InvalidCount(OftDemoError):
    """A number of seeds that cannot be run."""

    def __init__(self, found: object):
        super().__init__(f"The number of seeds is {found!r}; it must be a whole number from 1 to {MAX_SERIES}.")


def checked_count(value: object) -> int:
    """Parse a number of seeds; raises InvalidCount."""
    text = str(value).strip()
    if not text.isdecimal() or not 1 <= int(text) <= MAX_SERIES:
        raise InvalidCount(value)
    return int(text)


@dataclass
class Series:
    """Results of both policies so far, paired by seed."""

    names: tuple[str, str]
    total: int
    pairs: list[tuple[SeedResult, SeedResult]] = field(default_factory=list)

    def html(self) -> str:
        """Progress, the totals with their intervals, and each seed."""
        done = len(self.pairs)
        bar = markup.progress(done, self.total, f"{done} of {self.total} seeds")
        if not done:
            return bar
        return bar + self._totals() + self._rows()

    def _totals(self) -> str:
        head = ("policy", "success", "95 % interval", "follows the words", "95 % interval", "mean points")
        rows = []
        for side, name in enumerate(self.names):
            results = [pair[side] for pair in self.pairs]
            points = sum(result.points for result in results) / len(results)
            success = _rate([result.success for result in results])
            followed = _rate([result.followed for result in results])
            rows.append((f"{'AB'[side]}: {name}", *success, *followed, f"{points:.0f}"))
        tests = []
        for what, key in (("success", "success"), ("following", "followed")):
            outcomes = [[bool(getattr(pair[side], key)) for pair in self.pairs] for side in (0, 1)]
            tests.append(f"{what} p = {mcnemar(*outcomes):.3f}")
        caption = f"Exact McNemar test on the same seeds, two-sided: {', '.join(tests)}. Intervals are Wilson's."
        return markup.table(head, rows, caption)

    def _rows(self) -> str:
        head = ("seed", "instruction", *(f"{side}: {what}" for side in "AB" for what in ("result", "went to")))
        rows = [
            (str(a.seed), a.instruction, *(cell for r in (a, b) for cell in (_result(r), r.first_object or "nothing")))
            for a, b in reversed(self.pairs[-ROWS_SHOWN:])
        ]
        return markup.table(head, rows)


def compare_seeds(
    visitor: Visitor, shelf: Shelf, names: tuple[str, str], request: Request, count: int, own_words: bool
) -> None:
    """Run both policies on `count` seeds from the request's on, as fast as this machine can.

    With `own_words` each seed asks for what it drew, else all are asked for what the request says.
    """
    board = visitor.board
    with visitor.activity() as activity:
        series = Series(names, count)
        board.post("compare-series", Markup(series.html()))
        with both_lent(visitor, shelf, names, activity) as policies:
            say(board, "compare", "Running; the table fills as seeds are finished.", "busy")
            env = visitor.env(request.task)
            for seed in range(request.seed, request.seed + count):
                results = []
                for policy in policies:
                    asked = _asked(env, seed, request, own_words)
                    steps = _until_stopped(policy.player(env, asked), env, asked.instruction, activity)
                    results.append(outcome_of(steps, seed))
                    visitor.touch()
                if activity.stopped:
                    break
                series.pairs.append((results[0], results[1]))
                board.post("compare-series", Markup(series.html()))
        _conclude(board, series, activity)


def _conclude(board: Board, series: Series, activity: Activity) -> None:
    done = len(series.pairs)
    text = f"Stopped after {done} of {series.total} seeds." if activity.stopped else f"All {done} seeds are done."
    say(board, "compare", text, "plain" if activity.stopped else "good")


def _asked(env: AlohaEnv, seed: int, request: Request, own_words: bool) -> Request:
    env.reset(seed)
    return replace(request, seed=seed, instruction=env.instruction if own_words else request.instruction)


def _until_stopped(player: Player, env: AlohaEnv, words: str, activity: Activity) -> Iterator[Step]:
    for step in rollout.run(player.policy, env, words, replan_after=player.replan_after, source=player.source):
        yield step
        if activity.stopped:
            return


def _rate(outcomes: list[bool]) -> tuple[str, str]:
    low, high = wilson(sum(outcomes), len(outcomes))
    return f"{sum(outcomes)} of {len(outcomes)}", f"{100 * low:.0f} - {100 * high:.0f} %"


def _result(result: SeedResult) -> str:
    return f"success in {result.seconds:.1f} s" if result.success else f"{result.points:.0f}: {result.stage}"
