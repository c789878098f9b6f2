"""`python -m oft_demo redraw`: episodes once more, with pictures of other cameras or sizes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .pictures import ALOHA_IMAGE_SIZE
from .settings import Settings
from .types import CAMERAS

if TYPE_CHECKING:
    from .data.catalog import Catalog
    from .recording.drawers import Drawers
    from .recording.drawing import View


@dataclass(frozen=True)
class RedrawOptions:
    """Draw episodes of this simulation again from their states, as new files of the same names.

    The new files carry labels and edits. Those that are there already are left as they are, so a call that was
    interrupted can be repeated.
    """

    out: Path  # another directory than the source
    source: Path = Settings.data  # directory of episodes
    episodes: tuple[str, ...] = ()  # names; default: all
    cameras: tuple[str, ...] = CAMERAS  # a wrong name is answered with those that there are
    size: tuple[int, int] = ALOHA_IMAGE_SIZE  # height and width in pixels
    workers: int = 2  # processes that draw


def main(options: RedrawOptions) -> int:
    """Redraw with a progress bar; the exit status is 1 where an episode cannot be drawn."""
    from .data.catalog import Catalog
    from .errors import OftDemoError
    from .recording.drawers import Drawers
    from .recording.drawing import View

    view, catalog, drawers = (
        View(options.cameras, options.size),
        Catalog(options.source),
        Drawers(max(options.workers, 1)),
    )
    names = options.episodes or tuple(summary.name for summary in catalog.episodes())
    failed = 0
    try:
        for name in names:
            try:
                _redraw(catalog, name, view, options.out, drawers)
            except OftDemoError as error:
                failed += 1
                print(f"error: {name}: {error}", file=sys.stderr)
    finally:
        drawers.close()
        catalog.close()
    print(f"{len(names) - failed} of {len(names)} episodes are in {options.out}")
    return 1 if failed else 0


def _redraw(catalog: "Catalog", name: str, view: "View", out: Path, drawers: "Drawers") -> None:
    from tqdm import tqdm

    from .data.catalog.files import SUFFIX
    from .recording.redrawing import redraw

    path = out / f"{name}{SUFFIX}"
    episode = catalog.read(name, images=False)
    if path.exists():
        print(f"{path} is there already.")
        return
    with tqdm(desc=name, total=2 * episode.length, unit="step", file=sys.stderr, disable=None) as bar:
        for progress in redraw(name, episode, view, path, drawers):
            done = progress.done + (progress.total if progress.stage == "writing" else 0)
            bar.update(done - bar.n)
