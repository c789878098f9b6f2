"""What is exported, in which way, and what is said about the result."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
from jaxtyping import Float32

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.types import Episode, Image

ExportFormat: TypeAlias = Literal["act", "oft", "lerobot", "robomimic", "rlds"]
FORMATS: tuple[ExportFormat, ...] = ("act", "oft", "lerobot", "robomimic", "rlds")
Split: TypeAlias = Literal["train", "val"]
Level: TypeAlias = Literal["error", "warning", "note"]

MOST_NAMED = 5  # places in one finding
PICTURE_SIZE = (480, 640)  # (height, width) of ALOHA's pictures


class Exportable(Protocol):
    """An episode that can be exported, labelled and trimmed as people last said."""

    @property
    def name(self) -> str: ...

    @property
    def episode(self) -> Episode:
        """Everything but the pictures; read anew each time, so that a long list need not fit into memory."""
        ...

    @property
    def annotation(self) -> Annotation: ...

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras that `frames` gives pictures of."""
        ...

    def frames(self, every: int = 1) -> Iterator[Mapping[str, Image]]:
        """Pictures of every control step, or only of every so manieth from the first."""
        ...


@dataclass(frozen=True)
class ExportOptions:
    """What may be chosen about an export."""

    format: ExportFormat
    out: Path  # a new directory, or an empty one
    hz: int = 50  # steps a second: as recorded, or a whole part of it, such as OFT's 25
    seed: int = 0  # of the split into training and validation
    validation_share: float = 0.05  # of all episodes; openvla-oft's own default
    pictures: bool = True  # lerobot and robomimic can do without
    picture_size: tuple[int, int] = PICTURE_SIZE  # (height, width) in lerobot and robomimic; the others have their own
    scaled: bool = True  # robomimic: actions within -1..1, with their scale in env_args
    low_camera: bool = True  # oft and rlds: a black cam_low, which openvla-oft's RLDS builder reads
    top: bool = False  # lerobot: cam_high is called "top", as in lerobot/aloha_sim_*
    length: int | None = None  # act: steps of every episode; default: of the longest
    dataset: str = "oft_demo_aloha"  # rlds: name of the TFDS data set


@dataclass(frozen=True)
class Finding:
    """Something that a validator or a writer has to say."""

    level: Level
    where: str  # a file or an episode
    sentence: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.sentence}"


def gathered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each sentence once, with everything it is about."""
    places = dict[tuple[Level, str], list[str]]()
    for finding in findings:
        places.setdefault((finding.level, finding.sentence), []).append(finding.where)
    return tuple(Finding(level, _listed(where), sentence) for (level, sentence), where in places.items())


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Report:
    """What a validator found."""

    format: ExportFormat
    checked_for: str  # tool and version
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the tool can be expected to read it."""
        return all(finding.level != "error" for finding in self.findings)

    def __str__(self) -> str:
        verdict = "can be read" if self.ok else "CANNOT be read"
        return "\n".join([f"{self.format}: {verdict}; checked for {self.checked_for}", *map(str, self.findings)])


@dataclass(frozen=True)
class ExportProgress:
    """How far an export is; the last one holds the report."""

    done: int  # steps written
    total: int
    sentence: str
    report: Report | None = None


@dataclass(frozen=True)
class Planned:
    """What has to be known of every episode before the first is written."""

    exportable: Exportable
    index: int  # from 0, without gaps
    name: str
    length: int  # steps at the rate of the export
    instruction: str
    success: bool
    operator: str
    has_segments: bool
    action_low: Float32[np.ndarray, "14"]
    action_high: Float32[np.ndarray, "14"]
    split: Split


@dataclass(frozen=True)
class Written:
    """Where an episode went."""

    place: str  # path inside the export, with the part of the file after a "#" where it holds several
    padded: int = 0  # steps added at the end
    read_as: str | None = None  # the instruction as readers get it, where it is not word by word the same
    findings: tuple[Finding, ...] = ()
