"""Tests of trimming, splitting, merging and deleting: what is read afterwards, and that no file is touched."""

from pathlib import Path

import numpy as np
import pytest
from catalog_people import LENGTH, fill, make_episode, names_of

from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.entries import InvalidEdit, LabelConflict, Search, Span
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.errors import UnknownName
from oft_demo.types import SOURCES, Segment, TakeEvent


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return fill(tmp_path)


def listed(catalog: Catalog) -> dict[str, int]:
    return {summary.name: summary.length for summary in catalog.episodes()}


def contents(catalog: Catalog) -> list[bytes]:
    return [path.read_bytes() for path in sorted(catalog.directory.glob("*.hdf5"))]


def test_edits_leave_all_files_as_they_are(catalog: Catalog):
    before = contents(catalog)
    catalog.trim("episode_0", 5, 50)
    catalog.split("episode_1", 20)
    catalog.merge(["episode_0", "episode_2"])
    catalog.delete("episode_1_a")
    assert contents(catalog) == before
    assert listed(catalog) == {"episode_0_a": 45 + LENGTH, "episode_1_b": 40}


def test_who_looks_at_an_episode_while_somebody_splits_it_goes_on_reading(catalog: Catalog):
    before = catalog.read("episode_1").action
    catalog.split("episode_1", 20)
    assert np.array_equal(catalog.read("episode_1", replaced=True).action, before)
    with pytest.raises(UnknownName):
        catalog.read("episode_1")


def test_a_trimmed_episode_has_only_its_steps(catalog: Catalog):
    catalog.trim("episode_1", 20, 50)
    whole, part = make_episode(1), catalog.read("episode_1", images=False)
    assert np.array_equal(part.action, whole.action[20:50])
    assert np.array_equal(part.states, whole.states[20:50])
    assert part.wall_times is not None
    assert part.wall_times[0] == 0
    assert part.segments == (Segment(0, 10, "reach"), Segment(10, 30, "place"))
    assert part.events == (TakeEvent(10, "mark", "half-way"),)
    entry = catalog.entry("episode_1")
    assert (entry.summary.length, entry.summary.seconds) == (30, 0.6)
    assert entry.spans == (Span("episode_1", 20, 50),)


def test_steps_that_were_counted_before_somebody_else_trimmed_are_refused(catalog: Catalog):
    seen = {"episode_1": catalog.entry("episode_1").revision}
    catalog.trim("episode_1", 20, 50, "anna", seen)
    with pytest.raises(LabelConflict, match="anna"):
        catalog.trim("episode_1", 10, 20, "ben", seen)
    with pytest.raises(LabelConflict, match="anna"):
        catalog.split("episode_1", 10, "ben", seen)
    assert listed(catalog)["episode_1"] == 30
    assert catalog.split("episode_1", 10, "ben", {"episode_1": catalog.entry("episode_1").revision})


def test_a_second_trim_counts_from_the_first(catalog: Catalog):
    catalog.trim("episode_1", 20, 50)
    catalog.trim("episode_1", 10, 20)
    assert catalog.entry("episode_1").spans == (Span("episode_1", 30, 40),)
    catalog.undo()
    assert catalog.entry("episode_1").spans == (Span("episode_1", 20, 50),)
    catalog.untrim("episode_1")
    assert np.array_equal(catalog.read("episode_1", images=False).action, make_episode(1).action)


def test_segments_by_hand_move_with_the_steps(catalog: Catalog):
    catalog.annotate("episode_0", {"segments": [Segment(5, 15, "one"), Segment(30, 60, "two")]})
    catalog.trim("episode_0", 10, 50)
    assert catalog.entry("episode_0").annotation.segments == (Segment(0, 5, "one"), Segment(20, 40, "two"))
    first, second = catalog.split("episode_0", 30)
    assert catalog.read(second, images=False).segments == (Segment(0, 10, "two"),)
    catalog.undo()
    catalog.undo()
    assert catalog.entry("episode_0").annotation.segments == (Segment(5, 15, "one"), Segment(30, 60, "two"))
    assert listed(catalog)["episode_0"] == LENGTH
    assert first not in listed(catalog)


