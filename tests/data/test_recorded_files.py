"""Tests of the HDF5 files: what other programs read, what comes back, and what is refused."""

import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from oft_demo.data.durable import NameTaken
from oft_demo.data.hdf5 import layout
from oft_demo.data.hdf5.packing import pack
from oft_demo.data.hdf5.reading import read_episode, read_frame, read_frames, summarize
from oft_demo.data.hdf5.writing import write_episode, write_packed, write_progressively
from oft_demo.errors import InvalidEpisode, UnknownName
from oft_demo.types import CAMERAS, Episode, Segment, TakeEvent


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
            assert (pictures.compression, pictures.compression_opts) == ("gzip", layout.GZIP_LEVEL)
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


def told_episode() -> Episode:
    return replace(
        make_episode(),
        source="human",
        sources=np.array([0, 0, 1, 1, 2, 2], np.uint8),
        wall_times=np.linspace(0, 0.13, 6),
        segments=(Segment(0, 3, "reach"), Segment(3, 6, "greifen, größer")),
        events=(TakeEvent(2, "take_over", "from mini"), TakeEvent(6, "mark")),
        provenance={"operator": "Zoë", "device": "browser"},
    )


def test_who_acted_when_and_what_was_said_come_back(tmp_path: Path):
    write_episode(tmp_path / "a.hdf5", told_episode())
    assert_equal(read_episode(tmp_path / "a.hdf5"), told_episode())


def test_a_file_of_version_1_still_reads():
    episode = read_episode(Path(__file__).parent / "cases" / "version_1.hdf5")
    assert (episode.length, episode.seed, episode.source, episode.named_object) == (4, 7, "expert", "yellow corn")
    assert episode.valid.tolist() == [True, True, False, True]
    assert [episode.images[camera][3, 0, 0, 0] for camera in CAMERAS] == [4, 14, 24]
    assert (episode.segments, episode.events, episode.provenance) == ((), (), {})
    assert (episode.sources, episode.wall_times) == (None, None)
    assert episode.step_sources.tolist() == [2] * 4


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sources": np.full(6, 3, np.uint8)}, "3 among the sources"),
        ({"sources": np.zeros(5, np.uint8)}, "sources of shape"),
        ({"wall_times": np.full(6, np.nan)}, "wall_times"),
        ({"segments": (Segment(3, 3, "nothing"),)}, "a segment from 3 to 3"),
        ({"segments": (Segment(3, 7, "too long"),)}, "a segment from 3 to 7"),
        ({"events": (TakeEvent(7, "mark"),)}, "an event at step 7"),
    ],
)
def test_what_does_not_fit_the_steps_is_not_written(tmp_path: Path, changed: dict[str, object], reason: str):
    with pytest.raises(InvalidEpisode, match=reason):
        write_episode(tmp_path / "a.hdf5", replace(told_episode(), **changed))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "story",
    [
        b"[]",
        b"{}",
        b"no json",
        b"[" * 10_000,
        b'{"segments": [[0, 1]], "events": [], "provenance": {}}',
        b'{"segments": [[0, 1, 2]], "events": [], "provenance": {}}',
        b'{"segments": [[-1, 1, ""]], "events": [], "provenance": {}}',
        b'{"segments": [[0, 99, "past the end"]], "events": [], "provenance": {}}',
        b'{"segments": [], "events": [[0, "mark", null]], "provenance": {}}',
        b'{"segments": [], "events": [], "provenance": {"operator": 3}}',
        b'{"segments": 3, "events": [], "provenance": {}}',
        b'{"segments": ' + str([[0, 1, ""]] * 20_000).replace("'", '"').encode() + b', "events": [], "provenance": {}}',
    ],
)
def test_a_story_that_makes_no_sense_is_refused(stored: Path, story: bytes):
    spoil(stored, "/oft_demo/story", data=np.array(story))
    refused(stored, "segment|JSON")


def test_a_story_that_is_no_text_is_refused(stored: Path):
    spoil(stored, "/oft_demo/story", data=np.zeros(3))
    refused(stored, "no text")
    spoil(stored, "/oft_demo/story", data="of any length", dtype=h5py.string_dtype())
    refused(stored, "no text")
    spoil(stored, "/oft_demo/story", shape=(), dtype="S50000000")
    refused(stored, "50000000 bytes")


def test_packed_pictures_are_what_any_reader_unpacks(tmp_path: Path):
    episode = make_episode()
    packed = [{camera: pack(episode.images[camera][t]) for camera in CAMERAS} for t in range(episode.length)]
    assert list(write_packed(tmp_path / "a.hdf5", replace(episode, images={}), (24, 32), packed)) == [1, 2, 3, 4, 5, 6]
    assert_equal(read_episode(tmp_path / "a.hdf5"), episode)
    with pytest.raises(InvalidEpisode, match="5 frames"):
        list(write_packed(tmp_path / "b.hdf5", episode, (24, 32), packed[:5]))
    assert [path.name for path in tmp_path.iterdir()] == ["a.hdf5"]


def test_a_recording_is_never_overwritten(stored: Path):
    before = stored.read_bytes()
    with pytest.raises(NameTaken, match="episode_0"):
        write_episode(stored, make_episode(seed=8))
    assert stored.read_bytes() == before
    assert [path.name for path in stored.parent.iterdir()] == ["episode_0.hdf5"]


def test_a_name_that_another_writer_is_at_is_taken(tmp_path: Path):
    path = tmp_path / "episode_0.hdf5"
    first = write_progressively(path, make_episode())
    next(first)
    with pytest.raises(NameTaken):
        write_episode(path, make_episode(seed=8))
    for _ in first:
        assert not path.exists()
    assert_equal(read_episode(path), make_episode())


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(tmp_path: Path):
    path = tmp_path / "episode_0.hdf5"
    writing = write_progressively(path, make_episode())
    next(writing)
    path.write_bytes(b"somebody else's")
    with pytest.raises(NameTaken):
        list(writing)
    assert path.read_bytes() == b"somebody else's"
    assert [each.name for each in tmp_path.iterdir()] == ["episode_0.hdf5"]


def test_what_a_killed_writer_left_behind_does_not_block_its_name(tmp_path: Path):
    path = tmp_path / "episode_0.hdf5"
    (tmp_path / "episode_0.hdf5.part").write_bytes(b"half a file" * 1000)
    write_episode(path, make_episode())
    assert_equal(read_episode(path), make_episode())
    assert [each.name for each in tmp_path.iterdir()] == ["episode_0.hdf5"]
