"""Tests of recording and replaying, in the real simulation with small pictures."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oft_demo import rollout, sim
from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.reading import read_episode, summarize
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.errors import InvalidData, InvalidEpisode
from oft_demo.pictures import draw_frames, render_pictures, save_with_pictures
from oft_demo.record import RETRY_STRIDE, record_expert, record_policy
from oft_demo.replay import replay_episode
from oft_demo.take import Take
from oft_demo.types import CAMERAS, ActionChunk, Episode, Observation

SMALL = (24, 32)


class Wave:
    """A policy that moves every joint a little."""

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        rows = np.linspace(0, 0.05, 10, dtype=np.float32)[:, None]
        return ActionChunk(observation.joints + rows, instruction)


@pytest.fixture(scope="module")
def env() -> Iterator[sim.AlohaEnv]:
    env = sim.make_env("put_x_into_pot", SMALL)
    yield env
    env.close()


@pytest.fixture(scope="module")
def short(env: sim.AlohaEnv) -> Episode:
    """Half a second of waving, without pictures."""
    env.reset(3)
    take = Take(env, 3)
    for step in rollout.run(Wave(), env, env.instruction, max_steps=24, cameras=()):
        take.add(step)
    return take.episode()


def hold_still(env: sim.AlohaEnv, seed: int, instruction: str | None = None, noise: float = 0.0) -> Episode:
    """In place of the expert: three steps, and a failure for seed 7."""
    env.reset(seed)
    take = Take(env, seed)
    for step in rollout.run(Wave(), env, instruction or env.instruction, max_steps=3, cameras=(), source="expert"):
        take.add(step)
    return replace(take.episode(), success=seed != 7)


def beginning_of(demonstrate: Callable[..., Episode], length: int = 20) -> Callable[..., Episode]:
    """The expert's first steps; drawing the pictures of a whole episode takes half a minute."""

    def begin(*arguments: object) -> Episode:
        whole = demonstrate(*arguments)
        names = ("qpos", "qvel", "effort", "action", "applied", "states", "valid")
        return replace(whole, **{name: getattr(whole, name)[:length] for name in names})

    return begin


@pytest.fixture
def quick_expert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim, "demonstrate", hold_still)


def seeds_in(directory: Path) -> list[int]:
    return [summary.seed for summary in Catalog(directory).episodes()]


def test_an_expert_episode_replays_with_identical_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sim, "demonstrate", beginning_of(sim.demonstrate))
    *_, last = record_expert("transfer_cube", 1, tmp_path, noise=0.3, image_size=SMALL)
    path = tmp_path / "episode_0.hdf5"
    episode = read_episode(path)
    assert last.done == 1
    assert episode.success
    assert set(episode.images) == set(CAMERAS)
    report = replay_episode(path)
    assert report.identical, str(report)
    assert report.compared == episode.length
    assert report.fingerprint == report.recorded_fingerprint


def test_recording_keeps_successes_only_and_leaves_no_gap(tmp_path: Path, quick_expert: None):
    *_, last = record_expert("put_x_into_pot", 5, tmp_path, first_seed=5, pictures=False)
    assert (last.done, last.failures, last.resumed) == (5, 1, 0)
    assert seeds_in(tmp_path) == [5, 6, 7 + RETRY_STRIDE, 8, 9]


def test_an_interrupted_recording_goes_on_where_it_stopped(tmp_path: Path, quick_expert: None):
    options = {"first_seed": 10, "pictures": False}
    steps = record_expert("put_x_into_pot", 6, tmp_path, **options)
    for progress in steps:
        if progress.done == 3:
            break
    steps.close()
    (tmp_path / "episode_1.hdf5").unlink()
    (tmp_path / "episode_3.hdf5.part").write_bytes(b"half a file")
    before = (tmp_path / "episode_2.hdf5").stat().st_mtime_ns
    first, *_, last = record_expert("put_x_into_pot", 6, tmp_path, **options)
    assert (first.resumed, last.done) == (2, 6)
    assert (tmp_path / "episode_2.hdf5").stat().st_mtime_ns == before
    assert seeds_in(tmp_path) == [10, 11, 12, 13, 14, 15]
    (again,) = record_expert("put_x_into_pot", 6, tmp_path, **options)
    assert (again.done, again.resumed) == (6, 6)


