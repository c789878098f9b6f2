"""Tests of taking in files of other programs: what is kept, what is said, and what is left alone."""

from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from data.hostile_making import LENGTH, SIZE, jpeg, write_good, write_jpegs

from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.data.importing import import_files, inspect, preview
from oft_demo.errors import InvalidEpisode, OftDemoError, UnknownName
from oft_demo.types import Episode, Segment, TakeEvent

RED = np.full((*SIZE, 3), (250, 10, 10), np.uint8)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "episodes")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "put_the_corn_away" / "episode_17.hdf5"
    path.parent.mkdir()
    write_good(path)
    return path


def taken_in(catalog: Catalog, *paths: Path, **how: object) -> Episode:
    imported = list(import_files(paths, catalog, **how))
    assert [each.reason for each in imported] == [None] * len(paths)
    return read_episode(catalog.path_of(imported[-1].name))


def our_episode() -> Episode:
    random = np.random.default_rng(3)
    joints = {name: random.normal(size=(5, 14)).astype(np.float32) for name in ("qpos", "qvel", "effort", "action")}
    return Episode(
        task="sorting",
        instruction="sort the fruit",
        seed=4,
        success=True,
        source="human",
        **joints,
        applied=joints["action"] + 1,
        states=random.normal(size=(5, 20)),
        valid=np.array([True, True, False, True, True]),
        score=50.0,
        images={"top": random.integers(0, 255, (5, 8, 10, 3), dtype=np.uint8)},
        sources=np.array([0, 0, 1, 1, 2], np.uint8),
        wall_times=np.arange(5) * 0.02,
        segments=(Segment(0, 3, "reach"),),
        events=(TakeEvent(2, "take_over"),),
        provenance={"operator": "ada"},
    )


def test_a_file_is_described_before_it_is_taken_in(foreign: Path):
    found = inspect(foreign)
    assert (found.length, found.control_hz, found.has_states, found.compressed) == (LENGTH, 50, False, False)
    assert found.cameras == ("cam_high", "cam_left_wrist")
    assert found.sentence == "8 steps at 50 Hz, cam_high, cam_left_wrist"


def test_a_foreign_file_is_added_with_its_motion_and_pictures(foreign: Path, catalog: Catalog):
    episode, original = taken_in(catalog, foreign, task="sorting", by="ada"), read_episode(foreign)
    for name in ("qpos", "qvel", "effort", "action", "applied", "valid"):
        assert np.array_equal(getattr(episode, name), getattr(original, name)), name
    assert all(np.array_equal(episode.images[camera], original.images[camera]) for camera in original.images)
    assert (episode.source, episode.task, episode.states.shape) == ("human", "sorting", (LENGTH, 0))


def test_the_provenance_tells_where_an_episode_came_from(foreign: Path, catalog: Catalog):
    told = taken_in(catalog, foreign, by="ada").provenance
    assert told["imported_from"] == "episode_17.hdf5"
    assert told["imported_by"] == "ada"
    assert len(told["imported_digest"]) == 64


def test_an_instruction_that_is_not_given_is_the_folders_name(foreign: Path, catalog: Catalog):
    assert taken_in(catalog, foreign).instruction == "put the corn away"


def test_the_folder_of_a_split_is_no_instruction(foreign: Path, catalog: Catalog):
    split = foreign.parent / "train" / foreign.name
    split.parent.mkdir()
    foreign.rename(split)
    assert taken_in(catalog, split).instruction == "put the corn away"


def test_the_folder_of_an_upload_is_no_instruction(foreign: Path, catalog: Catalog):
    upload = catalog.directory / ".uploads" / "Xy_3" / foreign.name
    upload.parent.mkdir(parents=True)
    foreign.rename(upload)
    assert taken_in(catalog, upload).instruction == ""


def test_a_given_instruction_is_used(foreign: Path, catalog: Catalog):
    assert taken_in(catalog, foreign, instruction=" lift  the lid ").instruction == "lift the lid"


