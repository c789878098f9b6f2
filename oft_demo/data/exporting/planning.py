"""Looks at every episode once before the first is written: lengths, words, the split, and what is missing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from oft_demo.data.exporting.errors import InvalidOption, NothingToExport, UnsuitableEpisodes
from oft_demo.data.exporting.names import is_dataset_name, words_of
from oft_demo.data.exporting.role import FORMATS, Exportable, ExportOptions, Planned, Split
from oft_demo.types import CAMERAS, Episode, Segment

WITHOUT_PICTURES = ("lerobot", "robomimic")
BY_INSTRUCTION = ("oft", "lerobot", "rlds")  # useless without words


def check_options(options: ExportOptions) -> None:
    """Raise InvalidOption for what cannot be done."""
    if options.format not in FORMATS:
        raise InvalidOption("The format", options.format, f"one of {', '.join(FORMATS)}")
    if not 1 <= options.hz <= 1000:
        raise InvalidOption("The rate", f"{options.hz} Hz", "1 to 1000 Hz")
    if not 0 <= options.validation_share < 1:
        raise InvalidOption("The share for validation", options.validation_share, "0 to less than 1")
    if not options.pictures and options.format not in WITHOUT_PICTURES:
        raise InvalidOption("The format without pictures", options.format, " or ".join(WITHOUT_PICTURES))
    if not all(2 <= side <= 4096 and side % 2 == 0 for side in options.picture_size):
        raise InvalidOption("The size of pictures", options.picture_size, "even numbers of pixels up to 4096")
    if options.length is not None and options.length < 1:
        raise InvalidOption("The length", options.length, "at least 1 step")
    if not is_dataset_name(options.dataset):
        raise InvalidOption("The data set's name", options.dataset, "small letters, digits and single underscores")


def plan(exportables: Sequence[Exportable], options: ExportOptions) -> tuple[Planned, ...]:
    """What has to be known before writing; raises CannotExport where an episode lacks something."""
    check_options(options)
    if not exportables:
        raise NothingToExport
    if options.pictures:
        _refuse(
            [each.name for each in exportables if not set(CAMERAS) <= set(each.cameras)],
            f"no pictures of {', '.join(CAMERAS)}, and no simulator states to draw them from",
            "Leave these out.",
        )
    splits = split(len(exportables), options.validation_share, options.seed)
    planned = tuple(_planned(each, index, splits[index], options) for index, each in enumerate(exportables))
    if options.format in BY_INSTRUCTION:
        silent = [each.name for each in planned if not words_of(each.instruction)]
        _refuse(silent, "no instruction", "Label them first, or leave them out.")
    return planned


def split(count: int, share: float, seed: int) -> tuple[Split, ...]:
    """Which episodes are for validation: whole ones, the same for the same seed; one at least is left to train with."""
    chosen = set(np.random.default_rng(seed).permutation(count)[: min(round(count * share), count - 1)].tolist())
    return tuple("val" if index in chosen else "train" for index in range(count))


def at_rate(episode: Episode, hz: int) -> Episode:
    """The same episode with fewer steps a second: every so manieth is kept, as chunks for training are cut."""
    every = stride(episode, hz)
    if every == 1:
        return episode
    length = -(-episode.length // every)
    return replace(
        episode,
        control_hz=hz,
        **{
            name: getattr(episode, name)[::every]
            for name in ("qpos", "qvel", "effort", "action", "applied", "states", "valid")
        },
        sources=episode.step_sources[::every],
        wall_times=None if episode.wall_times is None else episode.wall_times[::every],
        segments=tuple(
            Segment(part.start // every, min(-(-part.stop // every), length), part.text) for part in episode.segments
        ),
        events=tuple(replace(event, step=event.step // every) for event in episode.events),
    )


def stride(episode: Episode, hz: int) -> int:
    """Recorded steps for one of the export."""
    every, rest = divmod(episode.control_hz, hz)
    if rest or not every:
        raise InvalidOption("The rate", f"{hz} Hz", f"{episode.control_hz} Hz as recorded, or a whole part of it")
    return every


def _planned(exportable: Exportable, index: int, part: Split, options: ExportOptions) -> Planned:
    episode = at_rate(exportable.episode, options.hz)
    operator = exportable.annotation.operator or episode.provenance.get("operator", "")
    return Planned(
        exportable=exportable,
        index=index,
        name=exportable.name,
        length=episode.length,
        instruction=" ".join(episode.instruction.split()),
        success=episode.success,
        operator=operator,
        has_segments=bool(episode.segments),
        action_low=episode.action.min(axis=0).astype(np.float32),
        action_high=episode.action.max(axis=0).astype(np.float32),
        split=part,
    )


def _refuse(names: Sequence[str], lack: str, remedy: str) -> None:
    if names:
        raise UnsuitableEpisodes(names, lack, remedy)
