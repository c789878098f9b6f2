"""Files of a run: what they hold, that they are whole or absent, and that they fit what was recorded."""

import csv
import io
import json
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from fakes import CountingPolicy

from oft_demo import rollout, run_files, run_videos, video
from oft_demo.data.hdf5.reading import read_episode, read_frame
from oft_demo.run_record import RecordedChunk, RunRecord, parting
from oft_demo.run_settings import RunSettings
from oft_demo.sim import make_env, make_expert
from oft_demo.take import Take
from oft_demo.types import CAMERAS, JOINT_NAMES, Score

TASK = "put_x_into_pot"
RED = "put the red pepper into the pot"
SMALL = (48, 64)


def jpeg(image):
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def record_of(env, policy, steps, instruction=RED, name="aloha-mini"):
    """A short run, as a page keeps it."""
    env.reset(3)
    env.assign(instruction)
    take, scores, chunks = Take(env, 3), [], []
    for step in rollout.run(policy, env, instruction, max_steps=steps):
        take.add(step)
        scores.append(step.score)
        if step.chunk is not None:
            pictures = {camera: jpeg(image) for camera, image in step.observation.images.items()}
            chunks.append(RecordedChunk(step.index, step.chunk, pictures))
    settings = RunSettings(TASK, 3, name, "1f2e3d", instruction)
    return RunRecord(settings, take.episode(), tuple(scores), tuple(chunks), "stopped", {"FiLM": "yes"})


@pytest.fixture(scope="module")
def env():
    env = make_env(TASK, SMALL)
    yield env
    env.close()


@pytest.fixture(scope="module")
def record(env):
    env.reset(3)
    return record_of(env, make_expert(env, 3), 40)


@pytest.fixture(scope="module")
def other(env):
    """A shorter run whose arms go elsewhere."""
    return record_of(env, CountingPolicy(), 24, name="counting")


def cells(text):
    return list(csv.DictReader(io.StringIO(text)))


def frames_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        facts = (stream.codec_context.name, stream.codec_context.pix_fmt, stream.average_rate)
        return facts, [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]


def everything(directory):
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


# ---------------------------------------------------------------------------------------------------------------------
# Tables and settings


def test_the_table_has_one_row_a_control_step_with_units_in_its_header(record):
    rows = cells(run_files.joints_csv(record))
    assert len(rows) == 40
    assert rows[25]["time_s"] == "0.5"
    assert rows[25]["step"] == "25"
    measured = [float(rows[25][run_files.joint_column("measured", joint)]) for joint in JOINT_NAMES]
    target = [float(rows[25][run_files.joint_column("target", joint)]) for joint in JOINT_NAMES]
    np.testing.assert_allclose(measured, record.episode.qpos[25], atol=1e-6)
    np.testing.assert_allclose(target, record.episode.action[25], atol=1e-6)
    assert "measured_left_waist_rad" in rows[0]
    assert "target_right_gripper_closed0_open1" in rows[0]
    assert rows[25]["instruction"] == RED
    assert rows[25]["stage"] == record.scores[25].stage


def test_the_table_says_which_row_of_which_chunk_was_carried_out(other):
    rows = cells(run_files.joints_csv(other))
    assert [(row["chunk"], row["row"]) for row in rows[8:13]] == [
        ("0", "4"), ("0", "4"), ("1", "0"), ("1", "0"), ("1", "1"),
    ]  # fmt: skip
    for row in rows:
        chunk = other.chunks[int(row["chunk"])].chunk
        assert float(row["target_left_waist_rad"]) == pytest.approx(chunk.targets[int(row["row"])][0])


def test_both_runs_of_a_pair_stand_in_one_table(record, other):
    rows = cells(run_files.joints_csv(record, other))
    assert [row["side"] for row in rows] == ["a"] * 40 + ["b"] * 24


def test_words_from_a_link_are_no_formula_in_a_spreadsheet(record):
    spoken = replace(record.chunks[0].chunk, instruction='=HYPERLINK("http://x")')
    shown = replace(record, chunks=(RecordedChunk(0, spoken),))
    assert cells(run_files.joints_csv(shown))[0]["instruction"].startswith("'=")


def test_the_settings_say_what_ran_what_came_of_it_and_how_long_it_took(record):
    values = json.loads(run_files.settings_json(record))
    assert RunSettings.from_json(values["settings"]) == record.settings
    assert RunSettings.from_query(values["link"]) == record.settings
    assert values["outcome"]["verdict"] == "stopped"
    assert values["outcome"]["control_steps"] == 40
    assert values["outcome"]["seconds"] == 0.8
    assert values["policy"] == {"acted": "policy", "FiLM": "yes"}
    assert [chunk["step"] for chunk in values["chunks"]] == [chunk.step for chunk in record.chunks]
    assert {"total", "render"} <= values["chunks"][0]["latency_ms"].keys()
    assert values["versions"].keys() >= {"oft_demo", "mujoco", "torch"}
    assert values["render_fingerprint"].startswith("mujoco-")


def test_the_settings_of_a_pair_are_those_of_both(record, other):
    values = json.loads(run_files.settings_json(record, other))
    assert values["a"]["settings"]["policy"] == "aloha-mini"
    assert values["b"]["settings"]["policy"] == "counting"


def test_two_runs_part_where_their_joints_do(record, other):
    parted = parting(record.episode, other.episode)
    assert parted is not None
    step = round(parted * 50)
    assert np.abs(record.episode.qpos[step] - other.episode.qpos[step]).max() > 0.05
    assert np.abs(record.episode.qpos[step - 1] - other.episode.qpos[step - 1]).max() <= 0.05
    assert parting(record.episode, record.episode) is None


