"""`python -m oft_demo replay` and `python -m oft_demo episodes`: look at what was recorded."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from .settings import Settings

if TYPE_CHECKING:
    from .data.catalog.entries import Entry


@dataclass(frozen=True)
class ReplayOptions:
    """Redraw the pictures of an episode from its states, or step its physics, and compare bit by bit."""

    file: tyro.conf.Positional[Path]  # an episode recorded in this simulation


@dataclass(frozen=True)
class EpisodesOptions:
    """List the episodes of a directory, or those in which some words occur, with their totals."""

    directory: tyro.conf.Positional[Path] = Settings.data
    search: str = ""  # every word has to begin a word of the episode: of instruction, notes, tags, task, name
    outcome: Literal["any", "success", "failure"] = "any"
    source: Literal["any", "policy", "human", "expert"] = "any"  # who acted at least for a while
    tag: tuple[str, ...] = ()  # all of them
    hint: str | None = None  # something to look at, for example "idle start"
    order: Literal["newest", "oldest", "longest", "shortest", "worst"] = "oldest"
    limit: int = 10_000
    bin: bool = False  # what was deleted instead
    rebuild: bool = False  # first make the index again from the files alone; labels and their history stay


def replay(options: ReplayOptions) -> int:
    """Replay with a progress bar; the exit status is 1 where anything is different."""
    from tqdm import tqdm

    from .replay import replay_steps

    report = None
    with tqdm(unit="step", file=sys.stderr, disable=None) as bar:
        for report in replay_steps(options.file):
            bar.total = report.length
            bar.update(report.compared - bar.n)
    print(report)
    return 0 if report is not None and report.identical else 1


def episodes(options: EpisodesOptions) -> int:
    """Print one line an episode and the totals; the exit status is 1 where a file cannot be read."""
    from .data.catalog import Catalog
    from .data.catalog.entries import Search

    catalog = Catalog(options.directory)
    if options.rebuild:
        catalog.rebuild()
    found = catalog.search(
        Search(
            text=options.search,
            success=None if options.outcome == "any" else options.outcome == "success",
            source=None if options.source == "any" else options.source,
            tags=options.tag,
            hint=options.hint,
            order=options.order,
            deleted=options.bin,
            limit=options.limit,
        )
    )
    for entry in found.entries:
        print(_line(entry))
    damaged, totals = catalog.damaged(), catalog.totals()
    listed = "" if len(found.entries) == found.total else f"{len(found.entries)} of {found.total} found are listed; "
    successes = totals.per_outcome.get("success", 0)
    print(
        f"{listed}{totals.episodes} episodes in {options.directory}, {totals.hours:.2f} h, {successes} successes, "
        f"{len(damaged)} unreadable"
    )
    for file in damaged:
        print(f"error: {file.reason}", file=sys.stderr)
    catalog.close()
    return 1 if damaged else 0


def _line(entry: "Entry") -> str:
    episode = entry.summary
    outcome = "success" if entry.success else "failure"
    pictures = f"{len(episode.cameras)} cameras" if episode.has_pictures else "states only"
    told = [*(f"#{tag}" for tag in entry.annotation.tags), *(f"({hint.kind})" for hint in entry.hints)]
    return (
        f"{episode.name}: {episode.task}, seed {episode.seed}, {' and '.join(sorted(entry.sources))}, {outcome}, "
        f"{episode.score:.0f}/100, {episode.seconds:.1f} s, {pictures}, {episode.size_bytes / 1e6:.1f} MB, "
        f'"{episode.instruction}" {" ".join(told)}'
    ).rstrip()
