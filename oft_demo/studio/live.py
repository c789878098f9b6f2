"""Rollouts that a visitor watches: one, or two side by side in step."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from oft_demo import rollout
from oft_demo.plots import PlacedChunk, chunk_figure, comparison_figure
from oft_demo.policy_sources import short
from oft_demo.serve import RemoteError
from oft_demo.sim import AlohaEnv
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Figure, Markup
from oft_demo.studio.borrowing import both_lent, lent
from oft_demo.studio.pace import Pace
from oft_demo.studio.players import Expert, Loaded, Player
from oft_demo.studio.request import Request
from oft_demo.studio.screen import Screen, say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.trace import PARTING, Trace, parting
from oft_demo.studio.verdicts import Verdict, doubts_about, judged
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.types import CONTROL_HZ, Step

SIDES = ("a", "b")


class Plotter:
    """Draws figures beside the simulation, which would hesitate at every chunk if it had to wait for them."""

    def __init__(self, board: Board, slot: str):
        self._board, self._slot = board, slot
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plot")
        self._drawing: Future[None] | None = None

    def draw(self, figure_json: Callable[[], str]) -> None:
        """Draw unless the last figure is still being drawn."""
        if self._drawing is None or self._drawing.done():
            self._drawing = self._thread.submit(self._post, figure_json)

    def finish(self, figure_json: Callable[[], str]) -> None:
        """Draw the last figure and wait for it."""
        self._thread.submit(self._post, figure_json).result()
        self._thread.shutdown()

    def _post(self, figure_json: Callable[[], str]) -> None:
        self._board.post(self._slot, Figure(figure_json()))


def still(visitor: Visitor, task: str, seed: int, screens: Sequence[str] = ("run",), again: bool = False) -> bool:
    """Stop what runs and show the scene of a seed, unless just this scene is in use; `again` starts it over."""
    if visitor.scene_in_use == (task, seed) and not again:
        return False
    with visitor.activity(brief=True):
        env = visitor.env(task)
        env.reset(seed)
        for name in screens:
            Screen(visitor.board, name).still(env)
    return True


def run(visitor: Visitor, shelf: Shelf, name: str, request: Request) -> None:
    """Let the policy `name` do what is asked, shown step by step."""
    with visitor.activity((request.task, request.seed)) as activity:
        say(visitor.board, "run", f"Loading {short(name)} ...", "busy")
        with lent(visitor, shelf, name, "run", activity) as policy:
            env, player = prepared(visitor, policy, request)
            watch(visitor, activity, env, player, request, "run")


def prepared(visitor: Visitor, policy: Expert | Loaded, request: Request, side: str = "a") -> tuple[AlohaEnv, Player]:
    """The visitor's simulation at the start of what is asked, and the policy that will act in it."""
    env = visitor.env(request.task, side)
    env.reset(request.seed)
    env.assign(request.instruction)
    return env, policy.player(env, request)


def watch(
    visitor: Visitor,
    activity: Activity,
    env: AlohaEnv,
    player: Player,
    request: Request,
    page: str,
    follow: Callable[[Step], None] = lambda step: None,
) -> Verdict:
    """One rollout on the screen of `page`, every step told to `follow`."""
    board, doubts = visitor.board, doubts_about(player, request)
    screen, plotter, trace, pace = Screen(board, page), Plotter(board, f"{page}-plot"), Trace(), Pace()
    screen.still(env)
    screen.introduce(player.card)
    opening = " ".join(doubts) or f'{player.name} was told "{request.instruction}".'
    say(board, page, opening, "warn" if doubts else "busy")
    last = lost = None
    try:
        for last in _steps(player, env, request, activity):
            screen.show(last, env, pace)
            follow(last)
            trace.add(last)
            if last.chunk is not None:
                plotter.draw(_chunk_plot(trace, visitor.narrow))
            pace.wait(last.time + 1 / CONTROL_HZ)
    except RemoteError as error:
        lost = error
    verdict = judged(last, activity.stopped, lost)
    say(board, page, " ".join((verdict.sentence, *doubts)), verdict.tone)
    screen.end(last, env, pace, verdict.badge, verdict.tone)
    plotter.finish(_chunk_plot(trace, visitor.narrow))
    return verdict


