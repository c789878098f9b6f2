"""What the Episodes tab changes, and who hears of it."""

import json

import pytest
from toy_episodes import LENGTH, studio_of

from oft_demo.data.catalog.entries import LabelConflict
from oft_demo.errors import OftDemoError
from oft_demo.studio.episode_commands import COMMANDS


@pytest.fixture
def studio(tmp_path, visitors):
    return studio_of(tmp_path / "data", visitors)


@pytest.fixture
def ada(visitors):
    return visitors.get("ada")


@pytest.fixture
def bob(visitors):
    return visitors.get("bob")


def do(studio, visitor, name, /, **message):
    """What the page's dispatcher does with a command."""
    COMMANDS[f"episodes-{name}"].handle(studio, visitor, {"by": "Ada", **message})


def told(visitor, slot):
    """What a page was told last."""
    content = visitor.board.content(f"episodes-{slot}")
    return None if content is None else json.loads(content.json)


def test_a_label_is_kept_and_every_page_looks_again(studio, ada, bob):
    do(studio, ada, "annotate", names=["episode_0"], changes={"success": True, "quality": 4}, seen={"episode_0": 0})
    entry = studio.catalog.entry("episode_0")
    assert (entry.success, entry.success_automatic, entry.annotation.quality) == (True, False, 4)
    assert told(ada, "news")["names"] == told(bob, "news")["names"] == ["episode_0"]
    assert told(ada, "done")["open"] is None
    assert told(bob, "done") is None
    assert "Ctrl+Z" in ada.board.content("episodes-status").html


def test_of_two_people_who_label_the_same_the_second_is_shown_both_and_nothing_is_lost(studio, ada, bob):
    seen = {"episode_0": studio.catalog.entry("episode_0").revision}
    do(studio, ada, "annotate", names=["episode_0"], changes={"notes": "hers"}, seen=seen)
    with pytest.raises(LabelConflict):
        do(studio, bob, "annotate", names=["episode_0"], changes={"notes": "his"}, seen=seen, by="Bob")
    conflict = told(bob, "conflict")
    assert (conflict["by"], conflict["theirs"], conflict["yours"]) == ("Ada", "hers", "his")
    assert studio.catalog.entry("episode_0").annotation.notes == "hers"
    do(
        studio,
        bob,
        "annotate",
        names=["episode_0"],
        changes={"notes": "his"},
        seen={"episode_0": conflict["revision"]},
        by="Bob",
    )
    assert studio.catalog.entry("episode_0").annotation.notes == "his"


def test_a_conflict_about_segments_can_be_told(studio, ada, bob):
    seen = {"episode_0": studio.catalog.entry("episode_0").revision}
    for visitor, by, stop in ((ada, "Ada", 10), (bob, "Bob", 20)):
        changes = {"segments": [{"start": 0, "stop": stop, "text": "reach"}]}
        message = {"names": ["episode_0"], "changes": changes, "seen": seen, "by": by}
        if visitor is ada:
            do(studio, visitor, "annotate", **message)
        else:
            with pytest.raises(LabelConflict):
                do(studio, visitor, "annotate", **message)
    assert told(bob, "conflict")["theirs"] == [{"start": 0, "stop": 10, "text": "reach"}]


def test_several_episodes_are_labelled_and_tagged_together(studio, ada):
    names = ["episode_0", "episode_1"]
    do(studio, ada, "annotate", names=names, changes={"operator": "Ada"})
    do(studio, ada, "tag", names=names, add=["clean", "slow"])
    do(studio, ada, "tag", names=names, remove=["slow"])
    entries = [studio.catalog.entry(name).annotation for name in names]
    assert [(entry.operator, entry.tags) for entry in entries] == [("Ada", ("clean",))] * 2


def test_a_split_opens_its_first_part_and_undoing_it_the_whole(studio, ada):
    do(studio, ada, "split", name="episode_0", at=25)
    first = told(ada, "done")["open"]
    assert studio.catalog.entry(first).summary.length == 25
    do(studio, ada, "undo")
    assert told(ada, "done")["open"] == "episode_0"
    assert studio.catalog.entry("episode_0").summary.length == LENGTH


def test_a_merge_opens_what_came_of_it(studio, ada):
    do(studio, ada, "merge", names=["episode_0", "episode_1"])
    assert studio.catalog.entry(told(ada, "done")["open"]).summary.length == 2 * LENGTH


def test_trim_delete_and_restore_can_be_undone(studio, ada):
    do(studio, ada, "trim", name="episode_0", start=10, stop=40)
    assert studio.catalog.entry("episode_0").summary.length == 30
    do(studio, ada, "delete", names=["episode_0"])
    assert studio.catalog.entry("episode_0").deleted
    do(studio, ada, "undo")
    assert not studio.catalog.entry("episode_0").deleted
    do(studio, ada, "undo")
    assert studio.catalog.entry("episode_0").summary.length == LENGTH
    do(studio, ada, "redo")
    assert studio.catalog.entry("episode_0").summary.length == 30
    do(studio, ada, "delete", names=["episode_0"])
    do(studio, ada, "restore", names=["episode_0"])
    assert not studio.catalog.entry("episode_0").deleted


def test_with_nothing_to_undo_it_says_so(studio, ada):
    do(studio, ada, "undo")
    assert "nothing to undo" in ada.board.content("episodes-status").html


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("annotate", {"names": ["../secret"], "changes": {"quality": 3}}),
        ("annotate", {"names": ["episode_0"], "changes": {"quality": 9}}),
        ("annotate", {"names": ["episode_0"], "changes": {"path": "x"}}),
        ("annotate", {"names": ["episode_0"], "changes": {"segments": [{"start": 0, "stop": 900, "text": "x"}]}}),
        ("trim", {"name": "episode_0", "start": 50, "stop": 10}),
        ("split", {"name": "episode_0", "at": 9999}),
        ("merge", {"names": ["episode_0"]}),
        ("delete", {"names": []}),
        ("export", {"format": "act", "hz": 50, "folder": "../out", "names": ["episode_0"]}),
    ],
)
def test_what_cannot_be_done_changes_nothing(studio, ada, name, message):
    before = studio.catalog.entry("episode_0")
    if name == "export":
        do(studio, ada, name, **message)
        assert told(ada, "export")["state"] == "failed"
    else:
        with pytest.raises(OftDemoError):
            do(studio, ada, name, **message)
    assert studio.catalog.entry("episode_0") == before
    assert studio.catalog.history() == ()


def test_everything_that_a_search_finds_is_labelled_in_one_step(studio, ada):
    do(studio, ada, "annotate", query={"text": "corn"}, changes={"quality": 2})
    assert [studio.catalog.entry(f"episode_{index}").annotation.quality for index in range(2)] == [2, 2]
    do(studio, ada, "undo")
    assert [studio.catalog.entry(f"episode_{index}").annotation.quality for index in range(2)] == [None, None]
