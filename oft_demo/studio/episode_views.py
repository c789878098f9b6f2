"""Episodes as the page's scripts get them: entries, their time series, and what can be chosen from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from oft_demo.data.catalog.entries import Change, Entry, Totals
from oft_demo.sim.state_poses import Ending
from oft_demo.types import JOINT_NAMES, Episode, Segment

FRAME_STRIDE = 2  # control steps between two rows of poses and plots: 25 a second
MAX_ROWS = 6000  # of poses and plots, four minutes at 25 a second; longer episodes are shown more coarsely
DECIMALS = 4  # of a joint position: a tenth of a milliradian


def entry_json(entry: Entry) -> dict[str, Any]:
    """One episode as lists and the label panel show it."""
    summary, labels = entry.summary, entry.annotation  # the summary has the labels already
    return {
        "name": entry.name,
        "content": content_key(entry),
        "revision": entry.revision,
        "task": summary.task,
        "seed": summary.seed,
        "instruction": summary.instruction,
        "success": entry.success,
        "success_by_hand": labels.success,
        "success_automatic": entry.success_automatic,
        "points": summary.score,
        "stage_score": labels.stage_score,
        "quality": labels.quality,
        "tags": labels.tags,
        "notes": labels.notes,
        "paraphrases": labels.paraphrases,
        "operator": labels.operator,
        "segments": label_json(labels.segments),
        "sources": sorted(entry.sources),
        "length": summary.length,
        "cameras": summary.cameras,
        "hints": [asdict(hint) for hint in entry.hints],
        "recorded": entry.recorded,
        "recovered": entry.recovered,
        "deleted": entry.deleted,
    }


def content_key(entry: Entry) -> str:
    """Changes when the steps change that the episode is made of, not when its labels do."""
    made_of = repr((entry.name, entry.spans, entry.recorded)).encode()
    return hashlib.blake2s(made_of, digest_size=8).hexdigest()


def stride_of(length: int) -> int:
    """Control steps between two rows that the page is sent."""
    return max(FRAME_STRIDE, -(-length // MAX_ROWS))


def series_json(episode: Episode, cameras: Sequence[str], scene: Mapping[str, Any]) -> dict[str, Any]:
    """What the player draws over time; joints as one list each."""
    stride = stride_of(episode.length)
    return {
        "length": episode.length,
        "stride": stride,
        "joints": JOINT_NAMES,
        "qpos": columns(episode.qpos[::stride]),
        "action": columns(episode.action[::stride]),
        "sources": runs(episode.step_sources),
        "segments": [asdict(segment) for segment in episode.segments],
        "events": [asdict(event) for event in episode.events],
        "cameras": list(cameras),
        "scene": scene,
        "poses": {"stride": stride, "states": episode.states.shape[1] > 0},
    }


def columns(rows: np.ndarray) -> list[list[float]]:
    """Rows of joints as one list a joint, short enough to send."""
    return np.round(rows.T.astype(np.float64), DECIMALS).tolist()


def runs(values: np.ndarray) -> list[tuple[int, int]]:
    """(first step, value) of each run of equal values."""
    starts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()]
    return [(start, int(values[start])) for start in starts]


def ending_json(ending: Ending | None, instruction: str) -> dict[str, Any]:
    """Where the objects ended, and what follows for the labels; nothing where nothing is known of them."""
    if ending is None:
        return {"places": [], "stage": "", "points": 0.0, "success": None, "fulfilled": []}
    return {
        "places": ending.places,
        "stage": ending.stage,
        "points": ending.points,
        "success": ending.success if instruction else None,
        "fulfilled": ending.fulfilled,
    }


def totals_json(totals: Totals, model_limits: np.ndarray) -> dict[str, Any]:
    """Figures of the whole directory."""
    return {
        "episodes": totals.episodes,
        "hours": totals.hours,
        "per_task": dict(totals.per_task),
        "per_instruction": dict(totals.per_instruction),
        "per_outcome": dict(totals.per_outcome),
        "per_source": dict(totals.per_source),
        "joint_low": None if not totals.episodes else np.round(totals.joint_low, DECIMALS).tolist(),
        "joint_high": None if not totals.episodes else np.round(totals.joint_high, DECIMALS).tolist(),
        "limits": np.round(model_limits, DECIMALS).tolist(),
    }


def label_json(value: object) -> object:
    """The value of a label in JSON's terms."""
    if isinstance(value, tuple | list):
        return [label_json(each) for each in value]
    return asdict(value) if isinstance(value, Segment) else value


def change_json(change: Change) -> dict[str, Any]:
    """One line of the list of changes."""
    return asdict(change)