# ---------------------------------------------------------------------------------------------------------------------
# Episodes


def test_an_episode_is_written_with_pictures_of_the_recorded_states(tmp_path, env, record):
    path = tmp_path / "run.hdf5"
    shares = list(run_files.write_hdf5(path, env, record.episode, SMALL))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    found = read_episode(path)
    assert found.length == 40
    np.testing.assert_array_equal(found.states, record.episode.states)
    assert set(found.images) == set(CAMERAS)
    env.restore(record.episode.states[30])
    np.testing.assert_array_equal(read_frame(path, "cam_high", 30), env.observe(("cam_high",)).images["cam_high"])


# ---------------------------------------------------------------------------------------------------------------------
# Videos


def test_a_video_shows_the_recorded_states_at_real_time(tmp_path, env, record):
    path = tmp_path / "run.mp4"
    shares = list(run_videos.write_video(path, env, record))
    assert shares[-1] == 1
    (codec, pixels, rate), frames = frames_of(path)
    assert (codec, pixels, rate) == ("h264", "yuv420p", 25)
    assert len(frames) == 20 + run_videos.HOLD_FRAMES
    assert frames[0].shape == (640, 640, 3)
    env.restore(record.episode.states[30])
    away_from_words = np.s_[120:480]
    drawn = env.display(size=video.SIZE)[away_from_words].astype(int)
    assert np.abs(frames[15][away_from_words] - drawn).mean() < 8
    seen = cv2.imdecode(np.frombuffer(record.chunks[0].pictures["cam_high"], np.uint8), cv2.IMREAD_COLOR_RGB)
    view = cv2.resize(seen, (213, 160), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(frames[15][480:, :213] - view).mean() < 8


@pytest.fixture(scope="module")
def pair(tmp_path_factory, env, record, other):
    """The pictures of a video of both."""
    path = tmp_path_factory.mktemp("pair") / "pair.mp4"
    list(run_videos.write_pair_video(path, env, (record, other), ("A", "B"), parted=0.4))
    return frames_of(path)[1]


def test_a_pair_stands_side_by_side_and_the_shorter_one_holds_its_last_picture(env, other, pair):
    frames = pair
    assert len(frames) == 20 + run_videos.HOLD_FRAMES
    assert frames[0].shape == (640 + run_videos.BAR, 1280, 3)
    right = np.s_[:640, 640:]
    assert np.abs(frames[12][right].astype(int) - frames[19][right]).mean() < 3
    env.restore(other.episode.states[-1])
    drawn = env.display(size=video.SIZE)[120:].astype(int)
    assert np.abs(frames[19][120:480, 640:] - drawn).mean() < 8


def test_the_timeline_of_a_pair_marks_where_they_part(pair):
    mark = pair[5][646:654, 641:643].astype(int)
    assert np.abs(mark - run_videos.PARTED).mean() < 40  # video rounds colours
    words = np.s_[658:676, 8:200]
    assert pair[5][words].std() < 8  # not before it happens
    assert pair[15][words].std() > 20


def test_a_long_instruction_is_broken_into_lines():
    lines = video.wrapped("put the red pepper into the pot", 10, len)
    assert lines == ["put the", "red pepper", "into the", "pot"]
    assert video.wrapped("3.0 s\nput it", 10, len) == ["3.0 s", "put it"]
    assert video.wrapped("x" * 30, 10, len) == ["x" * 10]
    assert len(video.wrapped("word " * 100, 10, len)) == video.LONGEST_CAPTION


# ---------------------------------------------------------------------------------------------------------------------
# Whole or absent


def writers(path, env, record):
    yield run_files.write_hdf5(path, env, record.episode, SMALL)
    yield run_videos.write_video(path, env, record)
    yield run_videos.write_pair_video(path, env, (record, record), ("A", "B"))


@pytest.mark.parametrize("index", range(3))
def test_a_file_that_is_given_up_half_way_leaves_nothing(tmp_path, env, record, index):
    writing = list(writers(tmp_path / "file", env, record))[index]
    while next(writing) < 0.7:
        assert "file" not in everything(tmp_path)
    assert everything(tmp_path) == ["file.part"]
    writing.close()
    assert everything(tmp_path) == []


@pytest.mark.parametrize("index", range(3))
def test_a_file_whose_drawing_fails_leaves_nothing(tmp_path, env, record, index):
    broken = replace(record, episode=replace(record.episode, states=record.episode.states[:, :5]))
    with pytest.raises(Exception, match="state"):
        list(list(writers(tmp_path / "file", env, broken))[index])
    assert everything(tmp_path) == []


def test_a_text_appears_under_its_name_only(tmp_path):
    assert list(run_files.write_text(tmp_path / "run.csv", "a,ü\n")) == [1.0]
    assert everything(tmp_path) == ["run.csv"]
    assert (tmp_path / "run.csv").read_bytes() == "a,ü\n".encode()


def test_a_rollout_is_filmed_as_it_happens(tmp_path, env):
    env.reset(3)
    steps = rollout.run(CountingPolicy(), env, RED, max_steps=20)
    assert len(list(video.film(steps, env, tmp_path / "film.mp4"))) == 20
    _, frames = frames_of(tmp_path / "film.mp4")
    assert len(frames) == 10
    assert everything(tmp_path) == ["film.mp4"]


def test_a_score_is_part_of_every_row(record):
    done = Score(100.0, "in the pot", True, 4)
    rows = cells(run_files.joints_csv(replace(record, scores=(*record.scores[:-1], done))))
    assert (rows[-1]["reward_0_to_4"], rows[-1]["score_0_to_100"], rows[-1]["stage"]) == ("4", "100.0", "in the pot")
