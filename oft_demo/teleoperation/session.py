"""One take in one simulation: who has the arms, what they do in the next 20 ms, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from oft_demo import rollout
from oft_demo.errors import OftDemoError
from oft_demo.recording.recorder import Recorder
from oft_demo.sim import AlohaEnv
from oft_demo.teleoperation.driver import HumanDriver
from oft_demo.teleoperation.inputs import HandsInput
from oft_demo.teleoperation.smooth_start import SmoothStart
from oft_demo.types import CAMERAS, CONTROL_HZ, SOURCES, Policy, Source, Step

NO_CHUNK = -1  # chunk and row of a step that a person did


class NothingToRewind(OftDemoError):
    """The take is at its beginning."""

    def __init__(self) -> None:
        super().__init__("This take is at its beginning: there is nothing to go back to. Move an arm first.")


@dataclass(frozen=True)
class Actor:
    """Whoever else can have the arms."""

    name: str
    policy: Policy
    source: Source
    replan_after: int | None = None  # rows of a chunk; None: as the policy asks for
    sees: bool = True  # whether it needs the cameras


class Session:
    """A take as it happens; one thread calls it."""

    def __init__(
        self,
        env: AlohaEnv,
        person: HumanDriver,
        recorder: Recorder,
        clock: Callable[[], float] = time.perf_counter,
    ):
        """`env` was just reset, and `recorder` made for it."""
        self._env = env
        self._person = person
        self._recorder = recorder
        self._clock = clock
        self._began_at: float | None = None
        self._rolling: Iterator[Step] | None = None
        self._chunks_before = 0
        self.actor: Actor | None = None  # who has the arms; None: the person
        self.acted_last: Actor | None = None  # who had them before
        self.last: Step | None = None
        self.runs: list[tuple[int, int]] = []  # from which step on who acted, as a place in SOURCES
        self.chunks: list[int] = []  # the steps at which chunks began
        person.take()

    @property
    def source(self) -> Source:
        """Who has the arms."""
        return "human" if self.actor is None else self.actor.source

    @property
    def length(self) -> int:
        """Steps so far."""
        return self._recorder.length

    def tick(self, given: HandsInput) -> Step | None:
        """Carry out one control step and record it; None where whoever acted has come to the end.

        A person who touches a control has the arms from this step on.
        """
        if self.actor is not None and not given.idle:
            self.take_over()
        step = self._human_step(given) if self.actor is None else self._next_of_actor()
        if step is not None:
            self._keep(step)
        return step

    def take_over(self) -> None:
        """The person has the arms, which stay where they are commanded to be."""
        if self.actor is None:
            return
        self._recorder.event("take_over", f"from {self.actor.name}")
        self._let_go()

    def hand_to(self, actor: Actor) -> None:
        """Somebody else has the arms from the next step on, and looks before they move."""
        if self._recorder.length:
            self._recorder.event("hand_back", f"to {actor.name}")
        self._let_go()
        self.actor = self.acted_last = actor
        self._chunks_before = len(self.chunks)
        self._rolling = rollout.run(
            SmoothStart(actor.policy, self._env, actor.replan_after),
            self._env,
            lambda: self._env.instruction,
            replan_after=actor.replan_after,
            cameras=CAMERAS if actor.sees else (),
            source=actor.source,
            max_steps=self._steps_left(),
        )

    def rewind(self, step: int, keep: bool) -> None:
        """Back to the moment before `step`; what came after it is kept as a branch or dropped.

        The person has the arms then. Raises NothingToRewind.
        """
        if not 0 <= step < self._recorder.length:
            raise NothingToRewind()
        self._recorder.rewind(step, keep)
        self.runs = [run for run in self.runs if run[0] < step]
        self.chunks = [chunk for chunk in self.chunks if chunk < step]
        self.last = None
        self._let_go()

    def seconds_back(self, seconds: float) -> int:
        """The step to rewind to for going back so many seconds."""
        return max(0, self.length - max(1, round(seconds * CONTROL_HZ)))

    def chunk_back(self) -> int:
        """The step at which the last chunk began, before the present moment."""
        return max((chunk for chunk in self.chunks if chunk < self.length), default=0)

    def say(self, instruction: str) -> None:
        """From here on the robot is told something else."""
        if instruction != self._env.instruction:
            self._env.assign(instruction)
            self._recorder.event("said", instruction)

    def _steps_left(self) -> int:
        return max(CONTROL_HZ, self._env.max_steps - self._recorder.length)

    def _let_go(self) -> None:
        self._rolling = self.actor = None
        self._person.take()

    def _human_step(self, given: HandsInput) -> Step:
        target = self._person.target(given)
        now = self._env.observe(())
        self._env.apply(target, 1 / CONTROL_HZ)
        return Step(
            index=self._recorder.length,
            time=now.time,
            joints=now.joints,
            target=np.asarray(target, np.float32),
            chunk_index=NO_CHUNK,
            row=NO_CHUNK,
            source="human",
            score=self._env.score(),
        )

    def _next_of_actor(self) -> Step | None:
        assert self._rolling is not None
        step = next(self._rolling, None)
        if step is None:
            self._let_go()
            return None
        index = self._recorder.length
        if step.chunk is not None:
            self.chunks.append(index)
        return replace(step, index=index, chunk_index=self._chunks_before + step.chunk_index)

    def _keep(self, step: Step) -> None:
        now = self._clock()
        self._began_at = now if self._began_at is None else self._began_at
        self._recorder.add(step, now - self._began_at)
        place = SOURCES.index(step.source)
        if not self.runs or self.runs[-1][1] != place:
            self.runs.append((step.index, place))
        self.last = step
