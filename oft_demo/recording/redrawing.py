"""Writes an episode once more with other pictures: drawn from its states, for other cameras or sizes."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from oft_demo.data.durable import NameTaken
from oft_demo.data.hdf5.writing import write_packed
from oft_demo.recording.accepting import Stage, refusing
from oft_demo.recording.drawers import Drawers
from oft_demo.recording.drawing import View, begin_drawing, draw
from oft_demo.types import Episode


@dataclass(frozen=True)
class RedrawProgress:
    """How far the new pictures of an episode have come."""

    stage: Stage
    done: int  # steps
    total: int


def redraw(name: str, episode: Episode, view: View, out: Path, drawers: Drawers) -> Iterator[RedrawProgress]:
    """Write an episode, called `name` where it comes from, as the new file `out` with the pictures of `view`.

    Begun again after an interruption, it goes on where it was. Raises NameTaken where there is such a file already,
    DrawingFailed for an episode without states or a camera that its scene lacks, and DiskRefused.
    """
    if out.exists():
        raise NameTaken(out)
    folder = out.with_name(f"{out.name}.drawing")
    told = replace(episode, images={}, provenance={**episode.provenance, "drawn_again_from": name})
    with refusing(out.parent):
        drawing = begin_drawing(folder, told, view, drawers)
        for done in draw(drawing, drawers):
            yield RedrawProgress("drawing", done, told.length)
        drawn = replace(told, render_fingerprint=drawing.fingerprint)
        for done in write_packed(out, drawn, view.image_size, drawing.frames()):
            yield RedrawProgress("writing", done, told.length)
    shutil.rmtree(folder, ignore_errors=True)