def test_a_trim_is_not_undone_under_segments_that_were_made_since(catalog: Catalog):
    catalog.trim("episode_0", 10, 50, "anna")
    catalog.annotate("episode_0", {"segments": [Segment(0, 40, "all of it")]}, "ben")
    with pytest.raises(LabelConflict, match="segments"):
        catalog.undo("anna")
    assert listed(catalog)["episode_0"] == 40


def test_segments_for_steps_before_a_trim_are_a_conflict(catalog: Catalog):
    seen = {"episode_0": catalog.entry("episode_0").revision}
    catalog.trim("episode_0", 10, 50, "anna")
    with pytest.raises(LabelConflict, match="anna changed the steps"):
        catalog.annotate("episode_0", {"segments": [Segment(0, 20, "reach")]}, "ben", seen)
    with pytest.raises(LabelConflict, match="anna changed the steps"):
        catalog.trim("episode_0", 5, 30, "ben", seen)


@pytest.mark.parametrize(("start", "stop"), [(-1, 10), (10, 10), (20, 10), (0, LENGTH + 1), (5, 6)])
def test_impossible_trims_are_refused(catalog: Catalog, start: int, stop: int):
    with pytest.raises(InvalidEdit, match=f"{LENGTH} steps"):
        catalog.trim("episode_0", start, stop)


def test_both_parts_of_a_split_have_the_labels_of_the_whole(catalog: Catalog):
    catalog.annotate("episode_1", {"quality": 4, "tags": ["slow"], "success": True})
    parts = catalog.split("episode_1", 20)
    assert parts == ("episode_1_a", "episode_1_b")
    assert listed(catalog) == {"episode_0": LENGTH, "episode_1_a": 20, "episode_1_b": 40, "episode_2": LENGTH}
    for name in parts:
        assert catalog.entry(name).annotation.tags == ("slow",)
        assert catalog.summary(name).success
        assert catalog.path_of(name) == catalog.directory / "episode_1.hdf5"
    with pytest.raises(UnknownName):
        catalog.read("episode_1")
    with pytest.raises(InvalidEdit):
        catalog.split("episode_0", LENGTH)


def test_names_of_parts_are_never_used_twice(catalog: Catalog):
    catalog.split("episode_1", 20)
    catalog.undo()
    assert catalog.split("episode_1", 30) == ("episode_1_c", "episode_1_d")


def test_parts_that_somebody_else_labelled_do_not_vanish(catalog: Catalog):
    first, _ = catalog.split("episode_1", 20, "anna")
    catalog.annotate(first, {"quality": 4}, "ben")
    with pytest.raises(LabelConflict, match="ben changed quality"):
        catalog.undo("anna")


