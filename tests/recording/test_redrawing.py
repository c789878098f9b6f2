"""Tests of redrawing: an episode once more with pictures of other cameras and sizes, itself left as it is."""

from pathlib import Path

import numpy as np
import pytest
import tyro
from taking import FAKE_PROGRAM, SIZE, assert_drawn, wait_for

from oft_demo.data.durable import NameTaken
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.errors import InvalidData
from oft_demo.record import RecordJob, record_file
from oft_demo.recording.drawers import Drawers
from oft_demo.recording.drawing import View
from oft_demo.recording.redrawing import redraw
from oft_demo.redraw_command import RedrawOptions, main
from oft_demo.types import Episode

VIEW = View(("cam_high", "overhead"), (48, 64))


@pytest.fixture
def episode(data: Path, take: str, accepting) -> Episode:
    """What a take of fifty steps became."""
    acceptance = accepting()
    acceptance.submit(take, image_size=SIZE)
    wait_for(acceptance, take)
    return read_episode(data / "episodes" / "episode_0.hdf5")


@pytest.fixture
def drawers():
    drawers = Drawers(1, FAKE_PROGRAM)
    yield drawers
    drawers.close()


def test_an_episode_is_drawn_again_for_other_cameras_and_sizes(data: Path, episode: Episode, drawers: Drawers):
    before = (data / "episodes" / "episode_0.hdf5").read_bytes()
    out = data / "again" / "episode_0.hdf5"
    *_, last = redraw("episode_0", episode, VIEW, out, drawers)
    assert (last.stage, last.done, last.total) == ("writing", 50, 50)
    again = read_episode(out)
    assert {camera: images.shape for camera, images in again.images.items()} == {
        "cam_high": (50, 48, 64, 3),
        "overhead": (50, 48, 64, 3),
    }
    assert_drawn(again)
    assert again.render_fingerprint == "fake [48, 64]"
    assert again.provenance["drawn_again_from"] == "episode_0"
    assert np.array_equal(again.states, episode.states)
    assert (data / "episodes" / "episode_0.hdf5").read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["episode_0.hdf5"]
    with pytest.raises(NameTaken):
        next(redraw("episode_0", episode, VIEW, out, drawers))


def test_an_interrupted_redrawing_goes_on_where_it_was(data: Path, episode: Episode, drawers: Drawers):
    out = data / "again" / "episode_0.hdf5"
    progress = redraw("episode_0", episode, VIEW, out, drawers)
    while next(progress).done < 20:
        pass
    progress.close()
    assert not out.exists()
    assert next(redraw("episode_0", episode, VIEW, out, drawers)).done >= 20
    *_, _ = redraw("episode_0", episode, VIEW, out, drawers)
    assert_drawn(read_episode(out))


def test_an_episode_without_states_cannot_be_redrawn(data: Path, episode: Episode, drawers: Drawers):
    foreign = Episode(**{**vars(episode), "states": np.zeros((episode.length, 0))})
    with pytest.raises(InvalidData, match="no simulator states"):
        next(redraw("episode_0", foreign, VIEW, data / "again.hdf5", drawers))


def call(*arguments: str) -> int:
    return main(tyro.cli(RedrawOptions, args=arguments))


def test_the_command_draws_with_the_simulation_and_leaves_what_is_there(tmp_path: Path, capsys):
    source, out = tmp_path / "source", tmp_path / "out"
    for _ in record_file(RecordJob("put_x_into_pot", pictures=False), source / "episode_0.hdf5", 7):
        pass
    arguments = ("--source", str(source), "--out", str(out), "--cameras", "cam_high", "--size", "24", "32")
    assert call(*arguments) == 0
    pictures = read_episode(out / "episode_0.hdf5").images["cam_high"]
    assert pictures.shape[1:] == (24, 32, 3)
    assert pictures.std() > 10
    before = (out / "episode_0.hdf5").read_bytes()
    assert call(*arguments) == 0
    assert "is there already" in capsys.readouterr().out
    assert (out / "episode_0.hdf5").read_bytes() == before
    assert call("--source", str(source), "--out", str(tmp_path / "other"), "--cameras", "cam_nowhere") == 1
    assert "cam_high" in capsys.readouterr().err
    assert not list(tmp_path.glob("other/*.hdf5"))