def test_more_episodes_can_be_asked_for_later(tmp_path: Path, quick_expert: None):
    for episodes in (2, 4):
        list(record_expert("put_x_into_pot", episodes, tmp_path, first_seed=20, pictures=False))
    list(record_expert("put_x_into_pot", 2, tmp_path, first_seed=30, pictures=False))
    assert seeds_in(tmp_path) == [20, 21, 22, 23, 30, 31]


def test_an_expert_that_never_succeeds_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*arguments: object) -> Episode:
        return replace(hold_still(*arguments), success=False)  # type: ignore[arg-type]

    monkeypatch.setattr(sim, "demonstrate", fail)
    with pytest.raises(InvalidData, match="20 seeds in a row"):
        list(record_expert("put_x_into_pot", 1, tmp_path, pictures=False))


@pytest.mark.parametrize("wrong", [{"episodes": 0}, {"noise": 2.0}, {"instruction": " "}, {"first_seed": -1}])
def test_impossible_recordings_are_refused(tmp_path: Path, wrong: dict[str, object]):
    options = {"episodes": 1, **wrong}
    with pytest.raises(Exception, match=r"choose|empty|whole number"):
        list(record_expert("put_x_into_pot", out=tmp_path, **options))  # type: ignore[arg-type]


def test_policy_episodes_are_kept_whatever_came_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("oft_demo.actors.open_actor", lambda name, env: lambda seed: Wave())
    monkeypatch.setattr(sim.AlohaEnv, "max_steps", 6)
    list(record_policy("wave", "put_x_into_pot", 2, tmp_path, first_seed=0, pictures=False))
    first = summarize(tmp_path / "episode_0.hdf5")
    assert (first.source, first.success, first.length, first.seed) == ("policy", False, 6, 0)
    assert seeds_in(tmp_path) == [0, 1]


def test_states_replay_to_the_last_bit(tmp_path: Path, short: Episode):
    path = tmp_path / "episode_0.hdf5"
    write_episode(path, short)
    report = replay_episode(path)
    assert report.identical, str(report)
    assert (report.compared, report.cameras) == (24, ())


def test_a_changed_target_is_noticed_by_the_replay(tmp_path: Path, short: Episode):
    path = tmp_path / "episode_0.hdf5"
    applied = short.applied.copy()
    applied[10, 2] += 1e-4
    write_episode(path, replace(short, applied=applied))
    report = replay_episode(path)
    assert not report.identical
    assert report.difference is not None
    assert report.difference.step == 11
    assert "first difference at step 11" in str(report)


def test_a_changed_picture_and_other_render_settings_are_said_aloud(tmp_path: Path, env: sim.AlohaEnv, short: Episode):
    *_, last = render_pictures(env, short, image_size=SMALL)
    assert last.episode is not None
    images = {camera: pictures.copy() for camera, pictures in last.episode.images.items()}
    images["cam_left_wrist"][4, 0, 0, 0] ^= 1
    path = tmp_path / "episode_0.hdf5"
    write_episode(path, replace(last.episode, images=images, render_fingerprint="another machine"))
    report = replay_episode(path)
    assert report.difference is not None
    assert (report.difference.step, report.difference.what) == (4, "pictures of cam_left_wrist")
    assert "recorded with another machine" in str(report)


def test_a_recording_without_states_cannot_be_replayed(tmp_path: Path, short: Episode):
    path = tmp_path / "episode_0.hdf5"
    write_episode(path, replace(short, states=np.zeros((short.length, 0))))
    with pytest.raises(InvalidEpisode, match="no simulator states"):
        replay_episode(path)


def test_drawing_pictures_leaves_the_simulation_as_it_was(env: sim.AlohaEnv, short: Episode):
    env.reset(5)
    before = env.state()
    frames = draw_frames(env, short, ("cam_high",), (12, 16))
    assert next(frames)["cam_high"].shape == (12, 16, 3)
    frames.close()
    assert np.array_equal(env.state(), before)
    assert env.image_size == SMALL


def test_pictures_are_saved_as_they_are_drawn(tmp_path: Path, env: sim.AlohaEnv, short: Episode):
    path = tmp_path / "episode_0.hdf5"
    progress = list(save_with_pictures(path, env, short, image_size=SMALL))
    assert [step.done for step in progress] == list(range(1, short.length + 1))
    *_, last = render_pictures(env, short, image_size=SMALL)
    assert last.episode is not None
    stored = read_episode(path)
    assert all(np.array_equal(stored.images[camera], last.episode.images[camera]) for camera in CAMERAS)
    assert stored.render_fingerprint == last.episode.render_fingerprint
