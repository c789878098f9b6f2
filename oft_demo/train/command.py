"""`python -m oft_demo train`: a policy from a directory of episodes."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from oft_demo.errors import InvalidData
from oft_demo.train.frames import CacheProgress, FrameSettings, build_cache
from oft_demo.train.recipe import TrainSettings

if TYPE_CHECKING:
    from oft_demo.train.loop import Progress


@dataclass(frozen=True)
class TrainOptions:
    """Train a small OFT policy on recorded episodes. Run it again after an interruption and it goes on."""

    data: Path  # directory of episodes (*.hdf5), searched with all folders below it
    out: Path  # gets policy/, training.pt, metrics.csv and metrics.html
    film: bool = True  # FiLM in the vision blocks, the plus of OFT+
    steps: int = 4000  # optimiser steps of both stages together
    grounding_share: float = 0.175  # of the budget for the first stage, which learns to find the named object
    minutes: float | None = None  # a budget of time instead of steps
    batch_size: int = 16
    learning_rate: float = 8e-4  # peak
    frames: Path | None = None  # cache of drawn frames, for several runs on the same data; default: frames/ in out
    frames_per_episode: int = 24
    workers: int = 2  # processes that draw frames
    threads: int = 2  # of the training itself
    seed: int = 0
    resume: Annotated[bool, tyro.conf.FlagConversionOff] = True  # False: start over in the same directory


def settings_of(options: TrainOptions) -> TrainSettings:
    """The recipe with what was asked for; raises InvalidData for numbers that make no training."""
    positive = ("steps", "batch_size", "learning_rate", "frames_per_episode", "workers", "threads")
    for name in (*positive, *(["minutes"] if options.minutes is not None else [])):
        if not getattr(options, name) > 0:
            raise InvalidData(f"--{name.replace('_', '-')} is {getattr(options, name)}; it must be above 0.")
    if not 0 <= options.grounding_share <= 1:
        raise InvalidData(f"--grounding-share is {options.grounding_share}; choose 0 to 1.")
    grounding = round(options.steps * options.grounding_share)
    return replace(
        TrainSettings(),
        grounding_steps=grounding,
        imitation_steps=options.steps - grounding,
        minutes=options.minutes,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        threads=options.threads,
        seed=options.seed,
        validate_every=max(1, min(TrainSettings.validate_every, options.steps // 4)),
    )


def main(options: TrainOptions) -> int:
    """Draw the frames that are missing, train with a progress bar, and return the exit status."""
    settings = settings_of(options)
    frames = options.frames or options.out / "frames"
    show_cache(
        build_cache(options.data, frames, FrameSettings(frames_per_episode=options.frames_per_episode), options.workers)
    )
    from oft_demo.policy import aloha_mini
    from oft_demo.train.cache import FrameCache
    from oft_demo.train.loop import train

    show_training(train(settings, FrameCache(frames), options.out, aloha_mini(options.film), options.resume))
    print(f"The policy is in {options.out / 'policy'}, its curves in {options.out / 'metrics.html'}.")
    return 0


def show_cache(steps: Iterable[CacheProgress]) -> None:
    """Show how frames are drawn, and say which episodes could not be used."""
    from tqdm import tqdm

    progress = None
    with tqdm(desc="frames", unit="episode", file=sys.stderr, disable=None) as bar:
        for progress in steps:
            bar.total = progress.total
            bar.update(progress.done - bar.n)
    for reason in progress.skipped if progress else ():
        print(f"not used: {reason}", file=sys.stderr)


def show_training(steps: Iterable["Progress"]) -> None:
    """Show how a training goes on: a bar, and a line a validation."""
    from tqdm import tqdm

    with tqdm(desc="training", unit="step", file=sys.stderr, disable=None) as bar:
        for progress in steps:
            bar.total = progress.total_steps
            bar.set_postfix(stage=progress.stage, loss=f"{progress.losses['loss']:.3f}", refresh=False)
            bar.update(progress.step - bar.n)
            if progress.metrics is not None:
                tqdm.write(validation_line(progress), file=sys.stderr)


def validation_line(progress: "Progress") -> str:
    """One line about a validation."""
    found = progress.metrics
    if found is None:
        return f"step {progress.step} ({progress.stage})"
    return (
        f"step {progress.step} ({found.stage}): validation L1 {found.validation_l1:.4f}, "
        f"named object found {found.validation_patch_accuracy:.0%}, "
        f"position {found.validation_position_error_cm:.1f} cm, "
        f"{found.samples_per_second:.0f} samples/s, {found.eta_s / 60:.0f} min left"
    )
