"""How a visitor drives a rollout while it goes on: words, rows, ensembling, speed, pauses and single steps."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from oft_demo.rollout import Manner
from oft_demo.types import Step

Mode: TypeAlias = Literal["play", "pause", "row", "chunk"]

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)  # simulated seconds a second
POLL_SECONDS = 0.05  # between two looks whether a paused rollout was stopped


@dataclass(frozen=True)
class Heard:
    """What the policy was asked with from some moment on."""

    step: int  # the control step before which it was asked so for the first time
    manner: Manner


class Transport:
    """The controls of one rollout; the page turns them from its thread, the rollout obeys in its own."""

    def __init__(self, manner: Manner, speed: float = 1.0, script: tuple[Heard, ...] = (), own_rows: int | None = None):
        """`script` are changes of the manner that come by themselves, as in a run that is repeated.

        `own_rows` are how many rows of a chunk the policy itself wants carried out.
        """
        self._own_rows = own_rows
        self._changed = threading.Condition()
        self._manner = manner
        self._script = list(script)
        self._mode: Mode = "play"
        self._at_once = False
        self._next_step = 0
        self.speed = speed
        self.heard: list[Heard] = []  # whenever it changed

    @property
    def paused(self) -> bool:
        """Whether the rollout stands, or will stand in a moment."""
        return self._mode == "pause"

    @property
    def mode(self) -> Mode:
        """What the rollout is doing."""
        return self._mode

    @property
    def wanted(self) -> Manner:
        """What the next chunk will be asked with."""
        with self._changed:
            return self._manner

    def turn(self, mode: Mode) -> None:
        """Play, pause, or carry out one more row or chunk and then pause."""
        with self._changed:
            self._mode = mode
            self._changed.notify_all()

    def say(self, instruction: str, at_once: bool = False) -> None:
        """Give other words: for the next chunk, or so that the policy looks again at once."""
        with self._changed:
            self._manner = replace(self._manner, instruction=instruction)
            self._at_once = self._at_once or at_once
            self._script.clear()

    def set(self, replan_after: int | None, ensemble: bool) -> None:
        """Rows to carry out of each chunk, and whether overlapping ones are averaged; from the next chunk on."""
        with self._changed:
            self._manner = replace(self._manner, replan_after=replan_after, ensemble=ensemble)
            self._script.clear()

    # ------------------------------------------------------------------------------------- asked by the rollout

    def manner(self) -> Manner:
        """What the chunk that is due is asked with."""
        with self._changed:
            self._at_once = False
            while self._script and self._script[0].step <= self._next_step:
                self._manner = self._script.pop(0).manner
            if not self.heard or self.heard[-1].manner != self._manner:
                self.heard.append(Heard(self._next_step, self._manner))
            return replace(self._manner, replan_after=self._manner.replan_after or self._own_rows)

    def interrupts(self) -> bool:
        """Whether the policy is to look again before the next row."""
        with self._changed:
            scripted = bool(self._script) and self._script[0].step <= self._next_step
            return self._at_once or scripted

    def after(self, step: Step) -> None:
        """Note that a step was carried out: where only one row or chunk was asked for, this may have been its end."""
        with self._changed:
            self._next_step = step.index + 1
            row_ended = step.index % 2 == 1  # a row is held for two control steps
            if (self._mode == "row" and row_ended) or (self._mode == "chunk" and step.steps_to_replan == 0):
                self._mode = "pause"

    def hold(self, stopped: Callable[[], bool], standing: Callable[[], None]) -> bool:
        """Wait while paused; `standing` is called once at the beginning of a pause. Returns whether there was one."""
        if not self.paused:
            return False
        standing()
        with self._changed:
            while self._mode == "pause" and not stopped():
                self._changed.wait(POLL_SECONDS)
        return True