def test_an_instruction_of_no_words_is_refused(foreign: Path, catalog: Catalog):
    with pytest.raises(OftDemoError, match="instruction is empty"):
        list(import_files([foreign], catalog, instruction=" "))


def test_missing_efforts_are_zeros(foreign: Path, catalog: Catalog):
    with h5py.File(foreign, "a") as file:
        del file["/observations/effort"]
    assert np.array_equal(taken_in(catalog, foreign).effort, np.zeros((LENGTH, 14), np.float32))


def test_a_file_of_ours_keeps_all_it_says(tmp_path: Path, catalog: Catalog):
    path, original = tmp_path / "taken.hdf5", our_episode()
    write_episode(path, original)
    assert inspect(path).sentence.endswith("top, with simulator states")
    episode = taken_in(catalog, path, swap_channels=True, task="another", by="bob")
    for name, value in vars(original).items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(getattr(episode, name), value), name
        elif name not in ("images", "provenance"):
            assert getattr(episode, name) == value, name
    assert np.array_equal(episode.images["top"], original.images["top"])
    assert episode.provenance["operator"] == "ada"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (("top", "left_wrist", "right_wrist"), {"cam_high", "cam_left_wrist", "cam_right_wrist"}),
        (("cam_high", "top"), {"cam_high", "top"}),
        (("high", "top", "angle"), {"cam_high", "top", "angle"}),
    ],
)
def test_cameras_get_the_names_that_they_have_here(
    foreign: Path, catalog: Catalog, theirs: tuple[str, ...], ours: set[str]
):
    with h5py.File(foreign, "a") as file:
        del file["/observations/images"]
        for camera in theirs:
            file[f"/observations/images/{camera}"] = np.zeros((LENGTH, *SIZE, 3), np.uint8)
    assert set(inspect(foreign).cameras) == ours
    assert set(taken_in(catalog, foreign).images) == ours


def test_channels_are_exchanged_where_a_person_says_so(foreign: Path, catalog: Catalog):
    swapped, original = taken_in(catalog, foreign, swap_channels=True), read_episode(foreign)
    assert np.array_equal(swapped.images["cam_high"], original.images["cam_high"][..., ::-1])


def test_a_preview_shows_both_orders_of_the_channels(foreign: Path):
    stored, swapped = preview(foreign, "cam_high")
    assert np.array_equal(stored, read_episode(foreign).images["cam_high"][0])
    assert np.array_equal(swapped, stored[..., ::-1])


def test_a_preview_of_a_camera_that_is_not_there_names_those_that_are(foreign: Path):
    with pytest.raises(UnknownName, match="cam_high"):
        preview(foreign, "cam_low")


def test_pictures_packed_as_jpeg_keep_the_channels_of_their_packer(tmp_path: Path, catalog: Catalog):
    path = tmp_path / "packed.hdf5"
    write_jpegs(path, dict.fromkeys(range(LENGTH), jpeg(RED)))
    assert inspect(path).compressed
    assert "look whether red is red" in inspect(path).sentence
    pictures = taken_in(catalog, path).images["cam_left_wrist"]
    assert np.abs(pictures.astype(int) - RED).max() < 12
    assert np.abs(preview(path, "cam_high")[1][0, 0].astype(int) - RED[0, 0, ::-1]).max() < 12