def test_merged_episodes_are_one_behind_the_other(catalog: Catalog):
    catalog.annotate("episode_0", {"tags": ["one"], "notes": "first", "quality": 2})
    catalog.annotate("episode_2", {"tags": ["two"], "success": True, "quality": 2})
    name = catalog.merge(["episode_0", "episode_2"])
    episode = catalog.read(name, images=False)
    assert np.array_equal(episode.action, np.concatenate([make_episode(0).action, make_episode(2).action]))
    assert episode.wall_times is not None
    assert np.all(np.diff(episode.wall_times) > 0)
    assert [segment.text for segment in episode.segments] == ["reach", "place", "reach", "place"]
    assert [event.step for event in episode.events] == [LENGTH // 2, LENGTH + LENGTH // 2]
    said = catalog.entry(name).annotation
    assert (said.tags, said.notes, said.success, said.quality) == (("one", "two"), "first", True, 2)
    assert set(listed(catalog)) == {name, "episode_1"}
    catalog.undo()
    assert set(listed(catalog)) == {"episode_0", "episode_1", "episode_2"}


def test_different_instructions_become_segments_of_a_merged_episode(tmp_path: Path):
    catalog = fill(tmp_path, 2, segments=())
    catalog.annotate("episode_1", {"instruction": "dance"})
    episode = catalog.read(catalog.merge(["episode_0", "episode_1"]), images=False)
    assert episode.segments == (
        Segment(0, LENGTH, "put the yellow corn into the pot"),
        Segment(LENGTH, 2 * LENGTH, "dance"),
    )


def test_a_person_in_one_part_is_a_source_of_the_whole(tmp_path: Path):
    catalog = fill(tmp_path, 1)
    sources = np.full(LENGTH, SOURCES.index("human"), np.uint8)
    write_episode(tmp_path / "episode_1.hdf5", make_episode(1, source="human", sources=sources))
    entry = catalog.entry(catalog.merge(["episode_0", "episode_1"]))
    assert entry.sources == {"policy", "human"}
    assert entry.summary.source == "human"


def test_only_episodes_that_are_alike_are_merged(catalog: Catalog):
    write_episode(catalog.next_path(), make_episode(9, task="transfer_cube"))
    for names in (["episode_0", "episode_3"], ["episode_0"], []):
        with pytest.raises(InvalidEdit):
            catalog.merge(names)
    assert len(listed(catalog)) == 4


def test_pictures_are_read_across_files(tmp_path: Path):
    def frames(first: int):
        for step in range(LENGTH):
            yield {"cam_high": np.full((8, 8, 3), first + step, np.uint8)}

    for number in range(2):
        write_episode(tmp_path / f"episode_{number}.hdf5", make_episode(number), frames(100 * number))
    catalog = Catalog(tmp_path)
    catalog.trim("episode_0", 0, 30)
    name = catalog.merge(["episode_0", "episode_1"])
    assert catalog.frames(name, "cam_high", 28, 33)[:, 0, 0, 0].tolist() == [28, 29, 100, 101, 102]
    assert catalog.frames(name, "cam_high", 200, 201).shape == (0, 8, 8, 3)
    assert catalog.read(name).images["cam_high"].shape[0] == 30 + LENGTH
    with pytest.raises(UnknownName, match="cam_high"):
        catalog.frames(name, "cam_low", 0, 1)


def test_deleting_is_undone_across_restarts(catalog: Catalog):
    catalog.delete(["episode_0", "episode_2"], "anna")
    catalog.close()
    again = Catalog(catalog.directory)
    assert list(listed(again)) == ["episode_1"]
    assert set(names_of(again.search(Search(deleted=True)).entries)) == {"episode_0", "episode_2"}
    assert again.entry("episode_0").deleted
    again.undo("anna")
    assert len(listed(again)) == 3
    again.delete("episode_1")
    again.restore(["episode_1"])
    assert len(listed(again)) == 3


def test_emptying_the_bin_moves_files_that_nothing_else_needs(catalog: Catalog):
    first, second = catalog.split("episode_1", 20)
    catalog.delete([first, "episode_0"], "anna")
    assert catalog.empty_trash("anna") == ("episode_0",)
    assert sorted(path.name for path in (catalog.directory / ".trash").iterdir()) == ["episode_0.hdf5.0"]
    assert set(listed(catalog)) == {second, "episode_2"}
    catalog.delete([second], "anna")
    assert catalog.empty_trash("anna") == ("episode_1",)
    with pytest.raises(InvalidEdit, match=r"\.trash"):
        catalog.undo("anna")
    assert listed(catalog) == {"episode_2": LENGTH}


def test_hints_are_those_of_the_part_that_is_left(tmp_path: Path):
    episode = make_episode(0, length=200)
    episode.qpos[:100], episode.action[:100] = episode.qpos[0], episode.action[0]
    write_episode(tmp_path / "episode_0.hdf5", episode)
    catalog = Catalog(tmp_path)
    assert "idle start" in {hint.kind for hint in catalog.entry("episode_0").hints}
    catalog.trim("episode_0", 100, 200)
    assert "idle start" not in {hint.kind for hint in catalog.entry("episode_0").hints}
    assert catalog.search(Search(hint="idle start")).total == 0
