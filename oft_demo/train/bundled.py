"""`python -m oft_demo.train.bundled`: the recipe of the two bundled policies, from no data to assets/policies.

Same episodes, same steps and same seed for both; they differ in FiLM alone. Every stage goes on where it was
interrupted and does nothing where it is complete.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from oft_demo.errors import OftDemoError
from oft_demo.record import record_expert
from oft_demo.settings import PROJECT_ROOT, Settings
from oft_demo.train.command import TrainOptions, settings_of, show_cache, validation_line
from oft_demo.train.frames import FrameSettings, build_cache
from oft_demo.train.loop import Progress
from oft_demo.workers import in_processes

POLICIES = {"aloha-mini": True, "aloha-mini-nofilm": False}  # name -> FiLM


@dataclass(frozen=True)
class BundledOptions:
    """Sizes of the recipe; the defaults are those of the bundled policies."""

    work: Path = PROJECT_ROOT / "runs" / "bundled"  # episodes, frames and training runs
    policies: Path = field(default_factory=lambda: Settings().policies)
    put_episodes: int = 1400
    transfer_episodes: int = 420
    noise: float = 1.0  # strength of the expert's execution noise: without it the policy sees no recoveries
    first_seed: int = 100_000  # far from the seeds of evaluations
    frames_per_episode: int = 24
    steps: int = 4000
    batch_size: int = 16
    workers: int = 2  # processes that record, draw and train


@dataclass(frozen=True)
class _Job:
    """What is the same for both policies."""

    options: BundledOptions


def main(options: BundledOptions) -> int:
    """Record, draw, train both policies side by side and put them where the app finds them."""
    episodes, frames = options.work / "episodes", options.work / "frames"
    for task, count in (("put_x_into_pot", options.put_episodes), ("transfer_cube", options.transfer_episodes)):
        if count > 0:
            _record(task, count, episodes / task, options)
    drawn = FrameSettings(frames_per_episode=options.frames_per_episode)
    show_cache(build_cache(episodes, frames, drawn, options.workers))
    for name, line in in_processes(train_policies, _Job(options), list(POLICIES), options.workers):
        print(f"{name}: {line}", flush=True)
    for name in POLICIES:
        install(options.work / "train" / name / "policy", options.policies / name)
        print(f"{name} is in {options.policies / name}")
    return 0


def _record(task: str, count: int, out: Path, options: BundledOptions) -> None:
    for progress in record_expert(
        task,
        count,
        out,
        workers=options.workers,
        first_seed=options.first_seed,
        noise=options.noise,
        pictures=False,
    ):
        if progress.done % 50 == 0 or progress.done == progress.total:
            print(f"{task}: {progress.done} of {progress.total} episodes", flush=True)


def train_policies(job: _Job, names: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Train some of the policies in this process; yields a line a validation."""
    from oft_demo.policy import aloha_mini
    from oft_demo.train.cache import FrameCache
    from oft_demo.train.loop import train

    work, options = job.options.work, job.options
    for name in names:
        out = work / "train" / name
        chosen = TrainOptions(
            data=work / "episodes", out=out, steps=options.steps, batch_size=options.batch_size, threads=1
        )
        progress: Progress
        for progress in train(settings_of(chosen), FrameCache(work / "frames"), out, aloha_mini(POLICIES[name])):
            if progress.metrics is not None:
                yield name, validation_line(progress)


def install(policy: Path, destination: Path) -> None:
    """Copy a policy; what was there before stays until the copy is whole."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    part, old = (destination.with_name(destination.name + ending) for ending in (".part", ".old"))
    for leftover in (part, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(policy, part)
    if destination.exists():
        os.replace(destination, old)
    os.replace(part, destination)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    import tyro

    try:
        sys.exit(main(tyro.cli(BundledOptions)))
    except OftDemoError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
