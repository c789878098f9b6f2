"""Episodes of a catalogue on their way out: labels, stored pictures, and pictures drawn from states."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from oft_demo import sim
from oft_demo.data.catalog import Catalog
from oft_demo.data.exporting import CannotExport, ExportOptions
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.exporting import export, exportables
from oft_demo.types import CAMERAS, Episode

SIZE = (480, 640)


@pytest.fixture(scope="module")
def env():
    env = sim.make_env("transfer_cube", image_size=SIZE)
    yield env
    env.close()


@pytest.fixture(scope="module")
def moved(env) -> Episode:
    """A few steps of an arm that moves, as states only."""
    env.reset(3)
    states, joints = [], []
    for _ in range(5):
        states.append(env.state())
        joints.append(env.observe(()).joints)
        env.apply(joints[-1] + np.float32(0.05))
    rows = np.stack(joints)
    return Episode(
        task="transfer_cube",
        instruction="transfer the red cube",
        seed=3,
        success=True,
        source="human",
        qpos=rows,
        qvel=rows,
        effort=rows,
        action=rows,
        applied=rows,
        states=np.stack(states),
        valid=np.ones(5, np.bool_),
    )


def views(env, episode, step, size=SIZE):
    env.image_size = size
    env.restore(episode.states[step])
    return env.observe(CAMERAS).images


def run(catalog, out, form="act", names=None, **options):
    chosen = ExportOptions(form, out, **options)
    names = [each.name for each in catalog.episodes()] if names is None else names
    *_, last = export(exportables(catalog, names, chosen), chosen)
    return last.report


def test_pictures_are_drawn_where_there_are_only_states(tmp_path: Path, env, moved):
    write_episode(tmp_path / "data" / "episode_0.hdf5", moved)
    assert run(Catalog(tmp_path / "data"), tmp_path / "out").ok
    with h5py.File(tmp_path / "out" / "episode_0.hdf5", "r") as file:
        for step in (0, 4):
            for camera, picture in views(env, moved, step).items():
                assert np.array_equal(file[f"/observations/images/{camera}"][step], picture)


def test_half_the_rate_draws_every_second_state(tmp_path: Path, env, moved):
    write_episode(tmp_path / "data" / "episode_0.hdf5", moved)
    run(Catalog(tmp_path / "data"), tmp_path / "out", hz=25)
    with h5py.File(tmp_path / "out" / "episode_0.hdf5", "r") as file:
        assert len(file["/action"]) == 3
        assert np.array_equal(file["/observations/images/cam_high"][1], views(env, moved, 2)["cam_high"])


def with_pictures(episode: Episode, size: tuple[int, int]) -> Episode:
    """Every picture of one colour, which tells camera and step."""
    levels = np.arange(episode.length, dtype=np.uint8)[:, None, None, None] * 4
    blank = np.zeros((episode.length, *size, 3), np.uint8)
    return replace(episode, images={camera: blank + levels + place for place, camera in enumerate(CAMERAS)})


@pytest.mark.parametrize("hz", [50, 25])
def test_stored_pictures_go_out_as_they_are(tmp_path: Path, moved, hz):
    long = replace(
        moved,
        **{
            name: np.repeat(getattr(moved, name), 4, axis=0)
            for name in ("qpos", "qvel", "effort", "action", "applied", "states", "valid")
        },
    )
    stored = with_pictures(long, SIZE)
    write_episode(tmp_path / "data" / "episode_0.hdf5", stored)
    run(Catalog(tmp_path / "data"), tmp_path / "out", hz=hz)
    with h5py.File(tmp_path / "out" / "episode_0.hdf5", "r") as file:
        for camera in CAMERAS:
            expected = stored.images[camera][:: 50 // hz]
            assert np.array_equal(file[f"/observations/images/{camera}"][()], expected)


def test_small_stored_pictures_are_drawn_again_where_states_allow(tmp_path: Path, env, moved):
    small = with_pictures(moved, (48, 64))
    write_episode(tmp_path / "data" / "episode_0.hdf5", small)
    write_episode(tmp_path / "data" / "episode_1.hdf5", replace(small, states=np.zeros((5, 0))))
    report = run(Catalog(tmp_path / "data"), tmp_path / "out")
    with h5py.File(tmp_path / "out" / "episode_0.hdf5", "r") as file:
        assert np.array_equal(file["/observations/images/cam_high"][2], views(env, moved, 2)["cam_high"])
    assert [finding.where for finding in report.findings if "enlarged" in finding.sentence] == ["episode_1"]


def test_labels_that_people_gave_are_what_goes_out(tmp_path: Path, moved):
    write_episode(tmp_path / "data" / "episode_0.hdf5", moved)
    catalog = Catalog(tmp_path / "data")
    catalog.relabel("episode_0", instruction="hand over the cube", success=False)
    run(catalog, tmp_path / "out", "robomimic", pictures=False)
    with h5py.File(tmp_path / "out" / "demo.hdf5", "r") as file:
        assert file["data/demo_0"].attrs["instruction"] == "hand over the cube"
        assert list(file["mask"]) == ["failure", "train"]


def test_trims_merges_and_notes_go_along(tmp_path: Path, moved):
    for number in range(2):
        write_episode(tmp_path / "data" / f"episode_{number}.hdf5", with_pictures(moved, SIZE))
    catalog = Catalog(tmp_path / "data")
    catalog.trim("episode_0", 2, 5, "Ada")
    merged = catalog.merge(["episode_0", "episode_1"], "Ada")
    catalog.annotate([merged], {"operator": "Ada", "quality": 5}, "Ada")
    run(catalog, tmp_path / "out", names=[merged])
    with h5py.File(tmp_path / "out" / "episode_0.hdf5", "r") as file:
        levels = file["/observations/images/cam_left_wrist"][:, 0, 0, 0]
        assert levels.tolist() == [4 * step + 1 for step in (2, 3, 4, 0, 1, 2, 3, 4)]
        assert np.array_equal(file["/action"][()], np.concatenate([moved.action[2:], moved.action]))
    line = json.loads((tmp_path / "out" / "manifest.jsonl").read_text())
    assert (line["operator"], line["quality"], line["length"]) == ("Ada", 5, 8)


def test_states_of_another_scene_are_not_drawn(tmp_path: Path, moved):
    write_episode(tmp_path / "data" / "episode_0.hdf5", replace(moved, states=moved.states[:, :-1]))
    with pytest.raises(CannotExport, match="episode_0: no pictures"):
        run(Catalog(tmp_path / "data"), tmp_path / "out")


def test_what_can_neither_be_shown_nor_drawn_is_refused(tmp_path: Path, moved):
    write_episode(tmp_path / "data" / "episode_0.hdf5", replace(moved, states=np.zeros((5, 0))))
    with pytest.raises(CannotExport, match="episode_0: no pictures"):
        run(Catalog(tmp_path / "data"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_scenes_are_closed_afterwards_also_when_it_stops(tmp_path: Path, moved, monkeypatch):
    closed = []
    original = sim.AlohaEnv.close
    monkeypatch.setattr(sim.AlohaEnv, "close", lambda env: (closed.append(env), original(env))[0])
    write_episode(tmp_path / "data" / "episode_0.hdf5", moved)
    catalog, chosen = Catalog(tmp_path / "data"), ExportOptions("act", tmp_path / "out")
    steps = export(exportables(catalog, ["episode_0"], chosen), chosen)
    while next(steps).done < 2:
        assert not closed
    steps.close()
    assert len(closed) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
