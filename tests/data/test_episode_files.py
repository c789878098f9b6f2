"""Tests of the HDF5 files: what other programs read, what comes back, and what is refused."""

import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from oft_demo.data import layout
from oft_demo.data.reading import read_episode, read_frame, read_frames, summarize
from oft_demo.data.writing import write_episode
from oft_demo.errors import InvalidEpisode, UnknownName
from oft_demo.types import CAMERAS, Episode


def make_episode(length: int = 6, pictures: bool = True, seed: int = 7) -> Episode:
    random = np.random.default_rng(seed)

    def joints() -> np.ndarray:
        return random.normal(size=(length, 14)).astype(np.float32)

    images = {camera: random.integers(0, 255, (length, 24, 32, 3), dtype=np.uint8) for camera in CAMERAS}
    return Episode(
        task="put_x_into_pot",
        instruction="put the yellow corn into the pot",
        seed=seed,
        success=True,
        source="expert",
        qpos=joints(),
        qvel=joints(),
        effort=joints(),
        action=joints(),
        applied=joints(),
        states=random.normal(size=(length, 40)),
        valid=random.random(length) < 0.5,
        score=100.0,
        named_object="yellow corn",
        render_fingerprint="software, no shadows",
        images=images if pictures else {},
    )


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "episode_0.hdf5"
    write_episode(path, make_episode())
    return path


def assert_equal(left: Episode, right: Episode) -> None:
    for name, value in vars(left).items():
        other = getattr(right, name)
        if name == "images":
            assert value.keys() == other.keys()
            assert all(np.array_equal(value[camera], other[camera]) for camera in value)
        elif isinstance(value, np.ndarray):
            assert value.dtype == other.dtype, name
            assert np.array_equal(value, other), name
        else:
            assert value == other, name


def test_an_episode_comes_back_as_it_was(stored: Path):
    assert_equal(read_episode(stored), make_episode())


def test_pictures_are_read_only_when_asked_for(stored: Path):
    assert read_episode(stored, images=False).images == {}


def test_an_episode_of_states_only_comes_back(tmp_path: Path):
    path = tmp_path / "episode_0.hdf5"
    write_episode(path, make_episode(pictures=False))
    assert_equal(read_episode(path), make_episode(pictures=False))
    assert not summarize(path).has_pictures


def test_the_file_has_the_layout_that_act_and_openvla_oft_read(stored: Path):
    with h5py.File(stored, "r") as file:
        assert type(file.attrs["sim"]) is np.bool_
        assert file.attrs["sim"]
        assert "compress" not in file.attrs
        for name in ("qpos", "qvel", "effort"):
            assert file[f"/observations/{name}"].shape == (6, 14)
            assert file[f"/observations/{name}"].dtype == np.float32
        assert file["/action"].dtype == np.float32
        assert sorted(file["/observations/images"]) == sorted(CAMERAS)
        for camera in CAMERAS:
            pictures = file[f"/observations/images/{camera}"]
            assert (pictures.dtype, pictures.shape, pictures.chunks) == (np.uint8, (6, 24, 32, 3), (1, 24, 32, 3))
            assert (pictures.compression, pictures.compression_opts) == ("gzip", 1)
        assert sorted(file) == ["action", "observations", "oft_demo"]


def test_frames_can_be_given_one_step_at_a_time(tmp_path: Path):
    episode = make_episode()
    frames = ({camera: episode.images[camera][t] for camera in CAMERAS} for t in range(episode.length))
    write_episode(tmp_path / "a.hdf5", replace(episode, images={}), frames)
    assert_equal(read_episode(tmp_path / "a.hdf5"), episode)


def test_a_missing_frame_leaves_no_file(tmp_path: Path):
    episode = make_episode()
    frames = ({camera: episode.images[camera][t] for camera in CAMERAS} for t in range(4))
    with pytest.raises(InvalidEpisode, match="4 frames"):
        write_episode(tmp_path / "a.hdf5", episode, frames)
    assert list(tmp_path.iterdir()) == []


def test_a_summary_says_what_a_list_shows(stored: Path):
    summary = summarize(stored)
    assert (summary.name, summary.length, summary.seconds) == ("episode_0", 6, 0.12)
    assert (summary.task, summary.named_object, summary.seed) == ("put_x_into_pot", "yellow corn", 7)
    assert (summary.success, summary.score, summary.source) == (True, 100.0, "expert")
    assert summary.has_pictures
    assert summary.size_bytes == stored.stat().st_size


def test_single_frames_can_be_played_back(stored: Path):
    episode = make_episode()
    assert np.array_equal(read_frame(stored, "cam_high", 3), episode.images["cam_high"][3])
    assert np.array_equal(read_frames(stored, "cam_high", 2, 5), episode.images["cam_high"][2:5])
    with pytest.raises(UnknownName, match="cam_left_wrist"):
        read_frame(stored, "cam_low", 0)
    with pytest.raises(InvalidEpisode, match="no frame 6"):
        read_frame(stored, "cam_high", 6)


