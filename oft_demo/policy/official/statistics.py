"""The statistics by which an official policy's joints and actions are normalised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oft_demo.policy.normalization import ROWS, Bounds, Statistics
from oft_demo.policy.official.complaints import MissingFile, UnusableFile, policy_line
from oft_demo.policy.official.facts import Facts
from oft_demo.policy.official.files import CONFIG, read_json

STATISTICS = "dataset_statistics.json"
IN_CONFIG = "norm_stats"


class Entry(NamedTuple):
    """Statistics and where they were found."""

    statistics: Statistics
    key: str
    file: str


def read_statistics(directory: Path, facts: Facts) -> Entry:
    """The entry that the facts name, or the only one; raises InvalidCheckpoint."""
    file, entries = _entries(directory)
    key = _key(directory, file, entries, facts)
    try:
        statistics = _parsed(entries[key], facts)
        _check_dimensions(statistics, facts)
    except KeyError as error:
        found = f"whose entry {key!r} is without {error}"
        raise UnusableFile(directory, file, found, "statistics of action and proprio") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        found = f"whose entry {key!r} does not fit ({error})"
        expected = f"numbers for {facts.action_dim} actions and {facts.proprio_dim} joints"
        raise UnusableFile(directory, file, found, expected) from error
    return Entry(statistics, key, file)


def _entries(directory: Path) -> tuple[str, Mapping[str, Any]]:
    """The file beside the weights, which takes the place of what the base model left in config.json."""
    if (directory / STATISTICS).is_file():
        file, entries = STATISTICS, read_json(directory, STATISTICS)
    else:
        file, entries = f"{CONFIG} ({IN_CONFIG})", read_json(directory, CONFIG).get(IN_CONFIG)
    if not isinstance(entries, dict) or not entries:
        raise MissingFile(directory, f"{STATISTICS} and nothing in {CONFIG}'s {IN_CONFIG}", "statistics in one of them")
    return file, entries


def _key(directory: Path, file: str, entries: Mapping[str, Any], facts: Facts) -> str:
    keys = ", ".join(sorted(entries))
    if facts.unnorm_key is None and len(entries) == 1:
        return next(iter(entries))
    if facts.unnorm_key is None:
        advice = policy_line(unnorm_key=sorted(entries)[0])
        raise UnusableFile(directory, file, f"with {len(entries)} entries", f"to be told one of {keys}", advice)
    if facts.unnorm_key not in entries:
        raise UnusableFile(directory, file, f"without the unnorm_key {facts.unnorm_key!r}", f"one of {keys}")
    return facts.unnorm_key


def _parsed(entry: Any, facts: Facts) -> Statistics:
    counts = {"num_transitions": 0, "num_trajectories": 0}
    if not isinstance(entry, dict):
        raise TypeError(f"it is a {type(entry).__name__}")
    joints = entry.get("proprio")
    if not facts.proprio and (not isinstance(joints, dict) or len(joints.get("min", ())) != facts.proprio_dim):
        # A policy that reads no joints may come without statistics of them, or with another number of joints.
        entry = {**entry, "proprio": _untouched(facts.proprio_dim)}
    return Statistics.from_json({**counts, **entry}, facts.normalization)


def _untouched(count: int) -> dict[str, Any]:
    return {**{name: [0.0] * count for name in ROWS}, "mask": [False] * count}


def _check_dimensions(statistics: Statistics, facts: Facts) -> None:
    parts: dict[str, tuple[Bounds, int]] = {
        "action": (statistics.action, facts.action_dim),
        "proprio": (statistics.proprio, facts.proprio_dim),
    }
    for name, (bounds, expected) in parts.items():
        if len(bounds.min) != expected:
            raise ValueError(f"{name} has {len(bounds.min)} dimensions, not {expected}")
        rows = bounds.range(facts.normalization)
        if not all(np.isfinite(row).all() for row in rows) or not (rows[0] <= rows[1]).all():
            raise ValueError(f"the range of {name} is none")
