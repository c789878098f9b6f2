"""Tests of labels: what may be said, who is heard when two say it, and what can be taken back."""

import json
import multiprocessing
from pathlib import Path

import pytest
from catalog_people import LENGTH, fill, names_of

from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.entries import InvalidLabel, LabelConflict, Search
from oft_demo.errors import InvalidInstruction, UnknownName
from oft_demo.types import Segment


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return fill(tmp_path)


def test_all_labels_come_back_after_a_restart(catalog: Catalog):
    said = Annotation(
        instruction="put the red pepper into the pot",
        paraphrases=("pepper into pot",),
        success=True,
        stage_score=75.0,
        quality=4,
        tags=("slow", "two tries"),
        notes="slips once\nthen holds",
        segments=(Segment(0, 10, "reach"), Segment(10, LENGTH, "lift")),
        operator="Anna",
    )
    catalog.annotate("episode_1", vars(said), "anna")
    again = Catalog(catalog.directory)
    entry = again.entry("episode_1")
    assert entry.annotation == said
    assert (entry.success, entry.success_automatic) == (True, False)
    episode = again.read("episode_1", images=False)
    assert (episode.instruction, episode.success, episode.score) == (said.instruction, True, 75.0)
    assert episode.segments == said.segments
    assert episode.named_object is None  # the corn was named by the words before


def test_a_label_that_is_taken_back_leaves_what_was_recorded(catalog: Catalog):
    catalog.annotate("episode_1", {"success": True, "instruction": "dance"})
    catalog.annotate("episode_1", {"success": None, "instruction": None})
    summary = catalog.summary("episode_1")
    assert (summary.success, summary.instruction) == (False, "put the yellow corn into the pot")
    assert summary.named_object == "yellow corn"


@pytest.mark.parametrize(
    "changes",
    [
        {"quality": 6},
        {"quality": True},
        {"success": "yes"},
        {"stage_score": float("nan")},
        {"stage_score": 101},
        {"tags": ["x" * 61]},
        {"tags": "slow"},
        {"tags": [f"tag {number}" for number in range(33)]},
        {"notes": "x" * 4001},
        {"operator": "x" * 81},
        {"operator": 3},
        {"paraphrases": [""]},
        {"segments": [Segment(0, LENGTH + 1, "too long")]},
        {"segments": [Segment(0, 20, "one"), Segment(10, 30, "other")]},
        {"segments": [Segment(5, 5, "nothing")]},
        {"segments": [(0, 5)]},
        {"spans": [["../secret", 0, 5]]},
        {"state": "deleted"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_labels_that_make_no_sense_change_nothing(catalog: Catalog, changes: dict):
    with pytest.raises(InvalidLabel):
        catalog.annotate(["episode_0", "episode_1"], {"notes": "good", **changes})
    assert catalog.entry("episode_0").annotation == Annotation()
    assert catalog.history() == ()


def test_an_empty_instruction_is_refused(catalog: Catalog):
    with pytest.raises(InvalidInstruction):
        catalog.annotate("episode_0", {"instruction": " "})


def test_names_lose_what_cannot_be_seen_and_are_bounded(catalog: Catalog):
    change = catalog.annotate("episode_0", {"operator": "An\u202ena \x00\n B."}, "  mal\x1b[2Jlory ")
    assert catalog.entry("episode_0").annotation.operator == "An na B."
    assert change.by == "mal [2Jlory"
    with pytest.raises(InvalidLabel, match="by"):
        catalog.annotate("episode_0", {"quality": 1}, "x" * 81)


def test_unknown_names_change_nothing_at_all(catalog: Catalog):
    for unknown in ("episode_9", "../episode_0", "", "episode_0.hdf5", "a/b", "\0"):
        with pytest.raises(UnknownName, match="episode_0"):
            catalog.annotate(["episode_0", unknown], {"quality": 3})
    assert catalog.entry("episode_0").annotation.quality is None


def test_a_bulk_change_is_one_change(catalog: Catalog):
    names = ("episode_0", "episode_1", "episode_2")
    catalog.annotate("episode_1", {"quality": 1}, "anna")
    catalog.annotate(names, {"quality": 5}, "anna")
    assert catalog.history()[0].names == names
    undone = catalog.undo("anna")
    assert undone is not None
    assert undone.names == names
    assert [catalog.entry(name).annotation.quality for name in names] == [None, 1, None]


def test_tags_are_added_and_removed_whatever_else_an_episode_has(catalog: Catalog):
    catalog.annotate("episode_0", {"tags": ["slow"]})
    catalog.add_tags(["episode_0", "episode_1"], ["Good", "slow"])
    assert catalog.entry("episode_0").annotation.tags == ("slow", "Good")
    assert catalog.entry("episode_1").annotation.tags == ("Good", "slow")
    catalog.remove_tags(["episode_0", "episode_2"], ["GOOD"])
    assert catalog.entry("episode_0").annotation.tags == ("slow",)


def test_saying_the_same_again_is_no_change(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 3}, "anna")
    again = catalog.annotate("episode_0", {"quality": 3}, "anna")
    assert again.names == ()
    assert len(catalog.history()) == 1


def test_two_people_change_different_labels_of_an_episode(catalog: Catalog):
    seen = {"episode_0": catalog.entry("episode_0").revision}
    catalog.annotate("episode_0", {"quality": 2}, "anna", seen)
    catalog.annotate("episode_0", {"notes": "slow"}, "ben", seen)
    assert catalog.entry("episode_0").annotation == Annotation(quality=2, notes="slow")


def test_the_second_of_two_people_is_told_what_the_first_said(catalog: Catalog):
    seen = {name: catalog.entry(name).revision for name in ("episode_0", "episode_1")}
    catalog.annotate("episode_1", {"quality": 2}, "anna", seen)
    with pytest.raises(LabelConflict, match="anna changed quality of episode_1") as caught:
        catalog.annotate(["episode_0", "episode_1"], {"quality": 4, "notes": "fine"}, "ben", seen)
    assert catalog.entry("episode_0").annotation == Annotation()  # nothing is written of the rest either
    assert catalog.entry("episode_1").annotation == Annotation(quality=2)
    assert (caught.value.by, caught.value.field, caught.value.theirs) == ("anna", "quality", 2)
    catalog.annotate("episode_1", {"quality": 4}, "ben", {"episode_1": caught.value.revision})
    assert catalog.entry("episode_1").annotation.quality == 4


def test_agreeing_with_somebody_and_correcting_oneself_are_no_conflicts(catalog: Catalog):
    seen = {"episode_0": 0}
    catalog.annotate("episode_0", {"quality": 2}, "anna", seen)
    catalog.annotate("episode_0", {"quality": 2}, "ben", seen)
    catalog.annotate("episode_0", {"quality": 3}, "anna", seen)
    assert catalog.entry("episode_0").annotation.quality == 3


def test_people_without_a_name_are_not_taken_for_one(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 2}, seen={"episode_0": 0})
    with pytest.raises(LabelConflict, match="somebody"):
        catalog.annotate("episode_0", {"quality": 3}, seen={"episode_0": 0})


def test_each_person_takes_back_their_own_changes_across_restarts(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 1}, "anna")
    catalog.annotate("episode_1", {"quality": 2}, "ben")
    catalog.annotate("episode_0", {"quality": 3}, "anna")
    directory = catalog.directory
    catalog.close()
    assert [Catalog(directory).undo("anna") is not None for _ in range(3)] == [True, True, False]
    assert Catalog(directory).entry("episode_0").annotation.quality is None
    assert Catalog(directory).entry("episode_1").annotation.quality == 2
    assert [Catalog(directory).redo("anna") is not None for _ in range(3)] == [True, True, False]
    assert Catalog(directory).entry("episode_0").annotation.quality == 3
    assert [change.undone for change in Catalog(directory).history()] == [False] * 3