def test_a_file_of_another_program_is_read_with_what_it_has(stored: Path):
    with h5py.File(stored, "a") as file:
        del file["oft_demo"]
        del file["/observations/effort"]
    episode = read_episode(stored)
    assert (episode.task, episode.instruction, episode.source) == ("", "", "human")
    assert episode.states.shape == (6, 0)
    assert np.array_equal(episode.applied, episode.action)
    assert episode.valid.all()
    assert not episode.effort.any()


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path):
    action = make_episode().action.copy()
    action[2, 5] = np.inf
    with pytest.raises(InvalidEpisode, match="not finite in action at step 2"):
        write_episode(tmp_path / "a.hdf5", replace(make_episode(), action=action))
    with pytest.raises(InvalidEpisode, match="qvel of shape"):
        write_episode(tmp_path / "a.hdf5", replace(make_episode(), qvel=action[:3]))
    assert list(tmp_path.iterdir()) == []


def spoil(path: Path, where: str, **dataset: object) -> None:
    with h5py.File(path, "a") as file:
        del file[where]
        file.create_dataset(where, **dataset)


def refused(path: Path, reason: str) -> None:
    with pytest.raises(InvalidEpisode, match=reason):
        read_episode(path)


def test_a_truncated_file_is_refused(stored: Path):
    os.truncate(stored, stored.stat().st_size // 2)
    refused(stored, "damaged")


def test_a_file_that_is_not_hdf5_is_refused(tmp_path: Path):
    path = tmp_path / "episode_0.hdf5"
    path.write_bytes(b"not an episode" * 100)
    refused(path, "not HDF5")
    refused(tmp_path / "missing.hdf5", "no such file")


@pytest.mark.parametrize(
    ("where", "dataset", "reason"),
    [
        ("/action", {"data": np.zeros((6, 14), np.int64)}, "/action of type int64"),
        ("/action", {"data": np.zeros((6, 13), np.float32)}, "shape .6, 13.*any x 14"),
        ("/action", {"data": np.zeros(14, np.float32)}, "shape .14,"),
        ("/observations/qvel", {"data": np.zeros((5, 14), np.float32)}, "5 rows of qvel"),
        ("/observations/qpos", {"data": np.full((6, 14), np.nan, np.float32)}, "not finite in qpos"),
        ("/observations/images/cam_high", {"data": np.zeros((6, 24, 32, 3), np.float32)}, "cam_high of type float32"),
        ("/observations/images/cam_high", {"data": np.zeros((6, 500), np.uint8)}, "cam_high of shape"),
        ("/observations/images/cam_high", {"data": np.zeros((5, 24, 32, 3), np.uint8)}, "5 rows of cam_high"),
        ("/oft_demo/valid", {"data": np.zeros(6, np.int8)}, "valid of type int8"),
        ("/oft_demo/states", {"data": np.full((6, 3), np.inf)}, "not finite in states"),
    ],
)
def test_a_wrong_array_is_refused(stored: Path, where: str, dataset: dict[str, object], reason: str):
    spoil(stored, where, **dataset)
    refused(stored, reason)


def test_declared_sizes_that_are_not_stored_are_refused(stored: Path):
    spoil(stored, "/action", shape=(90_000, 14), dtype=np.float32)
    refused(stored, "0 stored")
    spoil(stored, "/action", shape=(2**40, 14), dtype=np.float32, chunks=(1, 14))
    refused(stored, "at most")
    spoil(stored, "/action", data=make_episode().action)
    chunks = {"chunks": (1, 480, 640, 3), "compression": "gzip"}
    spoil(stored, "/observations/images/cam_high", shape=(90_000, 480, 640, 3), dtype=np.uint8, **chunks)
    refused(stored, "0 stored")


@pytest.mark.parametrize(
    "link", [h5py.ExternalLink("/etc/passwd", "/action"), h5py.SoftLink("/observations/qpos"), h5py.SoftLink("/action")]
)
@pytest.mark.parametrize("where", ["/action", "/oft_demo", "/observations", "/observations/images/cam_high"])
def test_links_are_refused(stored: Path, link: object, where: str):
    with h5py.File(stored, "a") as file:
        del file[where]
        file[where] = link
    refused(stored, "a link at")


def test_data_in_other_files_is_refused(stored: Path, tmp_path: Path):
    (tmp_path / "secret").write_bytes(bytes(6 * 14 * 4))
    with h5py.File(stored, "a") as file:
        del file["/action"]
        file.create_dataset("/action", (6, 14), np.float32, external=[(tmp_path / "secret", 0, 6 * 14 * 4)])
    refused(stored, "another file")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("complete", np.bool_(False), "unfinished"),
        ("version", layout.FORMAT_VERSION + 1, "update"),
        ("source", "robot", "policy or human or expert"),
        ("control_hz", 0, "control_hz"),
        ("seed", "seven", "seed"),
        ("score", np.nan, "score"),
        ("task", np.arange(3), "a list"),
        ("instruction", "x" * 20_000, "instruction"),
    ],
)
def test_a_wrong_label_is_refused(stored: Path, name: str, value: object, reason: str):
    with h5py.File(stored, "a") as file:
        file["oft_demo"].attrs[name] = value
    refused(stored, reason)


def test_pictures_packed_as_jpeg_are_refused(stored: Path):
    with h5py.File(stored, "a") as file:
        file.attrs["compress"] = True
    refused(stored, "JPEG")
