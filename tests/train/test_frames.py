"""Frames are cut, drawn and kept as the episodes say."""

from dataclasses import replace

import numpy as np
import pytest
from squares import LENGTH, SIZE, SquareScene, make_episode

from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.errors import InvalidData
from oft_demo.sim import objects_of
from oft_demo.train.cache import FrameCache
from oft_demo.train.drawing import choose_steps, chunk_rows
from oft_demo.train.frames import build_cache


def test_chunk_rows_are_every_second_target_and_repeat_the_last_one():
    action = np.repeat(np.arange(10, dtype=np.float32)[:, None], 14, axis=1)
    chunks, valid = chunk_rows(action, np.ones(10, bool), np.array([0, 5]), 4)
    assert chunks[:, :, 0].tolist() == [[0, 2, 4, 6], [5, 7, 9, 9]]
    assert valid.all()


def test_rows_from_a_disturbance_on_are_not_valid():
    action = np.zeros((10, 14), np.float32)
    undisturbed = np.ones(10, bool)
    undisturbed[3:5] = False
    _, valid = chunk_rows(action, undisturbed, np.array([0, 2, 5]), 3)
    assert valid.tolist() == [[True, True, False], [True, False, False], [True, True, True]]


def test_chosen_steps_are_undisturbed_and_begin_with_the_first():
    valid = np.arange(50) % 3 != 1
    steps = choose_steps(valid, 10, (0, 7))
    assert len(steps) == len(set(steps)) == 10
    assert steps[0] == 0
    assert valid[steps].all()
    assert choose_steps(valid, 10, (0, 7)).tolist() == steps.tolist()


def test_labels_say_where_each_object_is_in_each_picture(cache):
    pictures = cache.pictures(np.arange(len(cache)))
    assert pictures.shape == (48, 3, SIZE, SIZE, 3)
    for frame in range(0, len(cache), 7):
        for column in range(3):
            x, y = (cache.seen[frame, column, 0] * SIZE).astype(int)
            assert pictures[frame, 0, y, x, column] > 200
    assert np.isnan(cache.seen[:, :, 1:]).all()
    np.testing.assert_allclose(cache.positions[..., :2], cache.seen[:, :, 0], atol=1e-6)


def test_the_named_object_is_that_of_the_episode(cache):
    for index, labels in enumerate(cache.episodes):
        assert labels.named_object == objects_of(labels.task)[cache.named[cache.episode_index == index][0]]


def test_a_second_build_draws_only_what_is_new(episodes, frames, frame_settings):
    before = {path.name: path.stat().st_mtime_ns for path in frames.iterdir()}
    write_episode(episodes / "episode_8.hdf5", make_episode(8))
    progress = list(build_cache(episodes, frames, frame_settings, workers=1, open_scene=SquareScene))
    assert [each.done for each in progress] == [8, 9]
    assert len(FrameCache(frames).episodes) == 9
    assert {path.name: path.stat().st_mtime_ns for path in frames.iterdir() if path.name in before} == before


def test_labels_of_people_count_and_failures_leave(episodes, frames, frame_settings):
    Catalog(episodes).relabel("episode_0", instruction="cook the yellow corn")
    Catalog(episodes).relabel("episode_1", success=False)
    list(build_cache(episodes, frames, frame_settings, workers=1, open_scene=SquareScene))
    cache = FrameCache(frames)
    assert len(cache.episodes) == 7
    assert cache.episodes[0].instruction == "cook the yellow corn"
    assert cache.episodes[0].named_object == "yellow corn"


def test_trimmed_and_split_episodes_are_drawn_as_they_are_now(episodes, frames, frame_settings):
    catalog = Catalog(episodes)
    catalog.trim("episode_0", 0, LENGTH // 2)
    parts = catalog.split("episode_1", LENGTH // 2)
    catalog.annotate(parts[1], {"success": False})
    *_, last = build_cache(episodes, frames, frame_settings, workers=1, open_scene=SquareScene)
    assert last.total == 8
    names = {path.name.split(".")[0] for path in frames.glob("*.labels.npz")}
    assert parts[0] in names
    assert not {"episode_1", parts[1]} & names
    assert len(list(build_cache(episodes, frames, frame_settings, workers=1, open_scene=SquareScene))) == 1
    catalog.undo()
    catalog.undo()
    catalog.undo()
    again = list(build_cache(episodes, frames, frame_settings, workers=1, open_scene=SquareScene))
    assert [each.done for each in again] == [6, 7, 8]


def test_exports_and_hidden_folders_beside_the_episodes_are_passed_over(episodes, tmp_path, frame_settings):
    for folder in ("exports/act", ".uploads", "monday"):
        write_episode(episodes / folder / "episode_9.hdf5", make_episode(9))
    (episodes / "exports" / "act" / "manifest.jsonl").touch()
    *_, last = build_cache(episodes, tmp_path / "new", frame_settings, workers=1, open_scene=SquareScene)
    assert last.done == 9


def test_a_damaged_episode_is_named_and_the_others_are_used(episodes, tmp_path, frame_settings):
    (episodes / "episode_3.hdf5").write_bytes(b"not HDF5")
    *_, last = build_cache(episodes, tmp_path / "new", frame_settings, workers=1, open_scene=SquareScene)
    assert last.done == 7
    assert "episode_3" in last.skipped[0]


def test_a_damaged_shard_says_which_file_and_is_drawn_again(episodes, frames, frame_settings):
    (frames / "episode_2.labels.npz").write_bytes(b"broken")
    with pytest.raises(InvalidData, match=r"episode_2\.labels\.npz"):
        FrameCache(frames)
    list(build_cache(episodes, frames, frame_settings, workers=1, open_scene=SquareScene))
    assert len(FrameCache(frames)) == 48


def test_pictures_that_do_not_fit_their_labels_are_refused(frames):
    np.save(frames / "episode_2.pictures.npy", np.zeros((2, 3, SIZE, SIZE, 3), np.uint8))
    with pytest.raises(InvalidData, match="2 frames, its labels 6"):
        FrameCache(frames)


def test_recorded_pictures_serve_where_there_are_no_states(tmp_path, frame_settings):
    episode = make_episode(0, states=False)
    images = {camera: np.full((LENGTH, 24, 32, 3), 90, np.uint8) for camera in ("cam_high",)}
    images |= {camera: np.full((LENGTH, 24, 32, 3), 10, np.uint8) for camera in ("cam_left_wrist", "cam_right_wrist")}
    (tmp_path / "episodes").mkdir()
    write_episode(tmp_path / "episodes" / "episode_0.hdf5", replace(episode, images=images))
    *_, last = build_cache(tmp_path / "episodes", tmp_path / "cache", frame_settings, 1, SquareScene)
    assert not last.skipped
    cache = FrameCache(tmp_path / "cache")
    assert set(cache.pictures(np.arange(3)).ravel().tolist()) == {10, 90}
    assert np.isnan(cache.positions).all()


def test_a_directory_without_successes_is_refused(tmp_path, frame_settings):
    write_episode(tmp_path / "episode_0.hdf5", make_episode(0, success=False))
    with pytest.raises(InvalidData, match="no successful episode"):
        list(build_cache(tmp_path, tmp_path / "cache", frame_settings, workers=1, open_scene=SquareScene))
