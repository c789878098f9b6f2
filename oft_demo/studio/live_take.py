"""A take that a visitor drives: the loop of 50 steps a second, and what the page may ask of it meanwhile."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Literal, TypeAlias

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.recording.recorder import Recorder
from oft_demo.serve import RemoteError
from oft_demo.sim import AlohaEnv
from oft_demo.studio.markup import Tone
from oft_demo.studio.pace import Pace
from oft_demo.studio.players import Player
from oft_demo.studio.request import Request
from oft_demo.studio.take_screen import TakeScreen
from oft_demo.studio.telling import told
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.teleoperation.driver import HumanDriver
from oft_demo.teleoperation.inputs import HandsInput
from oft_demo.teleoperation.latch import Latch
from oft_demo.teleoperation.session import Actor, Session
from oft_demo.types import CONTROL_HZ, Step

Mode: TypeAlias = Literal["ready", "running", "paused", "review"]
End: TypeAlias = Literal["keep", "discard", "aside"]

STILL_SECONDS = 1.0  # without any input, after which time stands still, if the person wants that
REST_SECONDS = 0.02  # between two looks at the controls while nothing moves
LATE_SECONDS = 0.5 / CONTROL_HZ  # a step that begins later than this after its time is late


class LiveTake:
    """One take of a visitor; the loop runs in the thread that calls `carry_out`, all else may be called by others."""

    def __init__(self, visitor: Visitor, activity: Activity, env: AlohaEnv, recorder: Recorder, request: Request):
        """`env` was just reset to the request; the take lasts as long as the activity."""
        self.activity = activity
        self.env = env
        self.request = request
        self.recorder = recorder
        self.latch = Latch()
        self.person = HumanDriver(env)
        self.session = Session(env, self.person, recorder)
        self.mode: Mode = "ready"
        self.still = True  # whether time stands while nobody does anything
        self.end: End | None = None
        self.annotation = Annotation()  # what the person said about it when they kept it
        self.ticks = self.late = 0  # control steps, and how many of them began late
        self.lent = contextlib.ExitStack()  # the policies that were handed the arms
        self._visitor = visitor
        self._rested = True  # whether the controls were let go since the last pause
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stirred = threading.Event()
        self._touched = threading.Event()  # a control, since the last step; it may be let go again by now
        self._screen = TakeScreen(visitor.board, env, self)
        self._pace = Pace()

    # ------------------------------------------------------------------------------------- from the page's threads

    def drive(self, given: HandsInput) -> None:
        """What the person's hands do now."""
        self.latch.put(given, time.perf_counter())
        if not given.idle:
            self._touched.set()
            self._stirred.set()

    def let_go(self) -> None:
        """The line to the page is lost: nobody holds a control any more."""
        self.latch.clear()

    def ask(self, what: Callable[[], None]) -> None:
        """Have something done between two steps."""
        self._asked.put(what)
        self._stirred.set()

    # ------------------------------------------------------------------------------------------ in the loop's thread

    def carry_out(self) -> None:
        """Run until the person decides about the take, or does something else."""
        self._screen.begin()
        self._screen.tell(self)
        standing = True
        while self.end is None and not self.activity.stopped:
            self._obey()
            given = self.latch.current(time.perf_counter())
            self._wake(given)
            if self._stands(given):
                if not standing:
                    self._pace.pause()
                    self._screen.tell(self)
                standing = True
                self._stirred.wait(REST_SECONDS)
                self._stirred.clear()
                continue
            if standing:
                self._pace.resume()
                standing = False
                self._screen.tell(self)
            self._step(given)

    def start(self) -> None:
        """Let time pass."""
        self.mode = "running"
        self._screen.tell(self)

    def pause(self) -> None:
        """Let no time pass; the arms hold still."""
        if self.mode in ("ready", "running"):
            self._stand()
            self.recorder.event("pause")
            self._screen.tell(self)

    def review(self) -> None:
        """The take is over unless the person goes back into it."""
        self.mode = "review"
        self._screen.tell(self)

    def hand_to(self, player: Player) -> None:
        """Give the arms to a policy or the expert."""
        expert = player.source == "expert"
        self._screen.introduce(player.card)
        self.latch.clear()
        self._touched.clear()
        self.session.hand_to(Actor(player.name, player.policy, player.source, player.replan_after, sees=not expert))
        self.start()

    def take_over(self) -> None:
        """Give the arms to the person."""
        self.session.take_over()
        self._screen.tell(self)

    def rewind(self, step: int, keep: bool) -> None:
        """Go back, and stand there."""
        self.session.rewind(step, keep)
        self.latch.clear()
        self._stand()
        self._screen.moved(self)

    def begin_segment(self, words: str) -> None:
        """From here on the robot does what these words say; none end the segment."""
        self.recorder.segment(words)
        self._screen.tell(self)

    def tell(self) -> None:
        """Bring the page up to date."""
        self._screen.tell(self)

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Put a message on the status line, unless the person does something else by now."""
        self._visitor.while_wanted(self.activity, lambda: self._screen.say(text, tone))

    def finished(self) -> None:
        """Nobody holds the arms any more: policies go back, and the page's controls rest."""
        self.lent.close()
        self._screen.end()

    def _obey(self) -> None:
        while True:
            try:
                what = self._asked.get_nowait()
            except queue.Empty:
                return
            with told(self._visitor, "record"):
                what()

    def _wake(self, given: HandsInput) -> None:
        """A first touch begins the take, and one after a pause goes on with it; what is held since before does not."""
        if self.mode == "ready" and (not given.idle or self.person.assisting or self.session.actor):
            self.mode = "running"
        elif self.mode == "paused" and given.idle:
            self._rested = True
        elif self.mode == "paused" and self._rested:
            self.start()

    def _stand(self) -> None:
        self.mode = "paused"
        self._rested = False

    def _stands(self, given: HandsInput) -> bool:
        if self.mode != "running":
            return True
        if self.session.actor is not None or not given.idle or self.person.assisting or not self.still:
            return False
        touched = self.latch.touched_at
        return touched is None or time.perf_counter() - touched > STILL_SECONDS

    def _step(self, given: HandsInput) -> None:
        began_late = time.perf_counter() - self._pace.stamp > LATE_SECONDS
        if self._touched.is_set():
            self._touched.clear()
            self.session.take_over()  # also where the touch came and went while a policy was thinking
        acted = self.session.actor
        try:
            step = self.session.tick(given)
        except RemoteError as error:
            self.session.take_over()
            self.say(f"{error} The arms are yours.", "bad")
            return
        if step is None:
            self._ended(acted)
            return
        self.ticks += 1
        self.late += began_late and self.session.actor is None
        self._screen.show(self, step, self._pace)
        self._pace.wait(self.ticks / CONTROL_HZ)

    def _ended(self, actor: Actor | None) -> None:
        last: Step | None = self.session.last
        self._stand()
        name = actor.name if actor else "The policy"
        if last is not None and last.score.success:
            self.say(f"{name} is done. Keep the take, go on by hand, or rewind.", "good")
        else:
            self.say(f"{name} has used up its time. Take over, rewind, or end the take.", "warn")
        self._screen.tell(self)
