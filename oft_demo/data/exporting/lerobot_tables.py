"""The tables of a LeRobot v3 data set: one row a step, one row an episode, one row an instruction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.data.exporting.errors import MissingLibrary
from oft_demo.types import JOINT_COUNT, JOINT_NAMES, SOURCES, Episode, Segment

DATA_PATTERN = "data/chunk-000/file-{file_index:03d}.parquet"
EPISODES_FILE = "meta/episodes/chunk-000/file-000.parquet"
TASKS_FILE = "meta/tasks.parquet"
LANGUAGE = "language_persistent"
VECTORS = ("observation.state", "action")
SCALARS = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
    "next.reward": "float32",
    "next.done": "bool",
    "next.success": "bool",
    "intervention": "bool",
}


def arrow() -> Any:
    """The package pyarrow with its parquet module; raises MissingLibrary."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingLibrary("pyarrow") from error
    return pyarrow


def step_columns(episode: Episode, episode_index: int, first_index: int, task_index: int) -> dict[str, np.ndarray]:
    """What the table of steps holds of an episode."""
    steps = np.arange(episode.length)
    last = steps == episode.length - 1
    who = episode.step_sources
    return {
        "observation.state": episode.qpos.astype(np.float32),
        "action": episode.action.astype(np.float32),
        "timestamp": (steps / episode.control_hz).astype(np.float32),
        "frame_index": steps,
        "episode_index": np.full(episode.length, episode_index),
        "index": first_index + steps,
        "task_index": np.full(episode.length, task_index),
        "next.reward": (last & episode.success).astype(np.float32),
        "next.done": last,
        "next.success": last & episode.success,
        # A correction of a policy's run, as LeRobot means it; a demonstration from end to end is none.
        "intervention": (who != SOURCES.index("policy")) & (who == SOURCES.index("policy")).any(),
    }


def language_rows(segments: Sequence[Segment], instruction: str, hz: int) -> list[dict[str, object]]:
    """What LeRobot repeats at every step of an episode: each row holds until the next; between segments, the task."""
    rows = list[tuple[int, str]]()
    for segment in sorted(segments, key=lambda segment: segment.start):
        if rows and rows[-1][0] == segment.start:
            rows.pop()
        rows += [(segment.start, segment.text), (segment.stop, instruction)]
    said: dict[str, object] = {"role": "assistant", "style": "subtask", "camera": None, "tool_calls": None}
    return [said | {"content": text, "timestamp": step / hz} for step, text in rows]


def table_of(columns: Mapping[str, np.ndarray], language: list[dict[str, object]] | None) -> Any:
    """The rows of an episode as an arrow table."""
    pa = arrow()
    arrays, fields = list[Any](), list[Any]()
    for name, values in columns.items():
        if name in VECTORS:
            kind = pa.list_(pa.float32(), JOINT_COUNT)
            array = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), JOINT_COUNT)
        else:
            kind = {"float32": pa.float32(), "int64": pa.int64(), "bool": pa.bool_()}[SCALARS[name]]
            array = pa.array(values, type=kind)
        arrays.append(array.cast(kind))
        fields.append(pa.field(name, kind))
    if language is not None:
        length = len(columns["index"])
        arrays.append(_language_array(language, length))
        fields.append(pa.field(LANGUAGE, _language_type()))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_tasks(directory: Path, instructions: Sequence[str]) -> None:
    """meta/tasks.parquet as pandas writes it: the index is the instruction."""
    import pandas  # comes with gradio

    arrow()
    path = directory / TASKS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    index = pandas.Index(list(instructions), name="task")
    pandas.DataFrame({"task_index": range(len(instructions))}, index=index).to_parquet(path, engine="pyarrow")


def write_episodes(directory: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """meta/episodes: one row an episode."""
    pa = arrow()
    path = directory / EPISODES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    pa.parquet.write_table(pa.table(columns), path)


def features(cameras: Mapping[str, dict[str, object]], with_language: bool) -> dict[str, dict[str, object]]:
    """What info.json says about the columns and the videos."""
    joints = {"dtype": "float32", "shape": [JOINT_COUNT], "names": list(JOINT_NAMES)}
    found: dict[str, dict[str, object]] = {name: dict(joints) for name in VECTORS}
    found |= {name: {"dtype": kind, "shape": [1], "names": None} for name, kind in SCALARS.items()}
    if with_language:
        found[LANGUAGE] = {"dtype": "language", "shape": [1], "names": None}
    return found | dict(cameras)


def _language_type() -> Any:
    pa = arrow()
    return pa.list_(
        pa.struct(
            [
                pa.field("role", pa.string(), nullable=False),
                pa.field("content", pa.string()),
                pa.field("style", pa.string()),
                pa.field("timestamp", pa.float32(), nullable=False),
                pa.field("camera", pa.string()),
                pa.field("tool_calls", pa.list_(pa.json_())),
            ]
        )
    )


def _language_array(rows: list[dict[str, object]], length: int) -> Any:
    """The same rows at every step; built from their parts, since arrow makes no nested JSON of Python's values."""
    pa = arrow()
    kinds = {field.name: field.type for field in _language_type().value_type}
    columns = {name: [row[name] for row in rows] * length for name in kinds if name != "tool_calls"}
    parts = [pa.array(values, type=kinds[name]) for name, values in columns.items()]
    no_calls = pa.nulls(len(rows) * length, pa.list_(pa.string())).cast(kinds["tool_calls"])
    structs = pa.StructArray.from_arrays([*parts, no_calls], fields=list(_language_type().value_type))
    offsets = pa.array(np.arange(length + 1, dtype=np.int32) * len(rows))
    return pa.ListArray.from_arrays(offsets, structs).cast(_language_type())
