"""A LeRobot v3.0 data set: parquet tables, an MP4 file for many episodes, and what describes them."""

import json
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from oft_demo.data.exporting import lerobot_tables as tables
from oft_demo.data.exporting.lerobot_statistics import PictureCounts, flattened, number_statistics, sampled
from oft_demo.data.exporting.lerobot_video import CODEC, PIXELS, CameraVideo
from oft_demo.data.exporting.pictures import Pictures
from oft_demo.data.exporting.role import ExportOptions, Planned, Written
from oft_demo.types import CAMERAS, Episode, Image

VERSION = "v3.0"
CHUNK_SIZE = 1000  # files a folder
DATA_MEGABYTES, VIDEO_MEGABYTES = 100, 200  # after which a new file begins
VIDEO_PATTERN = "videos/{key}/chunk-000/file-{{file_index:03d}}.mp4"


class LeRobotLayout:
    """Episodes go into the same files until these are full; tables that need all episodes are written at the end."""

    def __init__(self, directory: Path, planned: Sequence[Planned], options: ExportOptions):
        self._pa, self._directory, self._options = tables.arrow(), directory, options
        self._instructions = list(dict.fromkeys(each.instruction for each in planned))
        self._with_language = any(each.has_segments for each in planned)
        self._keys = {camera: _key(camera, options.top) for camera in CAMERAS} if options.pictures else {}
        self._counts = {key: PictureCounts() for key in self._keys.values()}
        self._videos = {key: self._video(key) for key in self._keys.values()}
        self._rows = list[dict[str, object]]()
        self._frames, self._data_file = 0, -1
        self._data: Any = None

    def total(self, planned: Planned) -> int:
        """Steps that will be written of an episode."""
        return planned.length

    def write(self, planned: Planned, episode: Episode, every: int) -> Generator[None, None, Written]:
        """Write one episode, yielding once a step."""
        pictures = Pictures(planned, tuple(self._keys), self._options.picture_size, every)
        counts = {key: PictureCounts() for key in self._counts}
        if self._keys:
            yield from self._write_videos(pictures, planned.length, counts)
        task_index = self._instructions.index(planned.instruction)
        columns = tables.step_columns(episode, planned.index, self._frames, task_index)
        rows = tables.language_rows(episode.segments, planned.instruction, episode.control_hz)
        self._write_data(tables.table_of(columns, rows if self._with_language else None))
        statistics = {name: number_statistics(values) for name, values in columns.items()}
        self._rows.append(
            {
                "episode_index": planned.index,
                "tasks": [planned.instruction],
                "length": episode.length,
                "dataset_from_index": self._frames,
                "dataset_to_index": self._frames + episode.length,
                "data/chunk_index": 0,
                "data/file_index": self._data_file,
                "meta/episodes/chunk_index": 0,
                "meta/episodes/file_index": 0,
                **self._video_columns(),
                **flattened(statistics | {key: each.statistics() for key, each in counts.items()}),
            }
        )
        for key, each in counts.items():
            self._counts[key].merge(each)
        self._frames += episode.length
        if not self._keys:
            yield from (None for _ in range(episode.length))
        return Written(
            f"{tables.DATA_PATTERN.format(file_index=self._data_file)}#{planned.index}", 0, None, pictures.findings
        )

    def finish(self) -> None:
        """Close the files and write what describes all episodes."""
        self.close()
        tables.write_episodes(self._directory, self._rows)
        tables.write_tasks(self._directory, self._instructions)
        self._write_json("meta/info.json", self._info())
        self._write_json("meta/stats.json", self._statistics())

    def close(self) -> None:
        """Close the files."""
        data, self._data = self._data, None
        try:
            if data is not None:
                data.close()
        finally:
            for video in self._videos.values():
                video.close()

    def _write_videos(self, pictures: Pictures, length: int, counts: dict[str, PictureCounts]) -> Iterator[None]:
        for video in self._videos.values():
            video.begin()

        def add(key: str, picture: Image, look: bool) -> None:
            self._videos[key].add(picture)
            if look:
                counts[key].add(picture)

        with ThreadPoolExecutor(len(self._keys)) as pool:  # x264 lets other threads run
            for step, frame in enumerate(pictures):
                look = [sampled(step, length)] * len(frame)
                list(pool.map(add, self._keys.values(), frame, look))
                yield

    def _write_data(self, table: Any) -> None:
        """One row group an episode."""
        if self._data is None or self._data_path().stat().st_size >= DATA_MEGABYTES * 2**20:
            if self._data is not None:
                self._data.close()
            self._data_file += 1
            self._data_path().parent.mkdir(parents=True, exist_ok=True)
            self._data = self._pa.parquet.ParquetWriter(self._data_path(), table.schema)
        self._data.write_table(table)

    def _data_path(self) -> Path:
        return self._directory / tables.DATA_PATTERN.format(file_index=self._data_file)

    def _video(self, key: str) -> CameraVideo:
        pattern, options = VIDEO_PATTERN.format(key=key), self._options
        return CameraVideo(self._directory, pattern, options.picture_size, options.hz, VIDEO_MEGABYTES * 2**20)

    def _video_columns(self) -> dict[str, object]:
        columns = dict[str, object]()
        for key, video in self._videos.items():
            span, prefix = video.end(), f"videos/{key}"
            columns |= {f"{prefix}/chunk_index": 0, f"{prefix}/file_index": span.file_index}
            columns |= {
                f"{prefix}/from_timestamp": span.from_timestamp,
                f"{prefix}/to_timestamp": span.to_timestamp,
            }
        return columns

    def _info(self) -> dict[str, object]:
        height, width = self._options.picture_size
        about = {
            "dtype": "video",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": height,
                "video.width": width,
                "video.channels": 3,
                "video.codec": CODEC,
                "video.pix_fmt": PIXELS,
                "video.fps": self._options.hz,
                "video.is_depth_map": False,
                "has_audio": False,
            },
        }
        return {
            "codebase_version": VERSION,
            "robot_type": "aloha",
            "total_episodes": len(self._rows),
            "total_frames": self._frames,
            "total_tasks": len(self._instructions),
            "chunks_size": CHUNK_SIZE,
            "data_files_size_in_mb": DATA_MEGABYTES,
            "video_files_size_in_mb": VIDEO_MEGABYTES,
            "fps": self._options.hz,
            "splits": {"train": f"0:{len(self._rows)}"},
            "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
            "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
            if self._keys
            else None,
            "features": tables.features({key: about for key in self._keys.values()}, self._with_language),
        }

    def _statistics(self) -> dict[str, object]:
        """Of all steps, from what was written."""
        found: dict[str, object] = {key: counts.statistics() for key, counts in self._counts.items()}
        for name in (*tables.VECTORS, *tables.SCALARS):
            column = self._pa.parquet.read_table(self._directory / "data", columns=[name])[name].combine_chunks()
            values = (column.flatten() if name in tables.VECTORS else column).to_numpy(zero_copy_only=False)
            found[name] = number_statistics(values.reshape(self._frames, -1))
        return found

    def _write_json(self, place: str, content: dict[str, object]) -> None:
        (self._directory / place).write_text(json.dumps(content, indent=4, ensure_ascii=False), encoding="utf-8")


def _key(camera: str, top: bool) -> str:
    return "observation.images." + ("top" if top and camera == "cam_high" else camera)
