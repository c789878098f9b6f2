"""HTML for slots: what people typed is escaped."""

import json

import numpy as np

from oft_demo.sim import TASKS
from oft_demo.studio import markup, skeleton
from oft_demo.types import ActionChunk, Score


def test_text_is_escaped_everywhere():
    evil = "<script>alert(1)</script>"
    score = Score(50.0, evil, False, 2, evil, evil)
    made = [
        markup.status(evil, "bad"),
        markup.score_card(score),
        markup.following(score),
        markup.fact(evil, evil),
        markup.table([evil], [[evil]], evil),
        markup.latency(ActionChunk(np.zeros((1, 14), np.float32), "x", latency_ms={evil: 1.0})),
    ]
    assert all("<script>" not in html for html in made)


def test_following_says_which_object_was_taken_instead():
    assert "no" in markup.following(Score(0, "x", False, 0, "green pepper", "red pepper"))
    assert "green pepper" in markup.following(Score(0, "x", False, 0, "green pepper", "red pepper"))
    assert "yes" in markup.following(Score(0, "x", False, 0, "red pepper", "red pepper"))


def test_every_slot_of_a_run_has_its_place_in_the_skeleton():
    html = skeleton.stage("run", "Robot") + skeleton.readouts("run") + skeleton.card("run")
    for slot in ("badge", "clock", "score", "following", "chunk", "asked", "factor", "latency", "cam_high", "card"):
        assert f'data-slot="run-{slot}"' in html
    assert 'data-view="run"' in html


def test_every_task_has_examples_and_paraphrases_for_each_of_its_objects():
    script = skeleton.wordings_script()
    known = json.loads(script[script.index(">") + 1 : script.rindex("<")])
    assert set(known) == set(TASKS)
    for task in known.values():
        assert len(task["examples"]) == 3
        for named in task["objects"]:
            assert len(named["trained"]) >= 10
            assert len(named["held_out"]) >= 2
            assert named["keys"]
