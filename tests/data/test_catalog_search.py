"""Tests of finding episodes: words, filters, order, pages, and figures of all of them."""

import os
from pathlib import Path

import numpy as np
import pytest
from catalog_people import LENGTH, fill, make_episode, names_of

from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.entries import Search
from oft_demo.data.catalog.synthetic import fill_index
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.types import SOURCES, Segment


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Four episodes, the latest first: 0, 1, 2, 3."""
    mixed = np.full(40, SOURCES.index("policy"), np.uint8)
    mixed[20:] = SOURCES.index("human")
    episodes = (
        make_episode(0, success=True, source="expert", provenance={"operator": "Anna", "recovered": "yes"}),
        make_episode(1, length=40, source="human", sources=mixed, segments=(Segment(0, 40, "wave to the crowd"),)),
        make_episode(2, length=50, task="transfer_cube", instruction="hand over the cube"),
        make_episode(3, length=30, instruction="move the Açaí into the bowl", named_object=None),
    )
    for number, episode in enumerate(episodes):
        write_episode(tmp_path / f"episode_{number}.hdf5", episode)
        os.utime(tmp_path / f"episode_{number}.hdf5", (1000 - number, 1000 - number))
    catalog = Catalog(tmp_path)
    catalog.annotate("episode_1", {"tags": ["slow", "two tries"], "quality": 2, "notes": "drops it, twice"}, "Anna")
    catalog.annotate("episode_2", {"tags": ["Slow"], "quality": 5, "success": True, "operator": "Ben"}, "Anna")
    return catalog


def found(catalog: Catalog, **wanted) -> list[str]:
    return [name.removeprefix("episode_") for name in names_of(catalog.search(Search(**wanted)).entries)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("into", "013"),  # which is in the name of the task as well
        ("INTO corn", "0"),  # no longer what episode_1 is about
        ("cro", "1"),
        ("twic drop", "1"),
        ("two tri", "1"),
        ("acai", "3"),
        ("anna", "0"),
        ("ben", "2"),
        ("transfer_cube", "2"),
        ("episode_3", "3"),
        ("nothing of the kind", ""),
        ('" OR "into', ""),
        ("into* NOT corn", ""),
        ("-", ""),
        ("  ", "0123"),
        ("x" * 100_000, ""),
        ("into " * 10_000, "013"),
    ],
    ids=lambda value: value[:20],
)
def test_every_word_begins_a_word_of_what_is_found(catalog: Catalog, text: str, names: str):
    catalog.annotate("episode_1", {"instruction": "salute"})
    assert found(catalog, text=text) == list(names)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "0123"),
        ({"task": "transfer_cube"}, "2"),
        ({"instruction": "put the yellow corn into the pot"}, "01"),
        ({"success": True}, "02"),
        ({"success": False}, "13"),
        ({"source": "policy"}, "123"),
        ({"source": "human"}, "1"),
        ({"tags": ("slow",)}, "12"),
        ({"tags": ("SLOW", "two tries")}, "1"),
        ({"quality_at_least": 3}, "2"),
        ({"operator": "Anna"}, "0"),
        ({"operator": "Ben"}, "2"),
        ({"recovered": True}, "0"),
        ({"recovered": False}, "123"),
        ({"deleted": True}, ""),
        ({"text": "anna", "success": True}, "0"),
        ({"text": "slow", "tags": ("slow",), "quality_at_least": 2}, "12"),
        ({"hint": "no such hint"}, ""),
    ],
    ids=str,
)
def test_filters_leave_what_fulfils_all_of_them(catalog: Catalog, wanted: dict, names: str):
    assert found(catalog, **wanted) == list(names)


@pytest.mark.parametrize(
    ("order", "names"), [("newest", "0123"), ("oldest", "3210"), ("longest", "0213"), ("shortest", "3120")]
)
def test_what_is_found_is_sorted(catalog: Catalog, order, names: str):
    assert found(catalog, order=order) == list(names)
    assert found(catalog, order=order, text="episode") == list(names)


def test_a_page_says_how_many_there_are(catalog: Catalog):
    page = catalog.search(Search(offset=1, limit=2))
    assert (names_of(page.entries), page.total) == (["episode_1", "episode_2"], 4)
    assert catalog.search(Search(offset=9)).entries == ()
    assert catalog.search(Search(text="into", limit=1)).total == 3


def test_what_changes_is_found_by_its_new_words_only(catalog: Catalog):
    catalog.annotate("episode_1", {"notes": "juggles", "tags": []})
    assert found(catalog, text="juggl") == ["1"]
    assert found(catalog, text="twice") == found(catalog, text="two tries") == []
    catalog.undo()
    assert found(catalog, text="twice") == ["1"]


def test_the_bin_is_searched_apart(catalog: Catalog):
    catalog.delete("episode_0")
    assert found(catalog, text="into") == ["1", "3"]
    assert found(catalog, text="into", deleted=True) == ["0"]


def test_the_most_hints_come_first(tmp_path: Path):
    catalog = fill(tmp_path, 2)
    bad = make_episode(5, length=200)
    bad.action[:] = bad.action[0]
    bad.qpos[:] = bad.qpos[0]
    write_episode(tmp_path / "episode_2.hdf5", bad)
    assert found(catalog, order="worst")[0] == "2"
    assert found(catalog, hint="gripper never closed") == ["2"]


def test_unusual_lengths_are_told_by_the_others_of_the_task(tmp_path: Path):
    for number in range(12):
        write_episode(tmp_path / f"episode_{number}.hdf5", make_episode(number, length=LENGTH + number % 3))
    write_episode(tmp_path / "episode_12.hdf5", make_episode(12, length=5 * LENGTH))
    write_episode(tmp_path / "episode_13.hdf5", make_episode(13, length=5 * LENGTH, task="transfer_cube"))
    catalog = Catalog(tmp_path)
    assert found(catalog, hint="length outlier") == ["12"]
    (hint,) = (hint for hint in catalog.entry("episode_12").hints if hint.kind == "length outlier")
    assert "6.0 s" in hint.sentence
    assert catalog.totals().hints["length outlier"] == 1
    catalog.trim("episode_12", 0, LENGTH)
    assert found(catalog, hint="length outlier") == []


def test_totals_count_what_is_not_in_the_bin(catalog: Catalog):
    totals = catalog.totals()
    assert (totals.episodes, totals.per_outcome) == (4, {"success": 2, "failure": 2})
    assert totals.hours == pytest.approx((60 + 40 + 50 + 30) / 50 / 3600)
    assert totals.per_task == {"put_x_into_pot": 3, "transfer_cube": 1}
    assert totals.per_source == {"policy": 3, "human": 1, "expert": 1}
    assert totals.per_instruction["put the yellow corn into the pot"] == 2
    assert totals.tags == {"slow": 2, "two tries": 1}
    assert totals.operators == {"Anna": 1, "Ben": 1}
    lowest = np.min([make_episode(number).qpos.min(axis=0) for number in range(4)], axis=0)
    assert np.allclose(totals.joint_low, lowest, atol=1e-4)
    catalog.delete("episode_2")
    catalog.annotate("episode_1", {"success": True})
    again = catalog.totals()
    assert (again.episodes, again.per_outcome) == (3, {"success": 2, "failure": 1})
    Catalog(catalog.directory).delete("episode_0")
    assert catalog.totals().episodes == 2


def test_the_totals_of_nothing_are_zero(tmp_path: Path):
    totals = Catalog(tmp_path).totals()
    assert (totals.episodes, totals.hours, totals.per_task) == (0, 0, {})
    assert totals.joint_low.shape == totals.joint_high.shape == (14,)


def test_synthetic_episodes_are_found_like_others(tmp_path: Path):
    fill_index(tmp_path, 1500)
    catalog = Catalog(tmp_path)
    assert catalog.search(Search()).total == 1500
    page = catalog.search(Search(text="yellow corn", tags=("slow",), order="longest", limit=20))
    assert 0 < page.total < 1500
    lengths = [entry.summary.length for entry in page.entries]
    assert lengths == sorted(lengths, reverse=True)
    assert all("yellow corn" in entry.summary.instruction for entry in page.entries)
    assert catalog.search(Search(text="episode_1499")).entries[0].name == "episode_1499"
    newest = [entry.recorded for entry in catalog.search(Search()).entries]
    assert newest == sorted(newest, reverse=True)
    catalog.annotate("episode_1400", {"notes": "singular"})
    assert names_of(catalog.search(Search(text="singular")).entries) == ["episode_1400"]
    assert catalog.totals().episodes == 1500
