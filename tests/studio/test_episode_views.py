"""Episodes as the page's scripts get them."""

import json
from dataclasses import replace

import numpy as np

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.entries import Entry, Hint, Span
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.studio.episode_views import MAX_ROWS, content_key, entry_json, runs, series_json, stride_of
from oft_demo.types import Episode, Segment, TakeEvent

SUMMARY = EpisodeSummary(
    "episode_3",
    "put_x_into_pot",
    "put the corn into the pot",
    7,
    False,
    50.0,
    100,
    2.0,
    "human",
    True,
    10,
    None,
    ("cam_high",),
)
ENTRY = Entry(
    summary=SUMMARY,
    annotation=Annotation(success=True, tags=("clean",), segments=(Segment(0, 9, "reach"),)),
    success_automatic=False,
    sources=frozenset({"policy", "human"}),
    spans=(Span("episode_3", 0, 100),),
    revision=4,
    recorded=1000.0,
    hints=(Hint("jerk", 12, "It jerks."),),
)


def episode(length=9, **more):
    joints = np.arange(length * 14, dtype=np.float32).reshape(length, 14)
    fields = dict.fromkeys(("qpos", "qvel", "effort", "action", "applied"), joints)
    return Episode(
        "put_x_into_pot",
        "words",
        0,
        True,
        "human",
        **fields,
        states=np.zeros((length, 3)),
        valid=np.ones(length, bool),
        **more,
    )


def test_an_entry_keeps_the_verdict_by_hand_and_the_measured_one_apart():
    told = entry_json(ENTRY)
    assert (told["success"], told["success_by_hand"], told["success_automatic"]) == (True, True, False)
    assert told["sources"] == ["human", "policy"]
    assert told["segments"] == [{"start": 0, "stop": 9, "text": "reach"}]
    assert told["hints"] == [{"kind": "jerk", "step": 12, "sentence": "It jerks."}]
    json.dumps(told)


def test_where_nobody_named_segments_the_page_takes_those_of_the_recording():
    assert entry_json(replace(ENTRY, annotation=Annotation()))["segments"] is None


def test_what_a_browser_keeps_changes_with_the_steps_and_not_with_the_labels():
    labelled = replace(ENTRY, annotation=Annotation(quality=5), revision=9)
    trimmed = replace(ENTRY, spans=(Span("episode_3", 10, 100),))
    recorded_anew = replace(ENTRY, recorded=2000.0)
    assert content_key(labelled) == content_key(ENTRY)
    assert len({content_key(each) for each in (ENTRY, trimmed, recorded_anew)}) == 3


def test_long_episodes_are_sent_more_coarsely():
    assert stride_of(400) == 2
    assert 100_000 / stride_of(100_000) <= MAX_ROWS


def test_a_series_has_a_list_for_each_joint_and_says_who_acted_from_when():
    taken = episode(
        sources=np.array([0, 0, 0, 1, 1, 1, 1, 0, 0], np.uint8),
        segments=(Segment(0, 3, "reach"),),
        events=(TakeEvent(3, "take_over", "by hand"),),
    )
    told = series_json(taken, ("cam_high",), {"task": "put_x_into_pot"})
    assert told["length"] == 9
    assert np.shape(told["qpos"]) == np.shape(told["action"]) == (14, 5)
    assert told["qpos"][1] == [1, 29, 57, 85, 113]
    assert told["sources"] == [(0, 0), (3, 1), (7, 0)]
    assert told["segments"] == [{"start": 0, "stop": 3, "text": "reach"}]
    assert told["events"] == [{"step": 3, "kind": "take_over", "text": "by hand"}]
    assert told["poses"] == {"stride": 2, "states": True}
    json.dumps(told)


def test_an_episode_of_one_source_is_one_run():
    assert runs(episode().step_sources) == [(0, 1)]
