"""openvla-oft's preprocessing and its RLDS builder, written again here, agree with the export."""

import json

import h5py
import numpy as np
import pytest
from PIL import Image

from oft_demo.data.exporting import CannotExport
from oft_demo.data.exporting.planning import split
from oft_demo.types import CAMERAS


def preprocess(path):
    """As preprocess_split_aloha_data.py does with one raw ALOHA episode."""
    with h5py.File(path, "r") as root:
        assert "sim" in root.attrs
        data = {name: root[f"/observations/{name}"][()] for name in ("qpos", "qvel", "effort")}
        data["action"] = root["/action"][()]
        images = {camera: root[f"/observations/images/{camera}"][()] for camera in root["/observations/images"]}
    for camera in images:
        resized = [Image.fromarray(frame).resize((256, 256), resample=Image.BICUBIC) for frame in images[camera]]
        data[camera] = np.stack([np.array(frame) for frame in resized])
    relative = np.zeros_like(data["action"])
    relative[:-1] = data["action"][1:] - data["action"][:-1]
    relative[-1] = relative[-2]
    return data | {"relative_action": relative}


def rlds_episode(path):
    """As the builder for ALOHA reads a preprocessed episode."""
    with h5py.File(path, "r") as root:
        seen = {camera: root[f"/observations/images/{camera}"][()] for camera in (*CAMERAS, "cam_low")}
        actions, states = root["/action"][()], root["/observations/qpos"][()]
    assert all(pictures.shape == (len(actions), 256, 256, 3) for pictures in seen.values())
    return " ".join(str(path).split("/")[-3].split("_")), seen, actions, states


def test_it_is_what_the_preprocessing_of_raw_episodes_gives(exported, example):
    examples = [example(0, length=5)]
    raw, _ = exported("act", examples)
    out, report = exported("oft", examples)
    assert report.ok
    expected = preprocess(raw / "episode_0.hdf5")
    with h5py.File(out / "put_the_yellow_corn_into_the_pot/train/episode_0.hdf5", "r") as file:
        for name in ("qpos", "qvel", "effort"):
            assert np.array_equal(file[f"/observations/{name}"][()], expected[name])
        for name in ("action", "relative_action"):
            assert np.array_equal(file[f"/{name}"][()], expected[name])
        for camera in CAMERAS:
            assert np.array_equal(file[f"/observations/images/{camera}"][()], expected[camera])


def test_the_builder_reads_words_from_the_folder_and_four_cameras(exported, example):
    out, report = exported("oft", [example(0), example(1, instruction="Put the red pepper into the pot.")])
    assert "reads cam_low" in report.checked_for
    words = [rlds_episode(path)[0] for path in sorted(out.glob("*/train/*.hdf5"))]
    assert words == ["put the red pepper into the pot", "put the yellow corn into the pot"]
    assert any('becomes "put the red pepper into the pot"' in finding.sentence for finding in report.findings)


def test_the_low_camera_is_black_where_there_is_none_and_real_where_there_is(exported, example):
    out, _ = exported("oft", [example(0)])
    path = next(out.glob("*/train/*.hdf5"))
    assert not rlds_episode(path)[1]["cam_low"].any()
    out, _ = exported("oft", [example(0, cameras=(*CAMERAS, "cam_low"))])
    assert rlds_episode(next(out.glob("*/train/*.hdf5")))[1]["cam_low"].any()


def test_without_the_low_camera_the_report_says_whom_that_suits(exported, example):
    out, report = exported("oft", [example(0)], low_camera=False)
    assert report.ok
    assert "without cam_low" in report.checked_for
    with h5py.File(next(out.glob("*/train/*.hdf5")), "r") as file:
        assert sorted(file["/observations/images"]) == sorted(CAMERAS)


def test_the_split_is_by_episode_and_numbered_from_zero(exported, example):
    out, _ = exported("oft", [example(number, length=2) for number in range(5)], validation_share=0.4)
    for part, count in (("train", 3), ("val", 2)):
        folder = out / "put_the_yellow_corn_into_the_pot" / part
        assert sorted(path.name for path in folder.iterdir()) == [f"episode_{k}.hdf5" for k in range(count)]
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert [line["split"] for line in lines] == list(split(5, 0.4, 0))


def test_the_split_is_seeded_and_leaves_something_to_train_with():
    assert split(40, 0.25, 1) == split(40, 0.25, 1) != split(40, 0.25, 2)
    assert split(40, 0.25, 1).count("val") == 10
    assert split(1, 0.9, 0) == ("train",)
    assert split(3, 0, 0) == ("train",) * 3


def test_the_manifest_leads_from_every_file_to_its_episode(exported, example):
    examples = [example(number, length=2 + number) for number in range(4)]
    out, _ = exported("oft", examples, validation_share=0.5)
    for line in map(json.loads, (out / "manifest.jsonl").read_text().splitlines()):
        source = next(each for each in examples if each.name == line["episode"])
        with h5py.File(out / line["file"], "r") as file:
            assert np.array_equal(file["/action"][()], source.episode.action)


def test_one_step_is_an_episode_too(exported, example):
    out, report = exported("oft", [example(0, length=1)])
    assert report.ok
    with h5py.File(next(out.glob("*/train/*.hdf5")), "r") as file:
        assert not file["/relative_action"][()].any()


@pytest.mark.parametrize("instruction", ["", "  ", "?!"])
def test_an_episode_without_words_is_refused(exported, example, instruction):
    with pytest.raises(CannotExport, match=r"episode_1: no instruction"):
        exported("oft", [example(0), example(1, instruction=instruction)])
