"""Checks an export for robomimic: what get_dataset_info.py and SequenceDataset ask of a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from oft_demo.data.exporting.checking import (
    NotAsExpected,
    dataset,
    error,
    group,
    guarded,
    member,
    opened,
    pictures,
    warning,
)
from oft_demo.data.exporting.robomimic import FILE, SCALE
from oft_demo.data.exporting.role import Finding
from oft_demo.types import JOINT_COUNT

CHECKED_FOR = "robomimic 0.3 (get_dataset_info.py; SequenceDataset by its source)"
MAX_ENV_ARGS = 2**20  # [characters]
MAX_DEMOS = 1_000_000
LOW_DIMENSIONAL = ("qpos", "qvel", "effort")


def check_robomimic(directory: Path) -> Iterator[Finding]:
    """Every demo whole, the totals right, actions within -1..1, filter keys that name demos."""
    with opened(directory / FILE) as file:
        data = group(file, "data")
        if not len(data):
            raise NotAsExpected("has no demos")
        scaled = SCALE in _env_args(data)
        samples = 0
        for name in sorted(data, key=_number):
            yield from guarded(name, _check_demo(data, name, scaled))
            samples += int(member(data, name).attrs.get("num_samples", 0))
        if data.attrs.get("total") != samples:
            yield error(FILE, f"says {data.attrs.get('total')} samples in all; its demos say {samples}")
        yield from _check_filters(file, set(data))


def _env_args(data: h5py.Group) -> dict[str, object]:
    text = data.attrs.get("env_args")
    if not isinstance(text, str) or len(text) > MAX_ENV_ARGS:
        raise NotAsExpected("has no env_args")
    found = json.loads(text)
    missing = {"env_name", "type", "env_kwargs"} - set(found)
    if missing:
        raise NotAsExpected(f"env_args lacks {', '.join(sorted(missing))}")
    return found


def _number(name: str) -> int:
    digits = name.removeprefix("demo_")
    if not name.startswith("demo_") or not digits.isdecimal():
        raise NotAsExpected(f"has {name!r} among its demos; expected demo_0, demo_1, ...")
    return int(digits)


def _check_demo(data: h5py.Group, name: str, scaled: bool) -> Iterator[Finding]:
    demo = group(data, name)
    actions = dataset(demo, "actions", np.dtype(np.float32), (JOINT_COUNT,))[()]
    length = len(actions)
    if demo.attrs.get("num_samples") != length:
        raise NotAsExpected(f"num_samples is {demo.attrs.get('num_samples')} for {length} actions")
    if not np.isfinite(actions).all():
        raise NotAsExpected("has an action that is not finite")
    for where, kind in (("rewards", np.float32), ("dones", np.int64)):
        _same_length(where, dataset(demo, where, np.dtype(kind), ()), length)
    for seen in (group(demo, "obs"), group(demo, "next_obs")):
        for key in LOW_DIMENSIONAL:
            _same_length(key, dataset(seen, key, np.dtype(np.float32), (JOINT_COUNT,)), length)
        for key in set(seen) - set(LOW_DIMENSIONAL):
            frames = dataset(seen, key, np.dtype(np.uint8), (None, None, 3))
            pictures(seen, key, (frames.shape[1], frames.shape[2]), length)
    if np.abs(actions).max() > 1:
        if scaled:
            yield error(name, "has actions outside -1..1")
        else:
            yield warning(name, "has raw actions outside -1..1: get_dataset_info.py will refuse the file")


def _same_length(where: str, rows: h5py.Dataset, length: int) -> None:
    if rows.shape[0] != length:
        raise NotAsExpected(f"{where} has {rows.shape[0]} rows for {length} actions")


def _check_filters(file: h5py.File, demos: set[str]) -> Iterator[Finding]:
    masks = group(file, "mask") if "mask" in file else {}
    for name in map(str, masks):
        listed = {entry.decode("utf-8") for entry in _entries(file, name)}
        if not listed or not listed <= demos:
            yield error(f"mask/{name}", f"names {', '.join(sorted(listed - demos)) or 'no demo'}")
    if "valid" not in masks:
        yield warning(FILE, "has no demo for validation; train without it, or export with a larger share")


def _entries(file: h5py.File, name: str) -> list[bytes]:
    found = member(file, f"mask/{name}")
    if not isinstance(found, h5py.Dataset) or found.dtype.kind != "S" or found.ndim != 1 or len(found) > MAX_DEMOS:
        raise NotAsExpected(f"mask/{name} is no list of names")
    return list(found[()])
