"""What the index keeps of a recording: read once from its file, without simulator states and pictures."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.data.catalog.entries import Hint, Span
from oft_demo.data.catalog.files import SUFFIX, stamp_of
from oft_demo.data.catalog.hints import hints_of
from oft_demo.data.catalog.joining import joined
from oft_demo.data.hdf5.episode_file import EpisodeFile, opened
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.errors import InvalidEpisode
from oft_demo.types import SOURCES, Episode, Segment, Source

YES = ("yes", "true", "1")
DECIMALS = 5  # of a joint [rad]
MEASURED = ("sources", "hints", "low", "high")  # of the joints; told by `_measured`


@dataclass(frozen=True)
class Facts:
    """One recording, or a part of one."""

    task: str
    instruction: str
    seed: int
    success: bool
    score: float
    length: int
    control_hz: int
    source: Source
    cameras: tuple[str, ...]
    size_bytes: int
    named_object: str | None
    state_size: int
    segments: tuple[Segment, ...]
    operator: str | None
    recorded: float  # [s] since 1970
    recovered: bool
    sources: tuple[Source, ...]
    hints: tuple[Hint, ...]
    low: tuple[float, ...]  # (14,) [rad] of the measured joints
    high: tuple[float, ...]
    motion: str  # a hash of the joints and targets: another recording has another one
    annotation: str = ""  # what was said about it when it was recorded, as JSON


def examine(directory: Path, name: str) -> Facts:
    """Read what the index keeps of a recording; raises InvalidEpisode."""
    path = directory / f"{name}{SUFFIX}"
    stamp = stamp_of(directory, name)
    if stamp is None:
        raise InvalidEpisode(path, "no such file", "an HDF5 file")
    summary, state_size, episode = _motion(path)
    provenance = episode.provenance
    return Facts(
        **{field: getattr(episode, field) for field in ("task", "instruction", "seed", "success", "score")},
        length=episode.length,
        control_hz=episode.control_hz,
        source=episode.source,
        cameras=summary.cameras,
        size_bytes=summary.size_bytes,
        named_object=episode.named_object,
        state_size=state_size,
        segments=episode.segments,
        operator=provenance.get("operator") or None,
        recorded=_started(provenance.get("started"), stamp.mtime_ns / 1e9),
        recovered=provenance.get("recovered", "").lower() in YES,
        annotation=provenance.get("annotation", ""),
        motion=motion_of(episode),
        **_measured(episode),
    )


def examine_part(directory: Path, spans: Sequence[Span], recordings: Sequence[Facts], known: Facts | None) -> Facts:
    """The same of an episode that is made of parts of `recordings`; raises InvalidEpisode.

    `known` is what it gave earlier: where the motion is the same one no file is read.
    """
    motion = _motion_of(spans, recordings)
    last = recordings[-1]
    facts = replace(
        recordings[0],
        success=last.success,
        score=last.score,
        cameras=common_cameras(recordings),
        size_bytes=sum({span.file: each.size_bytes for span, each in zip(spans, recordings, strict=True)}.values()),
        recovered=any(each.recovered for each in recordings),
        motion=motion,
    )
    if known is not None and known.motion == motion:
        return replace(facts, **{name: getattr(known, name) for name in ("length", "source", "segments", *MEASURED)})
    parts = [_motion(directory / f"{span.file}{SUFFIX}")[2] for span in spans]
    episode = joined(parts, spans)
    seen = {"length": episode.length, "source": episode.source, "segments": episode.segments}
    return replace(facts, **seen, **_measured(episode))


def motion_of(episode: Episode) -> str:
    """A hash of the joints and targets of a recording: another one has another hash."""
    return _digest(episode.qpos.tobytes() + episode.action.tobytes())


def common_cameras(facts: Sequence[Facts]) -> tuple[str, ...]:
    """The cameras that all recordings have pictures of."""
    return tuple(camera for camera in facts[0].cameras if all(camera in each.cameras for each in facts))


def facts_json(facts: Facts) -> str:
    """Facts as the index keeps them."""
    return json.dumps(facts, default=vars, ensure_ascii=False)  # quicker than asdict by far


def facts_from(told: Mapping[str, Any]) -> Facts:
    """Facts from the JSON of the index."""
    lists = {name: tuple(told[name]) for name in ("cameras", "sources", "low", "high")}
    segments = tuple(Segment(**each) for each in told["segments"])
    hints = tuple(Hint(**each) for each in told["hints"])
    return Facts(**{**told, **lists, "segments": segments, "hints": hints})


def _motion(path: Path) -> tuple[EpisodeSummary, int, Episode]:
    """The summary of a recording, the size of a state, and all of it but states and pictures."""
    with opened(path, EpisodeFile) as found:
        states = found.extra.pop("states", None)
        return found.summary(), 0 if states is None else states.shape[1], found.episode(images=False)


def _measured(episode: Episode) -> dict[str, Any]:
    acted = np.unique(episode.step_sources)
    return {
        "sources": tuple(SOURCES[index] for index in acted),
        "hints": hints_of(episode),
        "low": _rounded(episode.qpos.min(axis=0)),
        "high": _rounded(episode.qpos.max(axis=0)),
    }


def _motion_of(spans: Sequence[Span], recordings: Sequence[Facts]) -> str:
    parts = (f"{each.motion} {span.start} {span.stop}" for span, each in zip(spans, recordings, strict=True))
    return _digest("\n".join(parts).encode())


def _digest(data: bytes) -> str:
    return hashlib.blake2s(data, digest_size=16).hexdigest()


def _rounded(joints: np.ndarray) -> tuple[float, ...]:
    return tuple(np.round(joints.astype(np.float64), DECIMALS).tolist())


def _started(told: str | None, otherwise: float) -> float:
    try:
        seconds = float(told or "nan")
    except ValueError:
        seconds = math.nan
    return seconds if 0 < seconds < 1e11 else otherwise
