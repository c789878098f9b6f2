"""The values that a catalogue of episodes takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.errors import OftDemoError
from oft_demo.types import Source

ANONYMOUS = "somebody"  # who changed something without saying who it was
FIELD_WORDS = {"spans": "the steps", "state": "the place in the list or the bin", "stage_score": "the stage score"}

Order: TypeAlias = Literal["newest", "oldest", "longest", "shortest", "worst"]
HintKind: TypeAlias = Literal[
    "idle start", "idle end", "jerk", "length outlier", "gripper never closed", "targets outside limits"
]


@dataclass(frozen=True)
class Span:
    """A part of a file: an episode is one or several of them, one behind the other."""

    file: str  # name without .hdf5
    start: int  # first control step
    stop: int  # the step after the last

    @property
    def length(self) -> int:
        """Number of control steps."""
        return self.stop - self.start


@dataclass(frozen=True)
class Hint:
    """Something about an episode that a person should look at."""

    kind: HintKind
    step: int | None  # where to look; None: the whole episode
    sentence: str


@dataclass(frozen=True)
class Entry:
    """One episode as lists show it."""

    summary: EpisodeSummary  # with the labels of `annotation` and the length of `spans`
    annotation: Annotation
    success_automatic: bool  # what was measured when it was recorded
    sources: frozenset[Source]  # everybody who acted
    spans: tuple[Span, ...]
    revision: int  # grows with every change of this episode
    recorded: float  # [s] since 1970
    hints: tuple[Hint, ...] = ()
    recovered: bool = False  # found again after a crash
    deleted: bool = False  # in the bin
    whole: bool = True  # all of one recording; else trimmed, or made of parts

    @property
    def name(self) -> str:
        """The name of the episode."""
        return self.summary.name

    @property
    def success(self) -> bool:
        """The verdict by hand where there is one, else the automatic one."""
        return self.success_automatic if self.annotation.success is None else self.annotation.success


@dataclass(frozen=True)
class Search:
    """What is looked for; None and empty where it does not matter."""

    text: str = ""  # every word has to begin a word of the episode
    task: str | None = None
    instruction: str | None = None
    success: bool | None = None
    source: Source | None = None  # who acted at least for a while
    tags: tuple[str, ...] = ()  # all of them
    quality_at_least: int | None = None
    operator: str | None = None
    hint: str | None = None  # a kind of hint
    deleted: bool = False  # what is in the bin instead
    recovered: bool | None = None
    order: Order = "newest"
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class Found:
    """One page of what was found, and how much there is altogether."""

    entries: tuple[Entry, ...]
    total: int
    unread: int = 0  # files that are still to be read; they are read in the background


@dataclass(frozen=True)
class Change:
    """One step of the change log, of one episode or of many."""

    id: int
    when: float  # [s] since 1970
    by: str
    kind: str  # "label", "tag", "trim", "split", "merge", "delete", "restore", "replaced", "taken over", "emptied"
    sentence: str
    names: tuple[str, ...]
    undone: bool = False


@dataclass(frozen=True)
class DamagedEpisode:
    """A file that cannot be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Totals:
    """Figures of all episodes that are not in the bin."""

    episodes: int
    hours: float
    per_task: Mapping[str, int]
    per_instruction: Mapping[str, int]
    per_outcome: Mapping[str, int]  # "success", "failure"
    per_source: Mapping[str, int]  # an episode counts for everybody who acted in it
    joint_low: np.ndarray  # (14,) [rad], grippers 0..1; the lowest measured position of each joint
    joint_high: np.ndarray  # (14,)
    tags: Mapping[str, int] = field(default_factory=dict[str, int])
    operators: Mapping[str, int] = field(default_factory=dict[str, int])
    hints: Mapping[str, int] = field(default_factory=dict[str, int])


class InvalidLabel(OftDemoError):
    """A label that an episode cannot have."""

    def __init__(self, field: str, found: object, expected: str):
        super().__init__(f"The label {field!r} is {found!r:.60}; expected {expected}.")


class InvalidEdit(OftDemoError):
    """An episode cannot be changed in this way."""

    def __init__(self, name: str, found: str, expected: str):
        super().__init__(f"Cannot edit {name}: {found}; {expected}.")


class LabelConflict(OftDemoError):
    """Somebody else changed the same since the person looked; nothing was written."""

    def __init__(self, name: str, field: str, by: str, when: float, theirs: object, revision: int):
        self.name = name
        self.field = field
        self.by = by
        self.when = when  # [s] since 1970
        self.theirs = theirs
        self.revision = revision  # of the episode now: ask again with it to overwrite
        super().__init__(
            f"{by or ANONYMOUS} changed {FIELD_WORDS.get(field, field)} of {name} in the meantime, to {theirs!r:.80}. "
            "Nothing was written: look at it, and change it again if yours is right."
        )
