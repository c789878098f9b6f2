"""Tests of a directory of episodes."""

import threading
from pathlib import Path

import numpy as np
import pytest

from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.errors import InvalidData, InvalidInstruction, UnknownName
from oft_demo.types import Episode


def make_episode(seed: int = 0, length: int = 4) -> Episode:
    joints = np.full((length, 14), seed, np.float32)
    return Episode(
        task="put_x_into_pot",
        instruction="put the corn into the pot",
        seed=seed,
        success=False,
        source="policy",
        qpos=joints,
        qvel=joints,
        effort=joints,
        action=joints,
        applied=joints,
        states=np.zeros((length, 5)),
        valid=np.ones(length, np.bool_),
        named_object="yellow corn",
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    for number in (0, 1, 10, 2):
        write_episode(tmp_path / f"episode_{number}.hdf5", make_episode(seed=number))
    return Catalog(tmp_path)


def test_episodes_are_listed_by_number(catalog: Catalog):
    assert [summary.name for summary in catalog.episodes()] == ["episode_0", "episode_1", "episode_2", "episode_10"]


def test_a_directory_that_does_not_exist_is_empty(tmp_path: Path):
    catalog = Catalog(tmp_path / "later")
    assert catalog.episodes() == ()
    assert catalog.next_path() == tmp_path / "later" / "episode_0.hdf5"


def test_damaged_files_are_listed_apart_with_the_reason(catalog: Catalog):
    (catalog.directory / "episode_3.hdf5").write_bytes(b"nothing")
    assert len(catalog.episodes()) == 4
    (damaged,) = catalog.damaged()
    assert damaged.name == "episode_3"
    assert "not HDF5" in damaged.reason


def test_unfinished_files_are_never_read(catalog: Catalog):
    (catalog.directory / "episode_3.hdf5.part").write_bytes(b"half")
    assert len(catalog.episodes()) == 4
    assert catalog.damaged() == ()


@pytest.mark.parametrize(
    "name", ["../episode_0", "/etc/passwd", "episode_0.hdf5", "", ".", "episode_7", "sub/episode_0"]
)
def test_only_listed_names_lead_to_a_file(catalog: Catalog, name: str):
    with pytest.raises(UnknownName, match="episode_0"):
        catalog.path_of(name)


def test_links_out_of_the_directory_are_not_episodes(catalog: Catalog):
    (catalog.directory / "episode_5.hdf5").symlink_to(catalog.directory / "episode_0.hdf5")
    with pytest.raises(UnknownName):
        catalog.path_of("episode_5")


def test_the_next_path_is_the_first_free_number(catalog: Catalog):
    assert catalog.next_path().name == "episode_3.hdf5"


def test_relabelling_leaves_the_recording_as_it_is(catalog: Catalog):
    path = catalog.path_of("episode_1")
    before = path.read_bytes()
    summary = catalog.relabel("episode_1", instruction="  put the red pepper  into the pot", success=True)
    assert (summary.instruction, summary.success) == ("put the red pepper into the pot", True)
    assert summary.named_object is None
    assert path.read_bytes() == before
    again = Catalog(catalog.directory)
    assert again.episodes()[1] == summary
    assert again.read("episode_1").instruction == summary.instruction
    assert again.episodes()[0].named_object == "yellow corn"


def test_relabelling_one_thing_keeps_the_other(catalog: Catalog):
    catalog.relabel("episode_1", success=True)
    summary = catalog.relabel("episode_1", instruction="put the corn into the pot")
    assert summary.success
    assert summary.named_object == "yellow corn"
    with pytest.raises(InvalidInstruction):
        catalog.relabel("episode_1", instruction=" ")


def test_damaged_labels_are_said_aloud(catalog: Catalog):
    (catalog.directory / "labels.json").write_text('{"episode_0": {"success": "perhaps"}}')
    with pytest.raises(InvalidData, match=r"labels\.json"):
        catalog.episodes()


def test_deleted_episodes_keep_their_files_and_numbers(catalog: Catalog):
    catalog.relabel("episode_1", success=True)
    catalog.delete("episode_1")
    assert [summary.name for summary in catalog.episodes()] == ["episode_0", "episode_2", "episode_10"]
    assert (catalog.directory / "episode_1.hdf5").exists()
    assert catalog.next_path().stem == "episode_3"
    catalog.restore("episode_1")
    assert catalog.summary("episode_1").success


def test_the_trash_keeps_all_files_of_a_name(catalog: Catalog):
    for seed in range(2):
        catalog.delete("episode_1")
        assert catalog.empty_trash() == ("episode_1",)
        write_episode(catalog.next_path(), make_episode(seed=20 + seed))
    assert len(list((catalog.directory / ".trash").iterdir())) == 2
    assert not list((catalog.directory / ".trash").glob("*.hdf5"))
    assert catalog.summary("episode_1").seed == 21


def test_episodes_added_at_the_same_time_get_different_numbers(catalog: Catalog):
    first, second = catalog.add(make_episode(seed=100)), catalog.add(make_episode(seed=101), pictures(4))
    assert next(second) == 1
    assert list(first) == []
    assert list(second) == [2, 3, 4]
    assert [catalog.summary(f"episode_{number}").seed for number in (3, 4)] == [101, 100]


def pictures(count: int):
    for _ in range(count):
        yield {"cam_high": np.zeros((8, 8, 3), np.uint8)}


def test_threads_relabel_without_losing_labels(catalog: Catalog):
    threads = [
        threading.Thread(target=catalog.relabel, args=(name,), kwargs={"success": True})
        for name in ("episode_0", "episode_1", "episode_2", "episode_10")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(summary.success for summary in catalog.episodes())
