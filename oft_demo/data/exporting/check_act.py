"""Checks an export for ACT: what get_norm_stats and EpisodicDataset of its utils.py ask of a directory."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from oft_demo.data.exporting.checking import (
    WHAT_FILES_RAISE,
    NotAsExpected,
    aloha_file,
    error,
    looks_empty,
    opened,
    pictures,
    strays,
    warning,
)
from oft_demo.data.exporting.role import PICTURE_SIZE, Finding
from oft_demo.types import CAMERAS

CHECKED_FOR = "ACT (tonyzhaozh/act, utils.py) and openvla-oft's preprocess_split_aloha_data.py"


def check_act(directory: Path) -> Iterator[Finding]:
    """Numbered without gaps, all of one length, exactly three cameras of 480x640, effort present."""
    found = set(directory.glob("episode_*.hdf5"))
    expected = [directory / f"episode_{number}.hdf5" for number in range(len(found))]
    if not found:
        yield error(directory.name, "has no episode_0.hdf5")
    for path in expected:
        if path not in found:
            yield error(path.name, f"is missing; {len(found)} episodes must be numbered from 0 without gaps")
    yield from strays(directory, set(expected))
    lengths = Counter[int]()
    for path in expected:
        if path in found:
            yield from _check_file(path, lengths)
    if len(lengths) > 1:
        yield error(directory.name, f"has episodes of {sorted(lengths)} steps; ACT stacks them and needs one length")


def _check_file(path: Path, lengths: Counter[int]) -> Iterator[Finding]:
    try:
        length = aloha_file(path, PICTURE_SIZE)
        lengths[length] += 1
        with opened(path) as file:
            if not file.attrs["sim"]:
                yield warning(path.name, "has sim = False: ACT will shift the actions by one step")
            for camera in CAMERAS:
                if looks_empty(pictures(file, f"/observations/images/{camera}", PICTURE_SIZE, length)):
                    yield warning(path.name, f"the first picture of {camera} is of one colour")
    except NotAsExpected as found:
        yield error(path.name, str(found))
    except WHAT_FILES_RAISE as found:
        yield error(path.name, f"cannot be read: {found}")
