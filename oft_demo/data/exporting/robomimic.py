"""A robomimic data set: all episodes in one demo.hdf5, with filter keys."""

import json
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

from oft_demo.data.exporting.aloha import GZIP_LEVEL, pack
from oft_demo.data.exporting.names import folder_names
from oft_demo.data.exporting.pictures import Pictures
from oft_demo.data.exporting.role import ExportOptions, Planned, Written
from oft_demo.types import CAMERAS, JOINT_NAMES, Episode

FILE = "demo.hdf5"
GYM_TYPE = 2  # robomimic's EnvType.GYM_TYPE
LEAST_RANGE = 1e-3  # [rad] that a joint's scale spans, so that one that never moves does not divide by nothing
SCALE = "action_scale"


class RobomimicLayout:
    """Actions are scaled to -1..1 over what all episodes ask for, since robomimic refuses anything else."""

    def __init__(self, directory: Path, planned: Sequence[Planned], options: ExportOptions):
        self._options = options
        low = np.min([each.action_low for each in planned], axis=0).astype(np.float64)
        high = np.max([each.action_high for each in planned], axis=0).astype(np.float64)
        self._low, self._high = low, np.maximum(high, low + LEAST_RANGE)
        self._filters = _filters(planned)
        self._samples, self._tasks = 0, set[str]()
        self._file = h5py.File(directory / FILE, "w")
        self._data = self._file.create_group("data")

    def total(self, planned: Planned) -> int:
        """Steps that will be written of an episode."""
        return planned.length

    def write(self, planned: Planned, episode: Episode, every: int) -> Generator[None, None, Written]:
        """Write one episode, yielding once a step."""
        cameras = CAMERAS if self._options.pictures else ()
        pictures = Pictures(planned, cameras, self._options.picture_size, every)
        demo = self._data.create_group(_demo(planned))
        demo.attrs["num_samples"] = episode.length
        demo.attrs["instruction"] = planned.instruction
        last = np.arange(episode.length) == episode.length - 1
        demo["actions"] = self._scaled(episode.action)
        demo["states"] = episode.states.astype(np.float64)
        demo["rewards"] = (last & episode.success).astype(np.float32)
        demo["dones"] = last.astype(np.int64)
        for name in ("qpos", "qvel", "effort"):
            rows = getattr(episode, name).astype(np.float32)
            demo[f"obs/{name}"] = rows
            demo[f"next_obs/{name}"] = np.concatenate([rows[1:], rows[-1:]])
        if cameras:
            yield from _write_pictures(demo, pictures, cameras, episode.length, self._options.picture_size)
        else:
            yield from (None for _ in range(episode.length))
        self._samples += episode.length
        self._tasks.add(episode.task)
        return Written(f"{FILE}#{_demo(planned)}", findings=pictures.findings)

    def finish(self) -> None:
        """Write what describes all episodes."""
        self._data.attrs["total"] = self._samples
        self._data.attrs["env_args"] = json.dumps(self._env_args())
        for name, demos in self._filters.items():
            self._file[f"mask/{name}"] = np.array(demos, dtype="S")
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _scaled(self, action: np.ndarray) -> np.ndarray:
        if not self._options.scaled:
            return action.astype(np.float32)
        share = (action.astype(np.float64) - self._low) / (self._high - self._low)
        return np.clip(2 * share - 1, -1, 1).astype(np.float32)

    def _env_args(self) -> dict[str, object]:
        tasks = sorted(self._tasks)
        about: dict[str, object] = {
            "env_name": tasks[0] if len(tasks) == 1 else "aloha",
            "type": GYM_TYPE,
            "env_kwargs": {},
            "control_hz": self._options.hz,
            "joint_names": list(JOINT_NAMES),
        }
        if self._options.scaled:
            formula = "target = low + (action + 1) / 2 * (high - low)"
            about[SCALE] = {"low": self._low.tolist(), "high": self._high.tolist(), "formula": formula}
        return about


def unscaled(action: np.ndarray, env_args: dict[str, dict[str, list[float]]]) -> np.ndarray:
    """The absolute targets behind scaled actions."""
    low, high = (np.asarray(env_args[SCALE][name]) for name in ("low", "high"))
    return low + (action + 1) / 2 * (high - low)


def _demo(planned: Planned) -> str:
    return f"demo_{planned.index}"


def _filters(planned: Sequence[Planned]) -> dict[str, list[str]]:
    """Demos by filter key: of the split, the outcome and the operator; none that is empty."""
    operators = folder_names(sorted({each.operator for each in planned if each.operator}))
    found = defaultdict[str, list[str]](list)
    for each in planned:
        keys = ["train" if each.split == "train" else "valid", "success" if each.success else "failure"]
        keys += [f"operator_{operators[each.operator]}"] if each.operator else []
        for key in keys:
            found[key].append(_demo(each))
    return dict(found)


def _write_pictures(
    demo: h5py.Group, pictures: Pictures, cameras: tuple[str, ...], length: int, size: tuple[int, int]
) -> Iterator[None]:
    """Each picture is packed once and written twice: now, and as the next one of the step before."""
    shape = (*size, 3)
    settings = {"chunks": (1, *shape), "compression": "gzip", "compression_opts": GZIP_LEVEL}
    datasets = {
        (group, camera): demo.create_dataset(f"{group}/{camera}", (length, *shape), np.uint8, **settings)
        for group in ("obs", "next_obs")
        for camera in cameras
    }
    for step, frame in enumerate(pictures):
        for camera, picture in zip(cameras, frame, strict=True):
            chunk = pack(picture)
            datasets["obs", camera].id.write_direct_chunk((step, 0, 0, 0), chunk)
            if step:
                datasets["next_obs", camera].id.write_direct_chunk((step - 1, 0, 0, 0), chunk)
            if step == length - 1:  # nothing was seen after the last step
                datasets["next_obs", camera].id.write_direct_chunk((step, 0, 0, 0), chunk)
        yield
