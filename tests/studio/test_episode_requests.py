"""What the Episodes tab may ask for, and what is refused."""

import pytest

from oft_demo.data.catalog.entries import Search
from oft_demo.errors import OftDemoError
from oft_demo.studio.episode_requests import (
    changes_of,
    folder_of,
    names_of,
    person_of,
    search_of,
    seen_of,
    step_of,
)
from oft_demo.types import Segment


def test_an_empty_search_filters_nothing():
    assert search_of({}) == Search()


def test_every_filter_arrives_in_its_own_type():
    found = search_of(
        {
            "text": " corn ",
            "success": "false",
            "source": "human",
            "tag": "clean",
            "quality": "4",
            "deleted": "true",
            "recovered": "true",
            "order": "longest",
            "offset": "48",
            "limit": "24",
        }
    )
    assert found == Search(
        text="corn",
        success=False,
        source="human",
        tags=("clean",),
        quality_at_least=4,
        deleted=True,
        recovered=True,
        order="longest",
        offset=48,
        limit=24,
    )


@pytest.mark.parametrize(
    "asked",
    [{"order": "random"}, {"source": "robot"}, {"quality": "6"}, {"offset": "-1"}, {"limit": "100000"}],
)
def test_what_makes_no_sense_is_refused_with_what_was_expected(asked):
    with pytest.raises(OftDemoError, match="expected"):
        search_of(asked)


@pytest.mark.parametrize("names", [None, [], "episode_0", [3], ["x" * 500], ["a"] * 2000])
def test_a_choice_of_episodes_is_a_list_of_names(names):
    with pytest.raises(OftDemoError, match="names"):
        names_of({"names": names})


def test_names_that_are_given_twice_count_once():
    assert names_of({"names": ["b", "a", "b"]}) == ("b", "a")


def test_segments_become_segments_and_lists_tuples():
    message = {
        "changes": {"segments": [{"start": 0, "stop": 9, "text": "reach"}], "tags": ["one", "two"], "quality": 3}
    }
    assert changes_of(message) == {"segments": (Segment(0, 9, "reach"),), "tags": ("one", "two"), "quality": 3}


@pytest.mark.parametrize(
    "segments", ["words", [{"start": 0, "stop": 9}], [{"start": -1, "stop": 9, "text": ""}], [[0, 9, "reach"]]]
)
def test_segments_of_another_shape_are_refused(segments):
    with pytest.raises(OftDemoError, match="expected"):
        changes_of({"changes": {"segments": segments}})


@pytest.mark.parametrize("step", [None, -1, 1.5, True, "3"])
def test_a_step_is_a_whole_number(step):
    with pytest.raises(OftDemoError, match="whole number"):
        step_of({"at": step}, "at")


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "x" * 81, "half.part", "C:\\x", "a\0b"])
def test_a_folder_is_a_name_and_never_a_path(name):
    if name:
        with pytest.raises(OftDemoError, match="folder"):
            folder_of({"folder": name}, "act-1")
    else:
        assert folder_of({"folder": name}, "act-1") == "act-1"


def test_whoever_gives_no_name_is_somebody():
    assert person_of({}) == person_of({"by": "  "}) == person_of({"by": 3}) == "somebody"
    assert person_of({"by": " Ada \n Lovelace "}) == "Ada Lovelace"


def test_revisions_that_are_no_numbers_are_left_out():
    assert seen_of({"seen": {"a": 3, "b": "4", "c": True}}) == {"a": 3}
    assert seen_of({}) is None
