"""`python -m oft_demo replay` and `python -m oft_demo episodes`: look at what was recorded."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from .settings import Settings


@dataclass(frozen=True)
class ReplayOptions:
    """Redraw the pictures of an episode from its states, or step its physics, and compare bit by bit."""

    file: tyro.conf.Positional[Path]  # an episode recorded in this simulation


@dataclass(frozen=True)
class EpisodesOptions:
    """List the episodes of a directory."""

    directory: tyro.conf.Positional[Path] = Settings.data


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
    """Print one line an episode; the exit status is 1 where a file cannot be read."""
    from .data.catalog import Catalog

    catalog = Catalog(options.directory)
    listed, damaged = catalog.episodes(), catalog.damaged()
    for episode in listed:
        outcome = "success" if episode.success else "failure"
        pictures = f"{len(episode.cameras)} cameras" if episode.has_pictures else "states only"
        print(
            f"{episode.name}: {episode.task}, seed {episode.seed}, {episode.source}, {outcome}, "
            f"{episode.score:.0f}/100, {episode.seconds:.1f} s, {pictures}, {episode.size_bytes / 1e6:.1f} MB, "
            f'"{episode.instruction}"'
        )
    successes = sum(episode.success for episode in listed)
    print(f"{len(listed)} episodes in {options.directory}, {successes} successes, {len(damaged)} unreadable")
    for file in damaged:
        print(f"error: {file.reason}", file=sys.stderr)
    return 1 if damaged else 0
