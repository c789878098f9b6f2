"""Shows a take that a visitor drives: poses, hands, the take bar, and now and then what the cameras see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oft_demo.policy_card import Card
from oft_demo.sim import AlohaEnv
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Data, Markup
from oft_demo.studio.pace import Pace
from oft_demo.studio.screen import Screen, jpegs, say
from oft_demo.types import CAMERAS, CONTROL_HZ, Step

if TYPE_CHECKING:
    from oft_demo.studio.live_take import LiveTake

PAGE = "record"
BAR_STEPS = CONTROL_HZ // 5  # between two updates of the take bar
GLANCE_STEPS = CONTROL_HZ // 4  # between two pictures, of one camera after the other
DIGITS = 4


class TakeScreen:
    """The Record tab's view of one take."""

    def __init__(self, board: Board, env: AlohaEnv, take: LiveTake):
        self._board = board
        self._env = env
        self._screen = Screen(board, PAGE)
        self._glances = 0

    def begin(self) -> None:
        """Show the scene at the take's beginning."""
        self._screen.still(self._env, jpegs(self._env.observe().images))

    def introduce(self, card: Card) -> None:
        """Say who has the arms."""
        self._screen.introduce(card)

    def say(self, text: str, tone: markup.Tone = "plain") -> None:
        """Put a message on the status line."""
        say(self._board, PAGE, text, tone)

    def show(self, take: LiveTake, step: Step, pace: Pace) -> None:
        """Show one control step."""
        if pace.news_due(take.ticks / CONTROL_HZ):
            self._screen.move(self._env, pace.stamp)
            self._hands(take)
        if step.chunk is not None and step.observation is not None:
            self._screen.pictures(jpegs(step.observation.images))
        elif step.source == "human" and take.ticks % GLANCE_STEPS == 0:
            self._glance()
        if take.ticks % BAR_STEPS == 0 or step.chunk is not None:
            self.tell(take)

    def moved(self, take: LiveTake) -> None:
        """Show where everything is after a jump in time."""
        self._screen.enter(self._env)
        self._screen.pictures(jpegs(self._env.observe().images))
        self.tell(take)

    def tell(self, take: LiveTake) -> None:
        """Bring the take bar and the readouts up to date."""
        self._board.post(f"{PAGE}-take", Data.of(described(take)))
        self._board.post(f"{PAGE}-state", Data.of({"state": take.mode}))
        self._hands(take)
        score = self._env.score()
        self._board.post(f"{PAGE}-clock", Markup(f"{take.session.length / CONTROL_HZ:.1f} s"))
        self._board.post(f"{PAGE}-score", Markup(markup.score_card(score)))
        self._board.post(f"{PAGE}-following", Markup(markup.following(score)))
        self._board.post(f"{PAGE}-badge", Markup(markup.badge("success", "good") if score.success else ""))

    def end(self) -> None:
        """There is no take any more."""
        self._board.post(f"{PAGE}-take", Data.of({"take": None, "state": "idle"}))
        self._board.post(f"{PAGE}-state", Data.of({"state": "idle"}))

    def _glance(self) -> None:
        camera = CAMERAS[self._glances % len(CAMERAS)]
        self._glances += 1
        self._screen.pictures(jpegs(self._env.observe((camera,)).images))

    def _hands(self, take: LiveTake) -> None:
        hands = {
            arm: {
                "position": _rounded(hand.pose.position),
                "quaternion": _rounded(hand.pose.quaternion),
                "joints": _rounded(hand.joints),
                "reach": hand.reach,
                "note": hand.note,
            }
            for arm, hand in take.person.hands.items()
        }
        self._board.post(f"{PAGE}-hands", Data.of(hands))


def described(take: LiveTake) -> dict[str, object]:
    """What the page's take bar is told."""
    session, recorder = take.session, take.recorder
    score = session.last.score if session.last else None
    actor = session.actor
    return {
        "take": recorder.take_id,
        "state": take.mode,
        "driver": session.source,
        "name": actor.name if actor else "",
        "before": session.acted_last.name if session.acted_last else "",
        "length": recorder.length,
        "seconds": round(recorder.length / CONTROL_HZ, 2),
        "durable": recorder.durable,
        "branches": recorder.branches,
        "runs": session.runs,
        "chunks": session.chunks,
        "events": [{"step": event.step, "kind": event.kind, "text": event.text} for event in recorder.events],
        "segments": [{"start": one.start, "stop": one.stop, "text": one.text} for one in recorder.segments],
        "trouble": recorder.trouble,
        "success": bool(score and score.success),
        "suggestion": f"The scene says: {score.stage}." if score else None,
        "assisting": take.person.assisting,
        "still": take.still,
        "instruction": take.request.instruction,
        "task": take.request.task,
        "seed": take.request.seed,
    }


def _rounded(values: object) -> list[float]:
    return np.round(np.asarray(values, dtype=float), DIGITS).tolist()