def test_a_packed_picture_is_not_turned_by_what_it_says_of_the_camera(tmp_path: Path, catalog: Catalog):
    upright = cv2.imencode(".jpg", RED)[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = upright[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + upright[2:]
    path = tmp_path / "packed.hdf5"
    write_jpegs(path, {3: turned})
    assert taken_in(catalog, path).images["cam_high"].shape == (LENGTH, *SIZE, 3)


@pytest.mark.parametrize(
    "packing",
    [
        {"chunks": (3, 5, 32, 2), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": (5, 24, 32, 3), "compression": "gzip"},
        {"chunks": (1, 24, 32, 3), "fletcher32": True},
        {"chunks": (2, 7, 7, 1)},
        {},
    ],
)
def test_any_plain_packing_is_read(foreign: Path, catalog: Catalog, packing: dict[str, object]):
    pictures = np.random.default_rng(5).integers(0, 255, (LENGTH, *SIZE, 3), dtype=np.uint8)
    joints = np.arange(LENGTH * 14, dtype=">f8").reshape(LENGTH, 14)
    with h5py.File(foreign, "a") as file:
        del file["/observations/images/cam_high"], file["/action"]
        file.create_dataset("/observations/images/cam_high", data=pictures, **packing)
        file.create_dataset("/action", data=joints, chunks=(3, 5), compression="gzip", shuffle=True, fletcher32=True)
    episode = taken_in(catalog, foreign)
    assert np.array_equal(episode.images["cam_high"], pictures)
    assert np.array_equal(episode.action, joints.astype(np.float32))


def test_the_same_file_is_taken_in_only_once(foreign: Path, catalog: Catalog):
    taken_in(catalog, foreign)
    copy = foreign.rename(foreign.with_name("copy.hdf5"))
    (again,) = import_files([copy], catalog)
    assert again.name is None
    assert again.reason == "copy.hdf5 is there already, as episode_0. Nothing was added."
    assert len(catalog.episodes()) == 1


def test_a_recording_is_not_taken_into_the_catalogue_that_it_lies_in(catalog: Catalog):
    path = catalog.directory / "episode_0.hdf5"
    write_episode(path, our_episode())
    (imported,) = import_files([path], catalog)
    assert "as episode_0" in (imported.reason or "")


def test_other_pictures_of_the_same_motion_are_another_episode(foreign: Path, catalog: Catalog):
    taken_in(catalog, foreign)
    with h5py.File(foreign, "a") as file:
        file["/observations/images/cam_high"][0] = 0
    taken_in(catalog, foreign)
    assert len(catalog.episodes()) == 2


def test_a_bad_file_does_not_keep_the_good_ones_out(foreign: Path, tmp_path: Path, catalog: Catalog):
    bad = tmp_path / "bad.hdf5"
    bad.write_bytes(foreign.read_bytes()[:3000])
    content = bad.read_bytes()
    results = list(import_files([bad, tmp_path / "missing.hdf5", foreign], catalog))
    assert [each.path.name for each in results] == ["bad.hdf5", "missing.hdf5", "episode_17.hdf5"]
    assert [each.name for each in results] == [None, None, "episode_0"]
    assert all("Cannot read the episode" in (each.reason or "") for each in results[:2])
    assert bad.read_bytes() == content


def test_a_file_that_goes_bad_late_leaves_nothing_behind(foreign: Path, catalog: Catalog):
    with h5py.File(foreign, "a") as file:
        file["/observations/images/cam_high"].id.write_direct_chunk((LENGTH - 1, 0, 0, 0), b"no picture")
    (imported,) = import_files([foreign], catalog)
    assert "does not unpack" in (imported.reason or "")
    assert list(catalog.directory.glob("episode*")) == []


def test_what_the_disk_refuses_is_not_said_of_the_file(foreign: Path, catalog: Catalog, monkeypatch):
    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(catalog, "add", full)
    (imported,) = import_files([foreign], catalog)
    assert imported.reason == "The disk refused it (No space left on device). Free some space and try again."


def test_numbers_that_make_no_sense_are_found_before_the_file_is_taken_in(foreign: Path):
    with h5py.File(foreign, "a") as file:
        file["/observations/qpos"][3, 2] = np.nan
    with pytest.raises(InvalidEpisode, match="not finite in qpos at step 3"):
        inspect(foreign)


def test_episodes_of_states_only_are_taken_in(tmp_path: Path, catalog: Catalog):
    path = tmp_path / "states.hdf5"
    write_episode(path, replace(our_episode(), images={}))
    assert "no cameras" in inspect(path).sentence
    assert taken_in(catalog, path).images == {}
