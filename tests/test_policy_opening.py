"""A source becomes a policy step by step, and one that cannot drive ALOHA is refused before it is loaded."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from oft_demo import policy_opening, sim
from oft_demo.actors import open_actor
from oft_demo.errors import InvalidCheckpoint
from oft_demo.parity.case import read_case
from oft_demo.policy import MissingCamera, WrongRobot
from oft_demo.policy.official import LoadProgress
from oft_demo.policy.official.towers import described
from oft_demo.policy_opening import opening, progress_text
from oft_demo.policy_sources import FilmOff, Remote, Saved
from oft_demo.settings import Settings
from oft_demo.types import CAMERAS, Observation

CASE = Path(__file__).parent / "cases" / "aloha_film"


def opened(steps):
    """What was said, and the policy."""
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return said, end.value


@pytest.fixture
def official(tmp_path):
    """A checkpoint as the official code wrote it, with the sizes of its towers, which have no published names."""
    directory = tmp_path / "run--100000_chkpt"
    shutil.copytree(CASE / "checkpoint", directory)
    towers = {name: described(tower) for name, tower in read_case(CASE).towers.items()}
    (directory / "policy.json").write_text(json.dumps({"towers": towers}))
    return SimpleNamespace(directory=directory, source=Saved("run--100000_chkpt", directory, official=True))


def test_an_official_directory_is_read_with_its_progress_and_acts(official):
    said, policy = opened(opening(official.source))
    assert said[0] == "reading what it is"
    assert {"action head", "model", "vision backbone"} <= {text.rpartition(", ")[2] for text in said}
    assert said[-1].startswith("2.0 of 2.0 MB, ")
    assert policy.frame_size == (480, 640)
    frames = dict.fromkeys(CAMERAS, np.zeros((480, 640, 3), np.uint8))
    chunk = policy.act(Observation(frames, np.zeros(14, np.float32)), "put the yellow corn into the pot")
    assert chunk.targets.shape == (25, 14)


def test_film_is_switched_off_in_weights_that_nothing_else_uses(official):
    frames = dict.fromkeys(CAMERAS, np.full((480, 640, 3), 90, np.uint8))
    observation = Observation(frames, np.zeros(14, np.float32))
    _, trained = opened(opening(official.source))
    before = trained.act(observation, "put the yellow corn into the pot").targets
    said, off = opened(opening(FilmOff(official.source)))
    assert said[0] == "reading what it is"
    assert off.film_scale == 0
    assert off.film
    assert (off.act(observation, "put the yellow corn into the pot").targets != before).any()
    assert (trained.act(observation, "put the yellow corn into the pot").targets == before).all()
    assert off.engine.model is not trained.engine.model


def test_film_is_switched_off_in_a_bundled_policy():
    source = Saved("aloha-mini", Settings.policies / "aloha-mini")
    assert opened(opening(FilmOff(source)))[1].film_scale == 0
    assert opened(opening(source))[1].film_scale == 1


def test_loading_can_be_given_up_at_any_moment(official):
    steps = opening(official.source)
    for _ in range(4):
        next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_a_policy_of_another_robot_is_refused_before_its_weights_are_read(official):
    facts = {"preset": "aloha", "action_dim": 7, "proprio_dim": 8}
    (official.directory / "policy.json").write_text(json.dumps(facts))
    (official.directory / "model.safetensors").unlink()
    with pytest.raises(WrongRobot, match="7 actions and 8 joints"):
        opened(opening(official.source))


def test_a_policy_that_needs_other_cameras_is_refused_before_its_weights_are_read(official):
    facts = {"preset": "aloha", "images": 1, "cameras": ["full_image"]}
    (official.directory / "policy.json").write_text(json.dumps(facts))
    with pytest.raises(MissingCamera, match="full_image"):
        opened(opening(official.source))


def test_a_directory_that_cannot_be_read_says_why(official):
    (official.directory / "dataset_statistics.json").unlink()
    with pytest.raises(InvalidCheckpoint, match="dataset_statistics"):
        opened(opening(official.source))


def test_progress_is_told_in_units_that_fit():
    pt = "action_head--100000_checkpoint.pt"
    assert progress_text(LoadProgress(3_200_000_000, 15_000_000_000, pt)) == "3.2 of 15.0 GB, action head"
    assert progress_text(LoadProgress(0, 4_000_000, "model.safetensors")) == "0.0 of 4.0 MB, model"
    assert progress_text(LoadProgress(0, 0, "model.safetensors")) == "0.0 of 0.0 kB, model"


class Served:
    """A policy at the other end of a line."""

    name, cameras = "served", CAMERAS
    closed = False

    def close(self):
        self.closed = True


def test_a_server_is_reached_with_the_token_of_the_environment(monkeypatch):
    asked = []
    monkeypatch.setattr(policy_opening, "connect", lambda url, **more: asked.append((url, more)) or Served())
    monkeypatch.setenv("OFT_DEMO_TOKEN", "secret")
    said, policy = opened(opening(Remote("http://robot:8777"), answer_within=0.5))
    assert asked == [("http://robot:8777", {"token": "secret", "answer_within": 0.5})]
    assert policy.name == "served"
    assert "secret" not in " ".join(said)


def test_a_server_that_wants_other_cameras_is_let_go(monkeypatch):
    served = Served()
    served.cameras = ("full_image",)
    monkeypatch.setattr(policy_opening, "connect", lambda url, **more: served)
    with pytest.raises(MissingCamera, match="full_image"):
        opened(opening(Remote("http://robot:8777")))
    assert served.closed


def test_an_actor_gives_the_env_the_size_of_pictures_that_its_policy_wants():
    env = sim.make_env("put_x_into_pot", image_size=(48, 64))
    try:
        actor = open_actor(str(Settings.policies / "aloha-mini"), env)
        assert env.image_size == (48, 64)
        assert actor(3).name == "aloha-mini"
        assert env.image_size == (240, 320)
    finally:
        env.close()
