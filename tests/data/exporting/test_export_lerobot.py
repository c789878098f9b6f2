"""LeRobot's reader, written again here with pyarrow, pandas and PyAV, finds every row and every picture."""

import json

import av
import numpy as np
import pandas as pd
import pytest

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.exporting import lerobot
from oft_demo.types import CAMERAS, JOINT_NAMES, SOURCES, Segment

pq = pytest.importorskip("pyarrow.parquet")
TOLERANCE = 1e-4  # [s], LeRobot's


class Reader:
    """Rows by position, pictures by time."""

    def __init__(self, root):
        self.root = root
        self.info = json.loads((root / "meta/info.json").read_text())
        self.stats = json.loads((root / "meta/stats.json").read_text())
        self.tasks = pd.read_parquet(root / "meta/tasks.parquet")
        self.tasks.index.name = "task"
        self.episodes = [row for path in self.sorted("meta/episodes") for row in pq.read_table(path).to_pylist()]
        self.rows = [row for path in self.sorted("data") for row in pq.read_table(path).to_pylist()]
        for feature in self.info["features"].values():
            feature["shape"] = tuple(feature["shape"])

    def sorted(self, folder):
        return sorted((self.root / folder).glob("*/*.parquet"))

    def item(self, index):
        row = self.rows[index]
        episode = self.episodes[row["episode_index"]]
        seconds = row["frame_index"] / self.info["fps"]
        for key in (key for key, feature in self.info["features"].items() if feature["dtype"] == "video"):
            place = {part: episode[f"videos/{key}/{part}"] for part in ("chunk_index", "file_index")}
            path = self.root / self.info["video_path"].format(video_key=key, **place)
            row[key] = frame_at(path, seconds + episode[f"videos/{key}/from_timestamp"])
        return row | {"task": self.tasks.iloc[row["task_index"]].name}


def frame_at(path, seconds):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        container.seek(int(seconds / stream.time_base), stream=stream, backward=True)
        frames = [(float(frame.pts * stream.time_base), frame) for frame in container.decode(stream)]
    time, frame = min(frames, key=lambda found: abs(found[0] - seconds))
    assert abs(time - seconds) < TOLERANCE
    return frame.to_ndarray(format="rgb24")


def assert_shows(found, expected):
    error = np.abs(found.astype(float) - expected).mean()
    assert error < 2, f"pictures differ by {error:.1f} levels; neighbouring steps differ by 3"


def test_every_row_is_where_its_position_says(exported, example, shown):
    examples = [example(0, length=5), example(1, length=8, instruction="fold the shirt"), example(2, length=3)]
    out, report = exported("lerobot", examples)
    assert report.ok
    assert "v3.0" in report.checked_for
    reader = Reader(out)
    assert (reader.info["codebase_version"], reader.info["fps"], reader.info["robot_type"]) == ("v3.0", 50, "aloha")
    assert (reader.info["total_episodes"], reader.info["total_frames"], reader.info["total_tasks"]) == (3, 16, 2)
    index = 0
    for number, each in enumerate(examples):
        episode, row = each.episode, reader.episodes[number]
        assert row["tasks"] == [episode.instruction]
        assert (row["dataset_from_index"], row["dataset_to_index"]) == (index, index + episode.length)
        for step in range(episode.length):
            item = reader.item(index)
            assert (item["index"], item["episode_index"], item["frame_index"]) == (index, number, step)
            assert item["timestamp"] == pytest.approx(step / 50, abs=TOLERANCE)
            assert item["task"] == episode.instruction
            assert np.array_equal(np.float32(item["observation.state"]), episode.qpos[step])
            assert np.array_equal(np.float32(item["action"]), episode.action[step])
            assert item["next.done"] == item["next.success"] == (step == episode.length - 1)
            for camera in CAMERAS:
                assert_shows(item[f"observation.images.{camera}"], shown(camera, step))
            index += 1


def test_columns_and_features_are_the_same(exported, example):
    out, _ = exported("lerobot", [example(0)])
    reader = Reader(out)
    features = reader.info["features"]
    table = pq.read_table(reader.sorted("data")[0])
    assert set(table.column_names) == {key for key, feature in features.items() if feature["dtype"] != "video"}
    assert str(table.schema.field("action").type) == "fixed_size_list<element: float>[14]"
    assert {str(table.schema.field(key).type) for key in ("index", "frame_index", "task_index")} == {"int64"}
    assert str(table.schema.field("timestamp").type) == "float"
    assert features["action"]["names"] == list(JOINT_NAMES)
    assert features["action"]["names"][0].startswith("left")
    assert features["observation.images.cam_high"]["shape"] == (480, 640, 3)
    assert features["observation.images.cam_high"]["names"] == ["height", "width", "channels"]


