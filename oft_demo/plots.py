"""Joint trajectories as plotly figures: plain arrays in, a figure out."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float32

from oft_demo.types import ARM_JOINTS, ARMS, GRIPPER_INDEX, JOINT_COUNT

# Mid tones that hold on a light and on a dark page.
MEASURED = "#8b97a3"
EXECUTED = "#2f8fd8"
PLANNED = ("#f0932b", "#d6598f")  # alternating, so that neighbouring chunks can be told apart
MINIMUM_SPAN = 0.3  # [rad] that a panel shows at least
GRIPPER_GROUND = "rgba(127, 140, 150, 0.13)"  # grippers are opened and closed, not turned: set apart


@dataclass(frozen=True)
class Motion:
    """What one rollout's joints did."""

    times: Float32[np.ndarray, "t"]  # [s]
    measured: Float32[np.ndarray, "t 14"]  # [rad], grippers 0..1
    executed: Float32[np.ndarray, "t 14"]  # the targets that were applied


@dataclass(frozen=True)
class PlacedChunk:
    """A predicted chunk and when it was predicted."""

    start: float  # [s]
    dt: float  # [s] between rows
    targets: Float32[np.ndarray, "k 14"]


def chunk_figure(motion: Motion, chunks: Sequence[PlacedChunk], narrow: bool = False) -> go.Figure:
    """Every predicted chunk over what was executed and measured, one panel for each of the 14 joints."""
    lines = []
    for joint, axis in _axes():
        lines.append(_line(motion.times, motion.measured[:, joint], "measured", MEASURED, axis, width=4))
        lines.append(_line(motion.times, motion.executed[:, joint], "executed target", EXECUTED, axis, width=2.2))
        for parity, colour in enumerate(PLANNED if chunks or not len(motion.times) else ()):
            times, values = _worms(chunks[parity::2], joint)
            name = ("predicted chunk", "next chunk")[parity]
            lines.append(_line(times, values, name, colour, axis, width=1))
    planned = max((chunk.start + chunk.dt * len(chunk.targets) for chunk in chunks), default=0.0)
    values = [motion.measured, motion.executed, *(chunk.targets for chunk in chunks)]
    return go.Figure(lines, _panels(narrow, max(planned, _end(motion)), values))


def empty_figure(narrow: bool = False) -> go.Figure:
    """The panels before anything moved, in the size they will keep."""
    nothing = np.zeros((0, JOINT_COUNT), np.float32)
    return chunk_figure(Motion(np.zeros(0, np.float32), nothing, nothing), (), narrow)


# ---------------------------------------------------------------------------------------------------------------------
# Panels: one row an arm (or, on a narrow page, one column), the grippers last and on a ground of their own.


def _axes() -> Iterator[tuple[int, str]]:
    """(joint index, plotly's axis suffix) of every panel."""
    for joint in range(JOINT_COUNT):
        yield joint, "" if joint == 0 else str(joint + 1)


def _panels(narrow: bool, end: float, values: Sequence[np.ndarray]) -> dict[str, Any]:
    """The layout for arrays (t, 14); the time axis grows in steps of 2 s, so that the panels do not creep."""
    times = [0, max(4.0, 2.0 * math.ceil(end / 2.0))]
    ranges = _ranges(np.concatenate(values))
    layout: dict[str, Any] = {
        "height": 1120 if narrow else 400,
        "margin": {"l": 34, "r": 8, "t": 52, "b": 26},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 10},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "yref": "container", "font": {"size": 11}},
        "hovermode": "closest",
        "uirevision": "kept",  # a visitor's zoom survives the next chunk
        "annotations": [],
        "shapes": [],
    }
    for joint, axis in _axes():
        left, right, bottom, top = _domain(joint, narrow)
        is_gripper = joint in GRIPPER_INDEX.values()
        layout[f"xaxis{axis}"] = {
            "domain": [left, right],
            "anchor": f"y{axis}",
            "range": times,
            **({"matches": "x"} if axis else {}),
            "showticklabels": _is_lowest(joint, narrow),
            "ticksuffix": " s",
            "nticks": 4,
            "zeroline": False,
        }
        layout[f"yaxis{axis}"] = {
            "domain": [bottom, top],
            "anchor": f"x{axis}",
            "nticks": 4,
            "zeroline": False,
            "range": [-0.1, 1.15] if is_gripper else ranges[joint],
        }
        layout["annotations"].append(_title(joint, left, top))
        if is_gripper:
            layout["shapes"].append(_ground(left, right, bottom, top))
    return layout


