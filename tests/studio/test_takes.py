"""What is recorded on the page becomes an episode, and can be played back."""

import threading

import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.studio import takes
from oft_demo.studio.request import Request

RED = Request("put_x_into_pot", 7, "put the red pepper into the pot")


def test_a_take_is_kept_with_pictures_and_labels(visitors, shelf, markup_of, no_waiting, tmp_path, monkeypatch):
    monkeypatch.setattr("oft_demo.studio.takes.draw_frames", _drawn_small)
    visitor, catalog = visitors.get("one"), Catalog(tmp_path)
    name = takes.record(visitor, shelf, catalog, "quick", RED)
    assert name == "episode_0"
    episode = catalog.read(name)
    assert episode.instruction == RED.instruction
    assert episode.success
    assert episode.source == "policy"
    assert episode.images["cam_high"].shape == (episode.length, 6, 8, 3)
    assert np.allclose(episode.states[:, 1:], episode.qpos, atol=1e-6)
    assert "Kept as episode_0" in markup_of(visitor, "record-status")

    takes.play(visitor, catalog, name)
    assert "played to its end" in markup_of(visitor, "record-status")
    assert visitor.board.content("record-poses") is not None
    assert visitor.board.content("record-plot") is not None


def test_a_stopped_take_leaves_nothing_behind(visitors, shelf, markup_of, tmp_path):
    visitor = visitors.get("one")
    args = (visitor, shelf, Catalog(tmp_path), "slow", RED)
    recording = threading.Thread(target=takes.record, args=args)
    recording.start()
    while "told" not in markup_of(visitor, "record-status"):
        assert recording.is_alive()
    visitor.stop()
    recording.join(5)
    assert "nothing was kept" in markup_of(visitor, "record-status")
    assert not list(tmp_path.iterdir())


def _drawn_small(env, episode):
    for state in episode.states:
        env.restore(state)
        yield env.observe().images