def test_statistics_are_those_of_all_steps(exported, example, shown):
    examples = [example(0, length=5), example(1, length=4)]
    reader = Reader(exported("lerobot", examples)[0])
    actions = np.concatenate([each.episode.action for each in examples])
    found = reader.stats["action"]
    assert np.allclose(found["mean"], actions.mean(0), atol=1e-6)
    assert np.allclose(found["std"], actions.std(0), atol=1e-6)
    assert np.allclose(found["q90"], np.quantile(actions, 0.9, axis=0), atol=1e-6)
    assert found["count"] == [9]
    pictures = reader.stats["observation.images.cam_left_wrist"]
    seen = np.stack([shown("cam_left_wrist", step) for step in (*range(5), *range(4))]) / 255
    assert np.shape(pictures["mean"]) == (3, 1, 1)
    assert np.allclose(np.ravel(pictures["mean"]), seen.mean((0, 1, 2)), atol=0.01)
    assert np.allclose(np.ravel(pictures["std"]), seen.std((0, 1, 2)), atol=0.01)
    assert np.allclose(np.ravel(pictures["q50"]), np.median(seen, (0, 1, 2)), atol=0.01)
    own = reader.episodes[1]["stats/action/max"]
    assert np.allclose(own, examples[1].episode.action.max(0))


def test_corrections_are_marked_and_whole_demonstrations_are_not(exported, example):
    who = np.array([SOURCES.index(name) for name in ("policy", "policy", "human", "expert", "policy", "policy")])
    examples = [example(0, sources=who.astype(np.uint8)), example(1)]
    reader = Reader(exported("lerobot", examples)[0])
    marked = [row["intervention"] for row in reader.rows]
    assert marked == [False, False, True, True, False, False, *[False] * 6]


def test_segments_become_language_that_holds_until_the_next(exported, example):
    segments = (Segment(0, 2, "reach"), Segment(2, 4, "grasp"))
    out, report = exported("lerobot", [example(0, segments=segments), example(1)])
    assert "language" in report.checked_for
    reader = Reader(out)
    assert reader.info["features"]["language_persistent"] == {"dtype": "language", "shape": (1,), "names": None}

    def active(row):
        said = [each for each in row["language_persistent"] if each["timestamp"] <= row["timestamp"] + 1e-6]
        assert all((each["role"], each["style"], each["camera"]) == ("assistant", "subtask", None) for each in said)
        return max(said, key=lambda each: each["timestamp"])["content"] if said else None

    whole = "put the yellow corn into the pot"
    assert [active(row) for row in reader.rows[:6]] == ["reach", "reach", "grasp", "grasp", whole, whole]
    assert all(row["language_persistent"] == [] for row in reader.rows[6:])


def test_without_segments_there_is_no_language_column(exported, example):
    out, report = exported("lerobot", [example(0)])
    assert "language" not in report.checked_for
    assert "language_persistent" not in pq.read_table(Reader(out).sorted("data")[0]).column_names


def test_full_files_are_followed_by_others(exported, example, shown, monkeypatch):
    monkeypatch.setattr(lerobot, "VIDEO_MEGABYTES", 0)
    monkeypatch.setattr(lerobot, "DATA_MEGABYTES", 0)
    out, report = exported("lerobot", [example(0, length=3), example(1, length=4)])
    assert report.ok
    reader = Reader(out)
    assert [row["videos/observation.images.cam_high/file_index"] for row in reader.episodes] == [0, 1]
    assert len(reader.sorted("data")) == 2
    assert_shows(reader.item(6)["observation.images.cam_high"], shown("cam_high", 3))


def test_the_high_camera_can_be_called_top(exported, example):
    out, _ = exported("lerobot", [example(0)], top=True, picture_size=(120, 160))
    keys = {key for key in Reader(out).info["features"] if "images" in key}
    assert keys == {"observation.images.top", "observation.images.cam_left_wrist", "observation.images.cam_right_wrist"}
    assert Reader(out).item(0)["observation.images.top"].shape == (120, 160, 3)


def test_pictures_can_be_left_out(exported, example):
    out, report = exported("lerobot", [example(0, cameras=())], pictures=False)
    assert report.ok
    assert not (out / "videos").exists()
    assert len(Reader(out).rows) == 6


def test_paraphrases_and_notes_are_in_the_manifest(exported, example):
    said = Annotation(paraphrases=("corn, pot",), quality=4, tags=("slow",), notes="nice", operator="Ada")
    out, _ = exported("lerobot", [example(0, annotation=said)])
    line = json.loads((out / "manifest.jsonl").read_text())
    assert (line["paraphrases"], line["quality"], line["tags"]) == (["corn, pot"], 4, ["slow"])
    assert (line["notes"], line["operator"]) == ("nice", "Ada")