def _domain(joint: int, narrow: bool) -> tuple[float, float, float, float]:
    """Left, right, bottom, top of a panel in fractions of the plot."""
    side, place = divmod(joint, len(ARM_JOINTS))
    count = len(ARM_JOINTS)
    across, along = (len(ARMS), count) if narrow else (count, len(ARMS))
    column, row = (side, place) if narrow else (place, side)
    width, height = 1 / across, 1 / along
    gap_x, gap_y = (0.11, 0.032) if narrow else (0.033, 0.15)
    left = column * width
    top = 1 - row * (height + gap_y / along)
    right = left + width - (gap_x if column < across - 1 else 0)
    return left, right, max(0.0, top - height + gap_y * (along - 1) / along), top


def _ranges(values: np.ndarray) -> list[list[float]]:
    """Lowest and highest value of each joint with a margin; never so narrow that a tremor fills the panel."""
    if not len(values):
        return [[-1.0, 1.0]] * JOINT_COUNT
    low, high = values.min(axis=0), values.max(axis=0)
    middle, half = (low + high) / 2, np.maximum(0.55 * (high - low), MINIMUM_SPAN / 2)
    return np.stack([middle - half, middle + half], axis=1).tolist()


def _is_lowest(joint: int, narrow: bool) -> bool:
    side, place = divmod(joint, len(ARM_JOINTS))
    return place == len(ARM_JOINTS) - 1 if narrow else side == len(ARMS) - 1


def _title(joint: int, left: float, top: float) -> dict[str, Any]:
    side, place = divmod(joint, len(ARM_JOINTS))
    unit = "0 closed, 1 open" if ARM_JOINTS[place] == "gripper" else "rad"
    name = ARM_JOINTS[place].replace("_", " ")
    text = f"<b>{ARMS[side]} {name}</b> {unit}"
    return {
        "text": text,
        "x": left,
        "y": top,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 10},
    }


def _end(motion: Motion) -> float:
    return float(motion.times[-1]) if len(motion.times) else 0.0


def _ground(left: float, right: float, bottom: float, top: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "paper",
        "yref": "paper",
        "x0": left,
        "x1": right,
        "y0": bottom,
        "y1": top,
        "line": {"width": 0},
        "fillcolor": GRIPPER_GROUND,
        "layer": "below",
    }


# ---------------------------------------------------------------------------------------------------------------------
# Lines


def _line(times: np.ndarray, values: np.ndarray, name: str, colour: str, axis: str, width: float) -> dict[str, Any]:
    # A dict, not a go.Scatter: checking 56 of those one by one takes ten times as long, once a chunk.
    return {
        "type": "scatter",
        "x": np.asarray(times, np.float32),
        "y": np.asarray(values, np.float32),
        "name": name,
        "legendgroup": name,
        "showlegend": axis == "",
        "mode": "lines",
        "line": {"color": colour, "width": width},
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "hovertemplate": "%{y:.3f} at %{x:.2f} s",
    }


def _worms(chunks: Sequence[PlacedChunk], joint: int) -> tuple[np.ndarray, np.ndarray]:
    """One line of many chunks, broken between them by a gap."""
    times: list[np.ndarray] = []
    values: list[np.ndarray] = []
    for chunk in chunks:
        times += [chunk.start + chunk.dt * np.arange(len(chunk.targets)), np.array([np.nan])]
        values += [chunk.targets[:, joint], np.array([np.nan])]
    if not times:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    return np.concatenate(times), np.concatenate(values)
