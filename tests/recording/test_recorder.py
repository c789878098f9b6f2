"""Tests of the recorder: what it remembers, what a journal remembers of it, and the way back."""

import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEnv
from taking import make_step, record_take, take_steps, wait_until

from oft_demo import sim
from oft_demo.recording.journal import JOURNAL, read_journal
from oft_demo.recording.recorder import NoSuchStep, NotOnDisk, Recorder, TakeTooLong
from oft_demo.types import SOURCES, Episode, Segment, Step


def journal_of(takes: Path, take_id: str) -> Episode:
    return read_journal(takes / take_id / JOURNAL).timeline.episode()


def assert_same(left: Episode, right: Episode) -> None:
    for name, value in vars(left).items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, getattr(right, name)), name
        else:
            assert value == getattr(right, name), name


def test_the_journal_says_what_the_recorder_says(tmp_path: Path):
    env = FakeEnv(succeeds_at=30)
    recorder = Recorder(env, tmp_path, seed=4, operator="Ann", device="browser")
    recorder.segment("reach")
    take_steps(recorder, env, 20, "policy")
    recorder.event("take_over", "from mini")
    recorder.segment("")
    take_steps(recorder, env, 20)
    env.assign("put the corn into the pot")
    take_steps(recorder, env, 5, "expert")
    episode = recorder.episode()
    assert_same(journal_of(tmp_path, recorder.finish()), episode)
    assert (episode.source, episode.success, episode.seed) == ("human", True, 4)
    assert [SOURCES[index] for index in episode.step_sources[[0, 19, 20, 39, 40]]] == [
        "policy",
        "policy",
        "human",
        "human",
        "expert",
    ]
    assert episode.segments == (Segment(0, 20, "reach"),)
    assert [(event.step, event.kind) for event in episode.events] == [(20, "take_over")]
    assert episode.instruction == "put the corn into the pot"
    assert episode.provenance["operator"] == "Ann"
    assert episode.wall_times is not None
    assert episode.wall_times[10] == pytest.approx(0.2)


def test_states_and_joints_are_those_before_each_step(tmp_path: Path):
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    take_steps(recorder, env, 3)
    episode = recorder.episode()
    assert episode.states[:, 0].tolist() == [0, 1, 2]
    assert episode.action[:, 0].tolist() == [0, 1, 2]
    recorder.discard()


def test_steps_become_durable_by_themselves(tmp_path: Path):
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    take_steps(recorder, env, 7)
    wait_until(lambda: recorder.durable == 7)
    assert read_journal(recorder.journal_path).timeline.length == 7
    recorder.finish()


@pytest.mark.parametrize("keep", [True, False])
def test_a_rewind_brings_the_env_back_and_keeps_or_drops_what_came_after(tmp_path: Path, keep: bool):
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    take_steps(recorder, env, 10)
    recorder.segment("late words")
    take_steps(recorder, env, 10)
    whole = recorder.episode()
    recorder.rewind(8, keep)
    assert np.array_equal(env.state(), whole.states[8])
    assert (recorder.length, recorder.branches, recorder.segments) == (8, int(keep), ())
    take_steps(recorder, env, 4)
    again = recorder.episode()
    assert np.array_equal(again.states[:9], whole.states[:9])
    assert [(event.kind, event.step) for event in again.events] == [("rewind", 8)]
    assert_same(journal_of(tmp_path, recorder.finish()), again)
    others = {path.name for path in tmp_path.iterdir()} - {recorder.take_id}
    assert len(others) == keep
    for name in others:
        branch = journal_of(tmp_path, name)
        assert np.array_equal(branch.action, whole.action)
        assert branch.segments == whole.segments
        assert branch.provenance["branch_of"] == recorder.take_id


def test_a_rewind_takes_back_what_was_said_after_it(tmp_path: Path):
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    first = env.instruction
    take_steps(recorder, env, 5)
    env.assign("put the corn into the pot")
    take_steps(recorder, env, 5)
    recorder.rewind(3, False)
    assert env.instruction == first == recorder.episode().instruction
    recorder.finish()


