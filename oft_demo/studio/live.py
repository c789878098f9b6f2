"""Rollouts that a visitor watches and drives."""

from collections.abc import Iterator, Sequence

from oft_demo import rollout
from oft_demo.policy_sources import short
from oft_demo.serve import RemoteError
from oft_demo.sim import AlohaEnv
from oft_demo.studio.board import Board, Data
from oft_demo.studio.borrowing import lent
from oft_demo.studio.exports import offer
from oft_demo.studio.pace import Pace
from oft_demo.studio.players import Expert, Loaded, Player
from oft_demo.studio.request import Request
from oft_demo.studio.run_log import RunLog
from oft_demo.studio.screen import Screen, jpegs, say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.transport import Mode, Transport
from oft_demo.studio.verdicts import Verdict, doubts_about, judged
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.studio.watched import Watched
from oft_demo.take import Take
from oft_demo.types import CONTROL_HZ, Step

RUN = "run"


def still(visitor: Visitor, task: str, seed: int, screens: Sequence[str] = (RUN,), again: bool = False) -> bool:
    """Stop what runs and show the scene of a seed, unless just this scene is in use; `again` starts it over."""
    if visitor.scene_in_use == (task, seed) and not again:
        return False
    with visitor.activity(brief=True) as activity:
        env = visitor.env(task)
        env.reset(seed)
        pictures = jpegs(env.observe().images)
        for name in screens:
            Screen(visitor.board, name).still(env, pictures)
        visitor.while_wanted(activity, lambda: tell_state(visitor.board, screens[0], "idle"))
    return True


def run(visitor: Visitor, shelf: Shelf, name: str, request: Request, mode: Mode = "play") -> None:
    """Let the policy `name` do what is asked, shown step by step; `mode` can be only its first row or chunk."""
    with visitor.activity((request.task, request.seed)) as activity:
        tell_state(visitor.board, RUN, "loading")
        say(visitor.board, RUN, f"Loading {short(name)} ...", "busy")
        try:
            with lent(visitor, shelf, name, RUN, activity) as policy:
                env, player = prepared(visitor, policy, request)
                visitor.watched = watched(visitor, name, env, player, request, RUN)
                visitor.watched.transport.turn(mode)
                watch(visitor, activity, visitor.watched, RUN)
                visitor.last_run = visitor.watched.record
                offer(visitor.board, RUN, (visitor.last_run,) if visitor.last_run else ())
        finally:
            visitor.while_wanted(activity, lambda: tell_state(visitor.board, RUN, "idle"))


def prepared(visitor: Visitor, policy: Expert | Loaded, request: Request, side: str = "a") -> tuple[AlohaEnv, Player]:
    """The visitor's simulation at the start of what is asked, and the policy that will act in it."""
    env = visitor.env(request.task, side)
    env.reset(request.seed)
    env.assign(request.instruction)
    return env, policy.player(env, request)


def watched(visitor: Visitor, name: str, env: AlohaEnv, player: Player, request: Request, page: str) -> Watched:
    """A rollout that is about to begin on `page`."""
    transport = Transport(request.manner, visitor.speed, request.script, player.replan_after)
    header = {"policy": player.name, "task": request.task, "seed": request.seed}
    log = RunLog(visitor.board, f"{page}-trace", env, header)
    return Watched(name, request, env, player, transport, log, Take(env, request.seed))


def watch(visitor: Visitor, activity: Activity, rolling: Watched, page: str) -> Verdict:
    """Carry out one rollout on the screen of `page`."""
    board, doubts = visitor.board, doubts_about(rolling.player, rolling.request)
    screen, pace = Screen(board, page), Pace(rolling.transport.speed)
    visitor.looked_at = None
    board.post(f"{page}-looked", Data.of({"chunk": None}))
    screen.still(rolling.env, {})
    screen.introduce(rolling.player.card)
    opening = " ".join(doubts) or f'{rolling.player.name} was told "{rolling.request.instruction}".'
    say(board, page, opening, "warn" if doubts else "busy")
    tell_state(board, page, "running", rolling)
    last = lost = None
    try:
        for last in _driven(visitor, activity, rolling, screen, pace, page):
            rolling.add(last)
            _show(screen, rolling, last, pace, visitor.looked_at is None)
    except RemoteError as error:
        lost = error
    verdict = rolling.verdict = judged(last, activity.stopped, lost)
    rolling.log.end(last.time if last else 0.0, verdict.badge, verdict.badge == "success")
    say(board, page, " ".join((verdict.sentence, *doubts)), verdict.tone)
    screen.end(last, rolling.env, pace, verdict.badge, verdict.tone)
    return verdict


def look(visitor: Visitor, rolling: Watched, index: int | None, page: str) -> None:
    """Show a chunk of the run: what it was predicted from, and ghost arms that play it; None goes back to live."""
    screen, chunks = Screen(visitor.board, page), rolling.log.chunks
    if index is None or not 0 <= index < len(chunks):
        visitor.looked_at = None
        screen.ghost(None)
        if chunks:
            screen.chunk(chunks[-1].chunk, chunks[-1].pictures)
    else:
        visitor.looked_at = index
        logged = chunks[index]
        screen.ghost(rolling.env.kinematics.poses(logged.chunk.targets), index, logged.chunk.dt)
        screen.chunk(logged.chunk, logged.pictures)
    visitor.board.post(f"{page}-looked", Data.of({"chunk": visitor.looked_at}))


def tell_state(board: Board, page: str, state: str, rolling: Watched | None = None) -> None:
    """Say whether something runs on a page, so that its buttons fit."""
    values: dict[str, object] = {"state": state}
    if rolling is not None:
        transport = rolling.transport
        manner = transport.wanted
        values |= {"mode": transport.mode, "speed": transport.speed, "instruction": manner.instruction}
        values |= {"task": rolling.request.task, "seed": rolling.request.seed}
    board.post(f"{page}-state", Data.of(values))


def _driven(
    visitor: Visitor, activity: Activity, rolling: Watched, screen: Screen, pace: Pace, page: str
) -> Iterator[Step]:
    """The steps of the rollout, each at its time; waits while the visitor pauses it, ends when it is stopped."""
    transport, player = rolling.transport, rolling.player
    step: Step | None = None

    def standing() -> None:
        pace.pause()
        screen.move(rolling.env)
        if step is not None:
            screen.readouts(step, pace)
        rolling.log.flush()
        tell_state(visitor.board, page, "paused", rolling)

    for step in rollout.run(player.policy, rolling.env, transport, source=player.source):
        yield step
        transport.after(step)
        if transport.hold(lambda: activity.stopped, standing):
            pace.resume()
            tell_state(visitor.board, page, "running", rolling)
        if activity.stopped:
            return
        pace.wait(step.time + 1 / CONTROL_HZ, transport.speed)


def _show(screen: Screen, rolling: Watched, step: Step, pace: Pace, live: bool) -> None:
    """Show a step; while an earlier chunk is looked at, its pictures stay."""
    log = rolling.log
    screen.show(step, rolling.env, pace)
    if step.chunk is not None:
        if live:
            screen.chunk(step.chunk, log.chunks[-1].pictures)
        screen.asked(len(log.chunks) - 1, step.time, log.spent_ms)
