"""What people say about an episode, apart from what was recorded."""

from dataclasses import dataclass

from oft_demo.types import Segment


@dataclass(frozen=True)
class Annotation:
    """The labels of an episode that people give; None and empty where the recording stands."""

    instruction: str | None = None
    paraphrases: tuple[str, ...] = ()  # other wordings that fit as well
    success: bool | None = None  # by hand; the automatic verdict stays in the recording
    stage_score: float | None = None  # 0..100, by hand
    quality: int | None = None  # 1 (poor) .. 5 (excellent)
    tags: tuple[str, ...] = ()
    notes: str = ""
    segments: tuple[Segment, ...] | None = None  # None: those of the recording
    operator: str | None = None