def test_a_rewind_to_a_step_that_is_not_there_is_refused(tmp_path: Path):
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    take_steps(recorder, env, 5)
    for step in (-1, 6):
        with pytest.raises(NoSuchStep, match="step 0 to 5"):
            recorder.rewind(step, True)
    recorder.rewind(5, True)
    assert (recorder.length, recorder.branches) == (5, 0)
    recorder.finish()


def test_a_rewound_simulation_goes_on_exactly_as_it_did(tmp_path: Path):
    env = sim.make_env("put_x_into_pot")
    try:
        env.reset(3)
        recorder = Recorder(env, tmp_path, seed=3)
        targets = env.observe(()).joints + np.linspace(0, 0.2, 30, dtype=np.float32)[:, None]

        def go(start: int) -> None:
            for index in range(start, 30):
                joints = env.observe(()).joints
                env.apply(targets[index])
                recorder.add(Step(index, 0.0, joints, targets[index], -1, -1, "human", env.score()), index / 50)

        go(0)
        first = recorder.episode()
        recorder.rewind(12, False)
        assert np.array_equal(env.state(), first.states[12])
        go(12)
        again = recorder.episode()
        assert np.array_equal(first.states, again.states)
        assert np.array_equal(first.qpos, again.qpos)
        assert len(first.provenance["scene"]) == 16
        recorder.finish()
    finally:
        env.close()


def test_a_discarded_take_without_a_step_leaves_nothing(tmp_path: Path):
    recorder = Recorder(FakeEnv(), tmp_path, seed=0)
    recorder.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_trouble_and_no_end(tmp_path: Path):
    blocked = tmp_path / "takes"
    blocked.write_text("a file where the folder should be")
    env = FakeEnv()
    recorder = Recorder(env, blocked, seed=0)
    take_steps(recorder, env, 5)
    wait_until(lambda: recorder.trouble is not None)
    assert "takes cannot be written" in str(recorder.trouble)
    assert "in memory" in str(recorder.trouble)
    assert (recorder.length, recorder.durable) == (5, 0)
    blocked.unlink()
    wait_until(lambda: recorder.durable == 5)
    assert recorder.trouble is None
    assert journal_of(blocked, recorder.finish()).length == 5


def test_a_take_that_the_disk_refuses_says_how_much_is_missing_and_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("oft_demo.recording.recorder.CLOSE_SECONDS", 0.1)
    blocked = tmp_path / "takes"
    blocked.write_text("")
    env = FakeEnv()
    recorder = Recorder(env, blocked, seed=0)
    take_steps(recorder, env, 5)
    with pytest.raises(NotOnDisk, match="0 of 5 steps are on disk"):
        recorder.finish()
    blocked.unlink()
    wait_until(lambda: recorder.durable == 5)
    wait_until(lambda: read_journal(recorder.journal_path).timeline.ended)


def test_two_takes_at_once_do_not_mix(tmp_path: Path):
    taken: list[str] = []

    def record(length: int) -> None:
        taken.append(record_take(tmp_path, length))

    threads = [threading.Thread(target=record, args=(length,)) for length in (30, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(journal_of(tmp_path, take_id).length for take_id in taken) == [30, 40]


def test_an_event_may_come_before_the_first_step(tmp_path: Path):
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    recorder.event("hand_back", "to expert")
    recorder.add(make_step(env, 0, "expert"), 0.0)
    assert recorder.events[0].step == 0
    recorder.finish()


def test_a_take_that_is_as_long_as_an_episode_may_be_stops_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("oft_demo.data.hdf5.layout.MAX_LENGTH", 10)
    env = FakeEnv()
    recorder = Recorder(env, tmp_path, seed=0)
    with pytest.raises(TakeTooLong, match="10 steps"):
        take_steps(recorder, env, 11)
    assert journal_of(tmp_path, recorder.finish()).length == 10