def compare(visitor: Visitor, shelf: Shelf, names: tuple[str, str], request: Request) -> None:
    """Two policies from the same start with the same words, one control step of each in turn."""
    board = visitor.board
    with visitor.activity() as activity:
        say(board, "compare", f"Loading {' and '.join(map(short, names))} ...", "busy")
        with both_lent(visitor, shelf, names, activity) as policies:
            sides = zip(policies, SIDES, strict=True)
            envs, players = zip(*(prepared(visitor, policy, request, side) for policy, side in sides), strict=True)
            screens = [Screen(board, f"compare-{side}") for side in SIDES]
            for screen, env, player in zip(screens, envs, players, strict=True):
                screen.still(env)
                screen.introduce(player.card)
            board.post("compare-parted", Markup("&ndash;"))
            doubts = " ".join(dict.fromkeys(doubt for player in players for doubt in doubts_about(player, request)))
            say(board, "compare", doubts or f'Both were told "{request.instruction}".', "warn" if doubts else "busy")
            lost = _in_step(visitor, activity, request, players, envs, screens)
            if lost is not None:
                say(board, "compare", str(lost), "bad")
            else:
                say(board, "compare", "Stopped." if activity.stopped else f"Both are done. {doubts}".strip())


def _in_step(
    visitor: Visitor,
    activity: Activity,
    request: Request,
    players: Sequence[Player],
    envs: Sequence[AlohaEnv],
    screens: Sequence[Screen],
) -> RemoteError | None:
    """Carry out both rollouts; returns what went wrong with a server."""
    paces, traces = [Pace() for _ in players], [Trace() for _ in players]
    lasts: list[Step | None] = [None for _ in players]
    plotter = Plotter(visitor.board, "compare-plot")
    names = [player.name for player in players]
    lost: RemoteError | None = None
    running = {side: _steps(player, envs[side], request, activity) for side, player in enumerate(players)}
    while running:
        fresh = False
        for side in list(running):
            step, failure = _next(running[side])
            if step is None:
                del running[side]
                lost = lost or failure
                verdict = judged(lasts[side], activity.stopped, failure)
                screens[side].end(lasts[side], envs[side], paces[side], verdict.badge, verdict.tone)
                continue
            lasts[side] = step
            traces[side].add(step)
            screens[side].show(step, envs[side], paces[side])
            fresh = fresh or step.chunk is not None
            paces[side].wait(step.time + 1 / CONTROL_HZ)
        if fresh:
            plotter.draw(_comparison_plot(names, traces, visitor))
    plotter.finish(_comparison_plot(names, traces, visitor))
    return lost


def _next(steps: Iterator[Step]) -> tuple[Step | None, RemoteError | None]:
    """The next step; None at the end, with the reason if it is a server's."""
    try:
        return next(steps, None), None
    except RemoteError as error:
        return None, error


def _steps(player: Player, env: AlohaEnv, request: Request, activity: Activity) -> Iterator[Step]:
    """The rollout until it ends or is stopped."""
    steps = rollout.run(player.policy, env, request.instruction, replan_after=player.replan_after, source=player.source)
    for step in steps:
        yield step
        if activity.stopped:
            return


def _chunk_plot(trace: Trace, narrow: bool) -> Callable[[], str]:
    motion, chunks = trace.motion, list[PlacedChunk](trace.chunks)
    return lambda: as_json(chunk_figure(motion, chunks, narrow))


def _comparison_plot(names: Sequence[str], traces: Sequence[Trace], visitor: Visitor) -> Callable[[], str]:
    motions = [trace.motion for trace in traces]
    parted = parting(*motions)
    if parted is not None:
        note = f"a joint differs by more than {PARTING} rad"
        visitor.board.post("compare-parted", Markup(markup.fact(f"{parted:.2f} s", note)))
    elif len(motions[0].times):
        visitor.board.post("compare-parted", Markup(markup.fact("not yet", f"no joint differs by {PARTING} rad")))
    return lambda: as_json(comparison_figure(names, motions, parted, visitor.narrow))


def as_json(figure: object) -> str:
    """A plotly figure as JSON text."""
    text = figure.to_json()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text
