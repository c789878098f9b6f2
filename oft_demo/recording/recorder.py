"""Follows a take in an env and puts every step into a journal before anything can go wrong."""

import secrets
import time
from dataclasses import replace
from pathlib import Path

from oft_demo.data.hdf5 import layout
from oft_demo.data.timeline import (
    Note,
    TakeHeader,
    Timeline,
    end_note,
    event_note,
    instruction_note,
    rewind_note,
    segment_note,
    step_record,
    step_type,
)
from oft_demo.errors import OftDemoError
from oft_demo.recording.folders import discard_folder, erase, folder_of
from oft_demo.recording.journal import Journal
from oft_demo.recording.provenance import provenance_of
from oft_demo.take import RecordableEnv
from oft_demo.types import Episode, Segment, Step, TakeEvent

CLOSE_SECONDS = 5.0  # to wait at the end for a disk that refuses
BRANCH_SECONDS = 1.0  # the same for a branch, while the person waits at the controls
MAX_WORDS = 300  # [characters] of one event or segment


class NotOnDisk(OftDemoError):
    """A take has ended, and the disk refuses a part of it."""

    def __init__(self, take_id: str, durable: int, length: int, trouble: str | None):
        super().__init__(
            f"Of the take {take_id}, {durable} of {length} steps are on disk. {trouble or 'The disk is slow.'} "
            "The rest waits in memory and is written as soon as that is possible; leave the app running."
        )


class NoSuchStep(OftDemoError):
    """A rewind to a step that a take does not have."""

    def __init__(self, step: int, length: int):
        super().__init__(f"The take has {length} steps; it can go back to step 0 to {length}, not to {step}.")


class TakeTooLong(OftDemoError):
    """A take has as many steps as an episode may have."""

    def __init__(self) -> None:
        super().__init__(
            f"This take has {layout.MAX_LENGTH} steps, and an episode cannot have more. Keep it, and begin another."
        )


class Recorder:
    """One take of an env that was just reset: give it every Step before the env moves again."""

    def __init__(
        self,
        env: RecordableEnv,
        takes: Path,
        *,
        seed: int,
        instruction: str | None = None,
        operator: str = "",
        device: str = "",
        started: float | None = None,
    ):
        """The journal is takes/<take_id>/journal; a folder that cannot be written is `trouble`, not an error."""
        self._env = env
        self._takes = takes
        self._snapshot = (env.state(), env.velocities(), env.efforts())  # before the next step
        header = TakeHeader(
            take_id=new_take_id(started := time.time() if started is None else started),
            task=env.task,
            instruction=env.instruction if instruction is None else instruction,
            seed=seed,
            state_size=len(self._snapshot[0]),
            started=started,
            render_fingerprint=env.fingerprint,
            provenance=provenance_of(env, started, operator, device),
        )
        self._kind = step_type(header.state_size)
        self._timeline = Timeline(header)
        self._journal = Journal.create(folder_of(takes, header.take_id), header)

    @property
    def take_id(self) -> str:
        """Names the take and its folder."""
        return self._timeline.header.take_id

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self._journal.path

    @property
    def length(self) -> int:
        """Steps so far."""
        return self._timeline.length

    @property
    def durable(self) -> int:
        """How many of them would be there after a power cut."""
        return self._journal.durable

    @property
    def trouble(self) -> str | None:
        """Why the disk does not take the steps at the moment."""
        return self._journal.trouble

    @property
    def branches(self) -> int:
        """How many continuations were kept when the take was rewound."""
        return len(self._timeline.branches)

    @property
    def events(self) -> tuple[TakeEvent, ...]:
        """What was noted so far."""
        return tuple(self._timeline.events)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The parts that were given words so far."""
        return self._timeline.segments

    def add(self, step: Step, wall_time: float) -> None:
        """Remember one step, done `wall_time` [s] after the take began, and what the env is like after it.

        Raises TakeTooLong.
        """
        if self.length >= layout.MAX_LENGTH:
            raise TakeTooLong()
        self._follow_instruction(step)
        record = step_record(self._kind, step, wall_time, *self._snapshot)
        self._timeline.add(record)
        self._journal.step(record)
        self._snapshot = (self._env.state(), self._env.velocities(), self._env.efforts())

    def event(self, kind: str, text: str = "") -> None:
        """Something happened before the next step."""
        self._note(event_note(self.length, kind[:MAX_WORDS], text[:MAX_WORDS]))

    def segment(self, text: str) -> None:
        """From here on the robot does what these words say; no words end the segment."""
        self._note(segment_note(self.length, text[:MAX_WORDS]))

    def rewind(self, step: int, keep: bool) -> None:
        """Bring the env back to where it was before `step`; later steps become a take of their own, or are dropped."""
        if not 0 <= step <= self.length:
            raise NoSuchStep(step, self.length)
        if step == self.length:
            return
        state = self._timeline.state_before(step)
        branch = self._kept_branch() if keep else ""
        self._note(rewind_note(step, branch))
        self._env.assign(self._timeline.instruction)
        self._env.restore(state)
        self._snapshot = (self._env.state(), self._env.velocities(), self._env.efforts())

    def episode(self) -> Episode:
        """The take so far, without pictures."""
        return self._timeline.episode()

    def finish(self) -> str:
        """End the take, which then waits on disk for a decision; raises NotOnDisk while the disk refuses."""
        if not self._end():
            raise NotOnDisk(self.take_id, self.durable, self.length, self.trouble)
        return self.take_id

    def discard(self) -> None:
        """End the take and put it aside; one without a step leaves nothing behind."""
        folder = folder_of(self._takes, self.take_id)
        ended = self._end()
        if ended and not self.length and not self.branches:
            erase(folder)
        else:
            discard_folder(folder)

    def _end(self) -> bool:
        if not self._timeline.ended:
            self._note(end_note())
        return self._journal.close(CLOSE_SECONDS)

    def _note(self, note: Note) -> None:
        self._timeline.note(note)
        self._journal.note(note)

    def _follow_instruction(self, step: Step) -> None:
        said = (self._env.instruction, step.score.named_object)
        if said != (self._timeline.instruction, self._timeline.named_object):
            self._note(instruction_note(self.length, *said))

    def _kept_branch(self) -> str:
        """Write the whole take as it is now under a name of its own."""
        header = self._timeline.header
        name = f"{header.take_id}-b{len(self._timeline.branches) + 1}"
        provenance = {**header.provenance, "branch_of": self.take_id}
        journal = Journal.create(folder_of(self._takes, name), replace(header, take_id=name, provenance=provenance))
        for record in self._timeline.records():
            journal.step(record)
        for note in (*self._timeline.notes(), end_note()):
            journal.note(note)
        journal.close(BRANCH_SECONDS)
        return name


def new_take_id(started: float) -> str:
    """A name that sorts by time and that no other take has."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(started))}-{secrets.token_hex(3)}"
