"""What is written about an episode beside its arrays: parsed from untrusted attributes, and checked before writing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

import numpy as np

from oft_demo.data.hdf5 import layout
from oft_demo.data.hdf5.story import check_story
from oft_demo.errors import InvalidEpisode
from oft_demo.types import CONTROL_HZ, JOINT_COUNT, SOURCES, Episode, Source


@dataclass(frozen=True)
class Labels:
    """The attributes of the group oft_demo; the defaults are those of a file that another program wrote."""

    task: str = ""
    instruction: str = ""
    seed: int = 0
    success: bool = False
    score: float = 0.0
    source: Source = "human"
    named_object: str | None = None
    control_hz: int = CONTROL_HZ
    render_fingerprint: str = ""


LABEL_NAMES = ("version", *(field.name for field in fields(Labels)))


def labels_of(episode: Episode) -> dict[str, object]:
    """The attributes to write, in the types that HDF5 keeps."""
    texts = {name: getattr(episode, name) for name in ("task", "instruction", "source", "render_fingerprint")}
    numbers = {"seed": int(episode.seed), "score": float(episode.score), "control_hz": int(episode.control_hz)}
    flags = {"success": np.bool_(episode.success)}
    return {"version": layout.FORMAT_VERSION, "named_object": episode.named_object or "", **texts, **numbers, **flags}


def parse_labels(path: Path, attributes: Mapping[str, object]) -> Labels:
    """Read labels from a file's attributes; raises InvalidEpisode for a wrong type or an impossible value."""
    version = _number(path, attributes, "version")
    if version > layout.FORMAT_VERSION:
        raise InvalidEpisode(path, f"format version {version:g}", f"at most {layout.FORMAT_VERSION}; update OFT Demo")
    source = _text(path, attributes, "source")
    if source not in SOURCES:
        raise InvalidEpisode(path, f"source {source!r}", " or ".join(SOURCES))
    control_hz = _number(path, attributes, "control_hz")
    if not 1 <= control_hz <= 1000:
        raise InvalidEpisode(path, f"control_hz {control_hz:g}", "1 to 1000")
    return Labels(
        task=_text(path, attributes, "task"),
        instruction=_text(path, attributes, "instruction"),
        seed=int(_number(path, attributes, "seed")),
        success=bool(_number(path, attributes, "success")),
        score=_number(path, attributes, "score"),
        source=cast(Source, source),
        named_object=_text(path, attributes, "named_object") or None,
        control_hz=int(control_hz),
        render_fingerprint=_text(path, attributes, "render_fingerprint"),
    )


def _text(path: Path, attributes: Mapping[str, object], name: str) -> str:
    value = attributes.get(name)
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str) or len(value) > layout.MAX_TEXT:
        raise InvalidEpisode(path, f"{name} of type {type(value).__name__}", f"text of at most {layout.MAX_TEXT}")
    return value


def _number(path: Path, attributes: Mapping[str, object], name: str) -> float:
    value = attributes.get(name)
    if not isinstance(value, int | float | np.number | np.bool_) or not math.isfinite(float(value)):
        raise InvalidEpisode(path, f"{name} = {value!r:.100}", "a finite number")
    return float(value)


def check_episode(path: Path, episode: Episode) -> None:
    """Raise InvalidEpisode unless all arrays have one row a step and finite numbers."""
    if not 1 <= episode.length <= layout.MAX_LENGTH:
        raise InvalidEpisode(path, f"{episode.length} steps", f"1 to {layout.MAX_LENGTH}")
    for name in ("qpos", "qvel", "effort", "action", "applied", "states"):
        array: np.ndarray = getattr(episode, name)
        width = array.shape[-1] if name == "states" else JOINT_COUNT
        if array.shape != (episode.length, width):
            raise InvalidEpisode(path, f"{name} of shape {array.shape}", f"({episode.length}, {width})")
        broken = ~np.isfinite(array).all(axis=1)
        if broken.any():
            raise InvalidEpisode(path, f"a number that is not finite in {name} at step {broken.argmax()}", "numbers")
    for name in ("valid", "sources", "wall_times"):
        row: np.ndarray | None = getattr(episode, name)
        if row is not None and row.shape != (episode.length,):
            raise InvalidEpisode(path, f"{name} of shape {row.shape}", f"({episode.length},)")
    if episode.sources is not None and episode.sources.max() >= len(SOURCES):
        raise InvalidEpisode(path, f"{episode.sources.max()} among the sources", f"0 to {len(SOURCES) - 1}")
    if episode.wall_times is not None and not np.isfinite(episode.wall_times).all():
        raise InvalidEpisode(path, "a number that is not finite in wall_times", "seconds")
    check_story(path, episode)
