"""Checks an export for openvla-oft: what its RLDS builder for ALOHA asks of preprocessed episodes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oft_demo.data.exporting.aloha import relative_action
from oft_demo.data.exporting.checking import (
    WHAT_FILES_RAISE,
    NotAsExpected,
    aloha_file,
    error,
    group,
    guarded,
    joints,
    opened,
    strays,
    warning,
)
from oft_demo.data.exporting.names import folder_name
from oft_demo.data.exporting.oft import LOW_CAMERA, SIZE
from oft_demo.data.exporting.role import Finding
from oft_demo.types import CAMERAS

WITH_LOW = (
    "openvla-oft's RLDS builder for ALOHA (moojink/rlds_dataset_builder, which reads cam_low), preprocessed layout"
)
WITHOUT_LOW = "openvla-oft's preprocessed layout without cam_low: RLDS builders that read cam_low will stop"


def checked_for_oft(directory: Path) -> str:
    """Depends on whether the camera is there that only the upstream builder reads."""
    first = next(iter(sorted(directory.glob("*/*/episode_*.hdf5"))), None)
    return WITH_LOW if first is not None and _has_low(first) else WITHOUT_LOW


def check_oft(directory: Path) -> Iterator[Finding]:
    """One folder an instruction, in it train and val, in these episodes numbered from 0."""
    folders = sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        yield error(directory.name, "has no folder of an instruction")
    expected, low, parts = set[Path](), set[bool](), {"train": 0, "val": 0}
    for folder in folders:
        if folder_name(folder.name.replace("_", " ")) != folder.name:
            yield warning(folder.name, f'is read as the instruction "{folder.name.replace("_", " ")}"')
        for part in parts:
            paths = [folder / part / f"episode_{number}.hdf5" for number in range(_count(folder / part))]
            parts[part] += len(paths)
            expected |= set(paths)
            for path in paths:
                yield from guarded(path.relative_to(directory).as_posix(), _check_file(path, low))
    yield from strays(directory, expected)
    if not parts["train"]:
        yield error(directory.name, "has no episode to train with")
    elif not parts["val"]:
        yield warning(directory.name, "has no episode for validation")
    if len(low) > 1:
        yield error(directory.name, f"has {LOW_CAMERA} in some episodes only")


def _check_file(path: Path, low: set[bool]) -> Iterator[Finding]:
    if not path.is_file():
        raise NotAsExpected("is missing; episodes are numbered from 0 without gaps")
    has_low = _has_low(path)
    low.add(has_low)
    aloha_file(path, SIZE, (*CAMERAS, LOW_CAMERA) if has_low else CAMERAS)
    with opened(path) as file:
        action, relative = joints(file, "/action"), joints(file, "/relative_action")
        if not np.array_equal(relative, relative_action(action)):
            yield error(path.name, "relative_action is not the change of action")


def _count(folder: Path) -> int:
    return len(list(folder.glob("episode_*.hdf5"))) if folder.is_dir() else 0


def _has_low(path: Path) -> bool:
    try:
        with opened(path) as file:
            return LOW_CAMERA in group(file, "/observations/images")
    except (NotAsExpected, *WHAT_FILES_RAISE):
        return False
