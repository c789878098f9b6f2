"""Checks an export for LeRobot v3: what LeRobotDatasetMetadata and its reader ask of a directory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.data.exporting import lerobot_tables as tables
from oft_demo.data.exporting.checking import NotAsExpected, error, guarded, warning
from oft_demo.data.exporting.lerobot import VERSION
from oft_demo.data.exporting.lerobot_video import decode
from oft_demo.data.exporting.role import Finding

CHECKED_FOR = "LeRobot's data set format v3.0 (LeRobot 0.4.4 was tried; 0.6 by its source)"
WITH_LANGUAGE = "LeRobot 0.6's data set format v3.0 with language columns (by its source)"
MOST_WATCHED = 200  # episodes whose pictures are looked for; more are sampled
TOLERANCE = 1e-4  # [s], LeRobot's own between the time asked for and that of a picture
MAX_JSON = 64 * 2**20  # [bytes]
STATISTICS = ("min", "max", "mean", "std", "count")


def checked_for_lerobot(directory: Path) -> str:
    """Language columns are known since 0.6."""
    try:
        return WITH_LANGUAGE if tables.LANGUAGE in _json(directory / "meta/info.json")["features"] else CHECKED_FOR
    except (NotAsExpected, OSError, ValueError, KeyError, TypeError):
        return CHECKED_FOR


def check_lerobot(directory: Path) -> Iterator[Finding]:
    """Versions, paths, rows by position, times of frames, and pictures where the tables say they are."""
    pa = tables.arrow()
    info = _json(directory / "meta/info.json")
    if info["codebase_version"] != VERSION:
        yield error("meta/info.json", f"has version {info['codebase_version']}; expected {VERSION}")
    yield from guarded("meta/stats.json", _check_statistics(directory, info))
    tasks = _tasks(pa, directory)
    if len(tasks) != info["total_tasks"]:
        yield error(tables.TASKS_FILE, f"has {len(tasks)} instructions; info.json says {info['total_tasks']}")
    episodes = _sorted_tables(pa, directory / "meta/episodes").to_pylist()
    if len(episodes) != info["total_episodes"] or info["splits"] != {"train": f"0:{len(episodes)}"}:
        yield error("meta/episodes", f"has {len(episodes)} rows; info.json says {info['total_episodes']}")
    yield from _check_episodes(pa, directory, info, episodes, tasks)


def _check_episodes(
    pa: Any, directory: Path, info: dict[str, Any], episodes: list[dict[str, Any]], tasks: dict[int, str]
) -> Iterator[Finding]:
    start, watched, steps = 0, max(1, len(episodes) // MOST_WATCHED), _Steps(pa, directory, info)
    for position, row in enumerate(episodes):
        where = f"episode {position}"
        if row["episode_index"] != position or row["dataset_from_index"] != start:
            yield error(where, f"is row {row['episode_index']} from {row['dataset_from_index']} on, not from {start}")
        start = row["dataset_to_index"]
        yield from guarded(where, _check_steps(steps, info, row, tasks))
        if position % watched == 0 or position == len(episodes) - 1:
            yield from guarded(where, _check_videos(directory, info, row))
    if start != info["total_frames"]:
        yield error("meta/info.json", f"says {info['total_frames']} steps in all; its episodes have {start}")


def _json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_JSON:
        raise NotAsExpected(f"{path.name} is larger than {MAX_JSON} bytes")
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise NotAsExpected(f"{path.name} holds no object")
    return found


def _tasks(pa: Any, directory: Path) -> dict[int, str]:
    table = pa.parquet.read_table(directory / tables.TASKS_FILE)
    if b"pandas" not in (table.schema.metadata or {}) or "task" not in table.column_names:
        raise NotAsExpected(f'{tables.TASKS_FILE} has no pandas index called "task"')
    return dict(zip(table["task_index"].to_pylist(), table["task"].to_pylist(), strict=True))


def _sorted_tables(pa: Any, directory: Path) -> Any:
    """All tables below a folder in the order of their names, as LeRobot puts them together."""
    paths = sorted(directory.glob("*/*.parquet"))
    if not paths:
        raise NotAsExpected(f"{directory.name} has no parquet file")
    return pa.concat_tables([pa.parquet.read_table(path) for path in paths])


def _check_statistics(directory: Path, info: dict[str, Any]) -> Iterator[Finding]:
    found = _json(directory / "meta/stats.json")
    for name, feature in info["features"].items():
        if feature["dtype"] == "language":
            continue
        if name not in found or not set(STATISTICS) <= set(found[name]):
            yield error("meta/stats.json", f"lacks some of {', '.join(STATISTICS)} of {name}")
            continue
        shape = (3, 1, 1) if feature["dtype"] == "video" else tuple(feature["shape"])
        if any(np.shape(value) != shape for key, value in found[name].items() if key != "count"):
            yield error("meta/stats.json", f"has {name} of another shape than {shape}")


class _Steps:
    """The rows of steps by position; the file they are in is kept until another is asked for."""

    def __init__(self, pa: Any, directory: Path, info: dict[str, Any]):
        self._pa, self._directory, self._info = pa, directory, info
        self._path, self._table = Path(), None
        self._named = {name for name, feature in info["features"].items() if feature["dtype"] != "video"}

    def of(self, row: dict[str, Any]) -> Any:
        """The steps of an episode but for language columns; raises NotAsExpected."""
        place = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
        path = _inside(self._directory, self._info["data_path"].format(**place))
        if path != self._path or self._table is None:
            self._path, self._table = path, self._read(path)
        offset = row["dataset_from_index"] - self._table["index"][0].as_py()
        if offset < 0:
            raise NotAsExpected(f"begins at {row['dataset_from_index']}, which is before the first row of {path.name}")
        found = self._table.slice(offset, row["length"])
        if (
            offset < 0
            or len(found) != row["length"]
            or row["length"] != row["dataset_to_index"] - row["dataset_from_index"]
        ):
            raise NotAsExpected(f"has {len(found)} steps in {path.name}; its row says {row['length']}")
        return found

    def _read(self, path: Path) -> Any:
        listed = set(self._pa.parquet.read_schema(path).names)
        if listed != self._named:
            raise NotAsExpected(f"has the columns {sorted(listed)}; info.json says {sorted(self._named)}")
        return self._pa.parquet.read_table(path, columns=[*tables.SCALARS, *tables.VECTORS])


def _check_steps(found: _Steps, info: dict[str, Any], row: dict[str, Any], tasks: dict[int, str]) -> Iterator[Finding]:
    table = found.of(row)
    steps = np.arange(row["length"])
    columns = {name: table[name].to_numpy() for name in tables.SCALARS}
    expected = {"frame_index": steps, "index": row["dataset_from_index"] + steps}
    expected |= {"episode_index": np.full(row["length"], row["episode_index"])}
    for name, values in expected.items():
        if not np.array_equal(columns[name], values):
            raise NotAsExpected(f"{name} is not what the position of its rows says")
    if np.abs(columns["timestamp"] - steps / info["fps"]).max() > TOLERANCE:
        raise NotAsExpected("timestamp is not frame_index / fps")
    if {tasks.get(index) for index in columns["task_index"].tolist()} != set(row["tasks"]):
        raise NotAsExpected("task_index does not lead to the instructions of its row")
    for name in tables.VECTORS:
        if not np.isfinite(np.stack(table[name].to_numpy(zero_copy_only=False))).all():
            raise NotAsExpected(f"{name} has a number that is not finite")
    if not columns["next.done"][-1] or columns["next.done"][:-1].any():
        yield warning(f"episode {row['episode_index']}", "next.done is not set at the last step alone")


def _check_videos(directory: Path, info: dict[str, Any], row: dict[str, Any]) -> Iterator[Finding]:
    """The first and the last picture of the episode can be found at their times."""
    for name, feature in info["features"].items():
        if feature["dtype"] != "video":
            continue
        chunk, file = (row[f"videos/{name}/{part}"] for part in ("chunk_index", "file_index"))
        path = _inside(directory, info["video_path"].format(video_key=name, chunk_index=chunk, file_index=file))
        begin, end = (row[f"videos/{name}/{part}"] for part in ("from_timestamp", "to_timestamp"))
        if abs(end - begin - row["length"] / info["fps"]) > TOLERANCE:
            yield error(f"episode {row['episode_index']}", f"{name} lasts {end - begin} s for {row['length']} steps")
        for time in (begin, end - 1 / info["fps"]):
            found = decode(path, time, time + 0.5 / info["fps"])
            if not found or abs(found[0][0] - time) > TOLERANCE:
                raise NotAsExpected(f"{name} has no picture at {time:.3f} s of {path.name}")
            if list(found[0][1].shape) != feature["shape"]:
                raise NotAsExpected(f"{name} shows {found[0][1].shape}; info.json says {feature['shape']}")


def _inside(directory: Path, place: str) -> Path:
    path = directory / place
    if not path.resolve().is_relative_to(directory.resolve()):
        raise NotAsExpected(f"leads out of the data set: {place}")
    return path
