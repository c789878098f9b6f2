"""ACT reads the export: its own way of stacking, sampling and padding, written again here."""

import json

import h5py
import numpy as np
import pytest
import torch

from oft_demo.data.exporting import CannotExport, validate
from oft_demo.types import CAMERAS


def norm_stats(directory, episodes):
    """As ACT's get_norm_stats: all episodes stacked, so all of one length."""
    joints, actions = [], []
    for number in range(episodes):
        with h5py.File(directory / f"episode_{number}.hdf5", "r") as root:
            joints.append(torch.from_numpy(root["/observations/qpos"][()]))
            root["/observations/qvel"][()]
            actions.append(torch.from_numpy(root["/action"][()]))
    actions, joints = torch.stack(actions), torch.stack(joints)
    return actions.mean(dim=[0, 1]), actions.std(dim=[0, 1]), joints.mean(dim=[0, 1]), joints.std(dim=[0, 1])


def sample(directory, number, start):
    """As EpisodicDataset.__getitem__ with a fixed start."""
    with h5py.File(directory / f"episode_{number}.hdf5", "r") as root:
        length = root["/action"].shape[0]
        images = np.stack([root[f"/observations/images/{camera}"][start] for camera in CAMERAS])
        first = start if root.attrs["sim"] else max(0, start - 1)
        action = root["/action"][first:]
        qpos = root["/observations/qpos"][start]
    padded = np.zeros((length, 14), np.float32)
    padded[: len(action)] = action
    image_data = torch.einsum("k h w c -> k c h w", torch.from_numpy(images)) / 255.0
    return image_data, torch.from_numpy(qpos), torch.from_numpy(padded), length - len(action)


def test_act_stacks_and_samples_what_was_recorded(exported, example, shown):
    examples = [example(0, length=4), example(1, length=7), example(2, length=6)]
    out, report = exported("act", examples)
    assert report.ok
    assert "ACT" in report.checked_for
    mean, *_ = norm_stats(out, 3)
    assert mean.shape == (14,)
    for number, start in [(0, 0), (1, 6), (2, 3)]:
        images, qpos, action, padding = sample(out, number, start)
        assert images.shape == (3, 3, 480, 640)
        episode = examples[number].episode
        assert np.array_equal((images[1] * 255).round().numpy(), shown("cam_left_wrist", start).transpose(2, 0, 1))
        assert np.array_equal(qpos, episode.qpos[start])
        assert np.array_equal(action[: episode.length - start], episode.action[start:])
        assert padding == start


def test_shorter_episodes_hold_their_last_moment(exported, example, shown):
    out, _ = exported("act", [example(0, length=3), example(1, length=8)])
    episode = example(0, length=3).episode
    with h5py.File(out / "episode_0.hdf5", "r") as file:
        assert np.array_equal(file["/action"][3:], np.repeat(episode.action[-1:], 5, axis=0))
        assert np.array_equal(file["/observations/qpos"][3:], np.repeat(episode.qpos[-1:], 5, axis=0))
        assert not file["/observations/qvel"][3:].any()
        assert np.array_equal(file["/observations/images/cam_high"][7], shown("cam_high", 2))
    line = json.loads((out / "manifest.jsonl").read_text().splitlines()[0])
    assert (line["file"], line["length"], line["padded"]) == ("episode_0.hdf5", 3, 5)


def test_the_length_can_be_chosen_but_nothing_is_cut_off(exported, example):
    out, _ = exported("act", [example(0, length=3)], length=5)
    with h5py.File(out / "episode_0.hdf5", "r") as file:
        assert len(file["/action"]) == 5
    with pytest.raises(CannotExport, match="episode_0: more than 2 steps"):
        exported("act", [example(0, length=3)], length=2)


def test_the_files_are_plain(exported, example):
    out, _ = exported("act", [example(0)])
    with h5py.File(out / "episode_0.hdf5", "r") as file:
        assert sorted(file) == ["action", "observations"]
        assert type(file.attrs["sim"]) is np.bool_
        assert "compress" not in file.attrs
        assert sorted(file["/observations/images"]) == sorted(CAMERAS)
        pictures = file["/observations/images/cam_high"]
        assert (pictures.chunks, pictures.compression, pictures.compression_opts) == ((1, 480, 640, 3), "gzip", 1)
        assert {file[f"/observations/{name}"].dtype for name in ("qpos", "qvel", "effort")} == {np.dtype(np.float32)}
    assert sorted(path.name for path in out.iterdir()) == ["episode_0.hdf5", "manifest.jsonl"]


def test_half_the_rate_keeps_every_second_step(exported, example, shown):
    out, report = exported("act", [example(0, length=7)], hz=25)
    assert report.ok
    with h5py.File(out / "episode_0.hdf5", "r") as file:
        assert np.array_equal(file["/action"][()], example(0, length=7).episode.action[::2])
        assert np.array_equal(file["/observations/images/cam_high"][3], shown("cam_high", 6))


def test_a_rate_that_does_not_divide_the_recorded_one_is_refused(exported, example):
    with pytest.raises(CannotExport, match="30 Hz; expected 50 Hz as recorded"):
        exported("act", [example(0)], hz=30)


def test_other_cameras_are_left_out_and_missing_ones_refused(exported, example):
    out, _ = exported("act", [example(0, cameras=(*CAMERAS, "cam_low"))])
    with h5py.File(out / "episode_0.hdf5", "r") as file:
        assert "cam_low" not in file["/observations/images"]
    with pytest.raises(CannotExport, match="episode_3: no pictures of cam_high"):
        exported("act", [example(0), example(3, cameras=("cam_high",))])


def test_small_pictures_are_enlarged_and_said_to_be(exported, example):
    out, report = exported("act", [example(0, size=(240, 320))])
    assert report.ok
    assert any("320x240 were enlarged to 640x480" in str(finding) for finding in report.findings)
    assert validate("act", out).ok


def test_failures_and_disturbances_are_mentioned(exported, example):
    valid = np.array([True] * 4 + [False] * 2)
    _, report = exported("act", [example(0, success=False, valid=valid)])
    said = "\n".join(map(str, report.findings))
    assert "labelled as a failure" in said
    assert "2 steps were driven by a disturbance" in said
