"""`python -m oft_demo.train.bundled`: the recipe of the two bundled policies, from no data to assets/policies.

Two rounds. In the first, the scripted expert shows both tasks and both policies learn from it. In the second the
half-trained FiLM policy leads, the expert takes over where it has led, and both policies go on with that as well.
Same episodes, same steps and same seeds for both; they differ in FiLM alone. Every stage goes on where it was
interrupted and does nothing where it is complete.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from oft_demo.errors import OftDemoError
from oft_demo.record import record_expert
from oft_demo.settings import PROJECT_ROOT, Settings
from oft_demo.train.command import show_cache, validation_line
from oft_demo.train.frames import FrameSettings, build_cache
from oft_demo.train.loop import Progress
from oft_demo.train.recipe import TrainSettings
from oft_demo.workers import in_processes

LEADER = "aloha-mini"
POLICIES = {LEADER: True, "aloha-mini-nofilm": False}  # name -> FiLM
TRANSFER, LED = "transfer_cube", "_led"  # parts of names of episodes


@dataclass(frozen=True)
class Take:
    """Episodes to record; all seeds lie below those of evaluations."""

    folder: str
    task: str
    episodes: int
    first_seed: int
    noise: float  # of the expert: without it a policy sees no recoveries
    led: bool = False  # the half-trained policy acts first
    frames: int = 14  # drawn of each episode


ROUNDS = (
    (
        Take("put_x_into_pot", "put_x_into_pot", 1400, 0, 1.0),
        Take("transfer_cube", "transfer_cube", 450, 0, 1.0),
    ),
    (
        Take("transfer_cube_more", "transfer_cube", 300, 1000, 1.0, frames=16),
        Take("transfer_cube_led", "transfer_cube", 170, 2000, 0.6, led=True, frames=24),
        Take("put_x_into_pot_led", "put_x_into_pot", 130, 3000, 0.6, led=True, frames=24),
    ),
)
SETTINGS = (
    TrainSettings(grounding_steps=700, imitation_steps=3300, stop_after=2020),
    TrainSettings(
        grounding_steps=0,
        imitation_steps=1500,
        learning_rate=5e-4,
        warmup_steps=60,
        # The cube has to be met more exactly than a vegetable and has fewer episodes; recoveries are rare moments.
        episode_weights=((TRANSFER, 1.3), (LED, 1.5)),
        seed=1,
    ),
)


@dataclass(frozen=True)
class BundledOptions:
    """Where things go, and how much of the recipe is done."""

    work: Path = PROJECT_ROOT / "runs" / "bundled"  # episodes, frames and training runs
    policies: Path = field(default_factory=lambda: Settings().policies)
    scale: float = 1.0  # of episodes and steps: 0.01 walks through the whole recipe in minutes
    workers: int = 2  # processes that record, draw and train


@dataclass(frozen=True)
class _Job:
    """What is the same for both policies."""

    options: BundledOptions
    number: int  # of the round


def main(options: BundledOptions) -> int:
    """Record, draw and train round after round, then put both policies where the app finds them."""
    for number, takes in enumerate(ROUNDS):
        for take in takes:
            _record(take, options)
            drawn = FrameSettings(frames_per_episode=take.frames)
            show_cache(
                build_cache(_episodes(options, take), options.work / "frames" / take.folder, drawn, options.workers)
            )
        for name, line in in_processes(train_policies, _Job(options, number), list(POLICIES), options.workers):
            print(f"round {number + 1}, {name}: {line}", flush=True)
    for name in POLICIES:
        install(_run(options, len(ROUNDS) - 1, name) / "policy", options.policies / name)
        print(f"{name} is in {options.policies / name}")
    return 0


def _episodes(options: BundledOptions, take: Take) -> Path:
    return options.work / "episodes" / take.folder


def _run(options: BundledOptions, number: int, name: str) -> Path:
    return options.work / f"round_{number + 1}" / name


def _record(take: Take, options: BundledOptions) -> None:
    for progress in record_expert(
        take.task,
        max(2, round(take.episodes * options.scale)),
        _episodes(options, take),
        workers=options.workers,
        first_seed=take.first_seed,
        noise=take.noise,
        lead=str(_run(options, 0, LEADER) / "policy") if take.led else None,
        pictures=False,
    ):
        if progress.done % 50 == 0 or progress.done == progress.total:
            print(f"{take.folder}: {progress.done} of {progress.total} episodes", flush=True)


def train_policies(job: _Job, names: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Train some of the policies in this process; yields a line a validation."""
    from oft_demo.policy import aloha_mini
    from oft_demo.train.cache import FrameCache
    from oft_demo.train.loop import train

    options, number = job.options, job.number
    seen = [take.folder for takes in ROUNDS[: number + 1] for take in takes]
    cache = FrameCache(*(options.work / "frames" / folder for folder in seen))
    for name in names:
        start = _run(options, number - 1, name) if number else None
        settings = scaled(SETTINGS[number], options.scale)
        progress: Progress
        for progress in train(settings, cache, _run(options, number, name), aloha_mini(POLICIES[name]), start=start):
            if progress.metrics is not None:
                yield name, validation_line(progress)


def scaled(settings: TrainSettings, scale: float) -> TrainSettings:
    """The same round with fewer steps."""
    if scale == 1:
        return settings
    return replace(
        settings,
        grounding_steps=round(settings.grounding_steps * scale),
        imitation_steps=max(1, round(settings.imitation_steps * scale)),
        stop_after=None if settings.stop_after is None else max(1, round(settings.stop_after * scale)),
        validate_every=max(1, round(settings.validate_every * scale)),
    )


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
