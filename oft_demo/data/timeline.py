"""What happened in a take, step by step: the recorder fills it as it happens, and a journal fills it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float64

from oft_demo.data.hdf5 import layout
from oft_demo.types import CONTROL_HZ, JOINT_COUNT, SOURCES, Episode, Segment, Source, Step, TakeEvent

Note: TypeAlias = Mapping[str, Any]  # {"what": ..., ...} as the functions below make them
Value = TypeVar("Value")


@dataclass(frozen=True)
class TakeHeader:
    """What is known of a take before its first step."""

    take_id: str
    task: str
    instruction: str
    seed: int
    state_size: int  # numbers in one Env.state()
    started: float  # [s] since 1970
    render_fingerprint: str = ""
    control_hz: int = CONTROL_HZ
    provenance: Mapping[str, str] = field(default_factory=dict[str, str])


def step_type(state_size: int) -> np.dtype:
    """One control step as it lies in a journal."""
    joints = ("<f4", (JOINT_COUNT,))
    return np.dtype(
        [
            ("wall_time", "<f8"),  # [s] since the first step
            ("score", "<f8"),  # after the step, 0..100
            ("success", "u1"),
            ("source", "u1"),  # a place in SOURCES
            *((name, *joints) for name in ("qpos", "qvel", "effort", "action")),
            ("state", "<f8", (state_size,)),  # before the step
        ]
    )


def event_note(step: int, kind: str, text: str) -> Note:
    """Something happened before this step."""
    return {"what": "event", "step": step, "kind": kind, "text": text}


def segment_note(step: int, text: str) -> Note:
    """From this step on the robot does what these words say; no words end the segment."""
    return {"what": "segment", "step": step, "text": text}


def instruction_note(step: int, text: str, named_object: str | None) -> Note:
    """From this step on this is scored."""
    return {"what": "instruction", "step": step, "text": text, "named": named_object}


def rewind_note(step: int, branch: str) -> Note:
    """Back to the moment before this step; `branch` is the take that keeps what came after, if one does."""
    return {"what": "rewind", "step": step, "branch": branch}


def end_note() -> Note:
    """The last record of a take that was ended by its recorder."""
    return {"what": "end"}


class Timeline:
    """The steps of a take that count, and what was noted beside them."""

    def __init__(self, header: TakeHeader):
        self.header = header
        self.events: list[TakeEvent] = []
        self.branches: list[str] = []
        self.ended = False  # by its recorder, rather than cut off
        self._steps: list[np.ndarray] = []
        self._marks: list[tuple[int, str]] = []
        self._instructions: list[tuple[int, tuple[str, str | None]]] = [(0, (header.instruction, None))]

    @property
    def length(self) -> int:
        """Number of steps."""
        return len(self._steps)

    @property
    def instruction(self) -> str:
        """What is scored now."""
        return self._instructions[-1][1][0]

    @property
    def named_object(self) -> str | None:
        """The object that the instruction names."""
        return self._instructions[-1][1][1]

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The marked parts so far; the last one lasts until now."""
        stops = [step for step, _ in self._marks[1:]] + [self.length]
        marked = zip(self._marks, stops, strict=False)  # without a mark there is a stop too many
        return tuple(Segment(start, stop, text) for (start, text), stop in marked if text and stop > start)

    def state_before(self, step: int) -> Float64[np.ndarray, "n"]:
        """The simulator state in which this step began."""
        return self._steps[step]["state"]

    def first_broken(self) -> int | None:
        """The first step with a number that is none."""
        names = ("wall_time", "score", "qpos", "qvel", "effort", "action", "state")
        whole = (all(np.isfinite(record[name]).all() for name in names) for record in self._steps)
        return next((step for step, fine in enumerate(whole) if not fine), None)

    def records(self) -> Sequence[np.ndarray]:
        """The steps in the form in which a journal keeps them."""
        return tuple(self._steps)

    def notes(self) -> list[Note]:
        """What another timeline must be told, beside the steps, to become like this one."""
        return [
            *(instruction_note(step, *words) for step, words in self._instructions),
            *(segment_note(step, text) for step, text in self._marks),
            *(event_note(event.step, event.kind, event.text) for event in self.events),
        ]

    def add(self, record: np.ndarray) -> None:
        """One more step."""
        self._steps.append(record)

    def note(self, note: Note) -> None:
        """Something beside the steps."""
        match note["what"]:
            case "event":
                self.events.append(TakeEvent(note["step"], note["kind"], note["text"]))
            case "segment":
                self._marks.append((note["step"], note["text"]))
            case "instruction":
                self._instructions.append((note["step"], (note["text"], note["named"])))
            case "rewind":
                self._rewind(note["step"], note["branch"])
            case "end":
                self.ended = True

    def episode(self) -> Episode:
        """The take as an episode without pictures."""
        header, rows = self.header, np.stack(self._steps)
        columns = {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}
        return Episode(
            task=header.task,
            instruction=self.instruction,
            seed=header.seed,
            success=bool(rows["success"][-1]),
            source=main_source(columns["source"]),
            qpos=columns["qpos"],
            qvel=columns["qvel"],
            effort=columns["effort"],
            action=columns["action"],
            applied=columns["action"],
            states=columns["state"],
            valid=np.ones(self.length, np.bool_),
            score=float(rows["score"][-1]),
            named_object=self.named_object,
            control_hz=header.control_hz,
            render_fingerprint=header.render_fingerprint,
            sources=columns["source"],
            wall_times=columns["wall_time"],
            segments=self.segments[-layout.MAX_NOTES :],
            events=tuple(self.events[-layout.MAX_NOTES :]),
            provenance={**header.provenance, "take": header.take_id},
        )

    def _rewind(self, step: int, branch: str) -> None:
        text = f"from step {self.length}" + (f", kept as {branch}" if branch else "")
        del self._steps[step:]
        self.events = [event for event in self.events if event.step <= step]
        self._marks = _until(self._marks, step)
        self._instructions = _until(self._instructions, step)
        self.events.append(TakeEvent(step, "rewind", text))
        if branch:
            self.branches.append(branch)


def step_record(
    kind: np.dtype, step: Step, wall_time: float, state: np.ndarray, qvel: np.ndarray, effort: np.ndarray
) -> np.ndarray:
    """A step as a journal keeps it; `state`, `qvel` and `effort` are those before the step."""
    record = np.zeros((), kind)
    record["wall_time"], record["state"] = wall_time, state
    record["qpos"], record["qvel"], record["effort"], record["action"] = step.joints, qvel, effort, step.target
    record["source"] = SOURCES.index(step.source)
    record["score"], record["success"] = step.score.points, step.score.success
    return record


def main_source(sources: np.ndarray) -> Source:
    """Who acted: the person, where one took part, else whoever acted last."""
    human = SOURCES.index("human")
    return "human" if (sources == human).any() else SOURCES[int(sources[-1])]


def _until(marks: list[tuple[int, Value]], step: int) -> list[tuple[int, Value]]:
    return [mark for mark in marks if mark[0] <= step]
