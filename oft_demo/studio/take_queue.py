"""Tells pages which takes are being written, and which wait on disk for a decision."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from oft_demo.recording.acceptance import Acceptance
from oft_demo.studio.board import Data

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio
    from oft_demo.studio.visitors import Visitor

SLOT = "record-queue"


def tell(studio: Studio, visitor: Visitor) -> None:
    """Tell one page."""
    visitor.board.post(SLOT, Data.of(described(studio.acceptance)))


def tell_everyone(studio: Studio) -> None:
    """Tell all pages that are open."""
    content = Data.of(described(studio.acceptance))
    for visitor in studio.visitors.everyone():
        visitor.board.post(SLOT, content)


def described(acceptance: Acceptance) -> dict[str, object]:
    """What the list on the page shows."""
    jobs = [
        {
            "take": job.take_id,
            "stage": job.stage,
            "done": job.done,
            "total": job.total,
            "episode": job.episode,
            "sentence": job.sentence,
        }
        for job in acceptance.progress()
    ]
    found = [{"take": each.take_id, **_but_id(asdict(each))} for each in acceptance.pending()]
    return {"jobs": jobs, "found": found}


def _but_id(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "take_id"}