def test_a_new_change_ends_what_can_be_done_again(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 1}, "anna")
    catalog.undo("anna")
    catalog.annotate("episode_0", {"notes": "new"}, "anna")
    assert catalog.redo("anna") is None
    catalog.undo("anna")
    assert catalog.undo("anna") is None


def test_undoing_never_overwrites_what_somebody_else_said_since(catalog: Catalog):
    catalog.annotate(["episode_0", "episode_1"], {"quality": 1}, "anna")
    catalog.annotate("episode_1", {"quality": 5}, "ben")
    with pytest.raises(LabelConflict, match="ben changed quality of episode_1"):
        catalog.undo("anna")
    assert catalog.entry("episode_0").annotation.quality == 1
    assert not catalog.history()[1].undone


def test_one_change_of_the_log_is_taken_back_out_of_order(catalog: Catalog):
    first = catalog.annotate("episode_0", {"quality": 1}, "anna")
    catalog.annotate("episode_0", {"notes": "kept"}, "anna")
    catalog.undo("ben", first.id)
    assert catalog.entry("episode_0").annotation == Annotation(notes="kept")


def test_the_history_of_an_episode_leaves_out_the_others(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 1}, "anna")
    catalog.annotate("episode_1", {"quality": 1}, "ben")
    (change,) = catalog.history("episode_1")
    assert (change.by, change.kind, change.names) == ("ben", "label", ("episode_1",))
    assert "quality: 1" in change.sentence


def count(directory: Path, person: str, times: int) -> None:
    catalog = Catalog(directory)
    for number in range(times):
        catalog.annotate("episode_0", {"notes": f"{person} {number}"}, person)
        catalog.add_tags("episode_1", [f"{person} {number % 5}"], person)


def test_processes_that_label_at_once_lose_nothing(catalog: Catalog):
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=count, args=(catalog.directory, person, 20)) for person in ("anna", "ben")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [person.exitcode for person in people] == [0, 0]
    assert len(catalog.entry("episode_1").annotation.tags) == 10
    notes = [change for change in catalog.history(limit=100) if change.kind == "label"]
    assert len(notes) == 40
    assert names_of(catalog.search(Search(tags=("ben 4",))).entries) == ["episode_1"]


def test_labels_of_older_versions_are_taken_over_once(tmp_path: Path):
    old = {"episode_0": {"instruction": "dance", "success": True}, "episode_1": {"instruction": None, "success": None}}
    (tmp_path / "labels.json").write_text(json.dumps(old))
    catalog = fill(tmp_path)
    assert (catalog.summary("episode_0").instruction, catalog.summary("episode_0").success) == ("dance", True)
    assert [change.kind for change in catalog.history()] == ["taken over"]
    catalog.annotate("episode_0", {"success": False})
    (tmp_path / "labels.json").write_text(json.dumps({"episode_0": {"instruction": "sing", "success": True}}))
    again = Catalog(tmp_path)
    assert [summary.success for summary in again.episodes()] == [False] * 3
    assert again.summary("episode_0").instruction == "dance"
