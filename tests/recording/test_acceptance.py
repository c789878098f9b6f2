"""Tests of acceptance: a take becomes an episode, however often that is interrupted, and is not lost where it fails."""

import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEnv
from taking import FAKE_PROGRAM, SIZE, Folder, assert_drawn, make_step, record_take, take_steps, wait_for, wait_until

from oft_demo import rollout, sim
from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.errors import InvalidData, UnknownName
from oft_demo.pictures import render_pictures
from oft_demo.recording.acceptance import Acceptance
from oft_demo.recording.accepting import TakeInUse
from oft_demo.recording.drawers import PROGRAM
from oft_demo.recording.jobs import AcceptProgress
from oft_demo.recording.recorder import Recorder
from oft_demo.types import CAMERAS, ActionChunk, Episode, Observation, Segment

Accepting = Callable[..., Acceptance]


def episodes_in(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "episodes").iterdir())


def read(data: Path, name: str) -> Episode:
    return read_episode(data / "episodes" / f"{name}.hdf5")


def states_of(acceptance: Acceptance) -> dict[str, str]:
    return {found.take_id: found.state for found in acceptance.pending()}


def test_a_take_becomes_an_episode_and_its_journal_goes(data: Path, take: str, accepting: Accepting):
    told: list[tuple[AcceptProgress, ...]] = []
    acceptance = accepting(changed=lambda: told.append(acceptance.progress()))
    acceptance.submit(take, Annotation(success=True, tags=("first",)), image_size=SIZE)
    last = wait_for(acceptance, take)
    assert (last.stage, last.episode, last.done, last.total) == ("done", "episode_0", 50, 50)
    assert "Written as episode_0: 50 steps" in last.sentence
    episode = read(data, "episode_0")
    assert (episode.length, tuple(episode.images)) == (50, CAMERAS)
    assert_drawn(episode)
    assert episode.render_fingerprint == "fake [24, 32]"
    assert episode.provenance["take"] == take
    assert json.loads(episode.provenance["annotation"]) == {"success": True, "tags": ["first"]}
    assert "recovered" not in episode.provenance
    assert list((data / "takes").iterdir()) == []
    assert episodes_in(data) == ["episode_0.hdf5"]
    stages = [each[0].stage for each in told if each]
    assert [stage for stage in dict.fromkeys(stages)] == ["waiting", "drawing", "writing", "done"]


def test_submitting_comes_back_before_anything_is_drawn(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DRAWING_SECONDS", "0.2")
    acceptance = accepting(workers=1)
    acceptance.submit(take, image_size=SIZE)
    assert acceptance.progress()[0].stage in ("waiting", "drawing")
    acceptance.submit(take, image_size=SIZE)  # asked twice, done once
    wait_for(acceptance, take)
    assert Folder(data / "episodes").names() == ["episode_0"]


class Wave:
    """A policy that moves every joint a little."""

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        rows = np.linspace(0, 0.3, 12, dtype=np.float32)[:, None]
        return ActionChunk(observation.joints + rows, instruction)


def test_the_pictures_are_those_that_the_simulation_draws(data: Path, accepting: Accepting):
    env = sim.make_env("put_x_into_pot", SIZE)
    env.reset(3)
    recorder = Recorder(env, data / "takes", seed=3)
    for step in rollout.run(Wave(), env, env.instruction, max_steps=24, cameras=()):
        recorder.add(step, step.index / 50)
    *_, drawn = render_pictures(env, recorder.episode(), image_size=SIZE)
    env.close()
    acceptance = accepting(program=PROGRAM, workers=1)
    acceptance.submit(take_id := recorder.finish(), cameras=("cam_moon",), image_size=SIZE)
    assert "no camera named 'cam_moon'" in wait_for(acceptance, take_id).sentence
    acceptance.submit(take_id, image_size=SIZE)
    assert wait_for(acceptance, take_id).stage == "done"
    episode = read(data, "episode_0")
    assert drawn.episode is not None
    for camera in CAMERAS:
        assert np.array_equal(episode.images[camera], drawn.episode.images[camera])
    assert episode.render_fingerprint == drawn.episode.render_fingerprint


@pytest.mark.parametrize(
    ("cameras", "size"), [((), SIZE), (("cam_high", "cam_high"), SIZE), (CAMERAS, (0, 10)), (CAMERAS, (5000, 5000))]
)
def test_pictures_that_cannot_be_are_refused_at_once(
    take: str, accepting: Accepting, cameras: tuple[str, ...], size: tuple[int, int]
):
    acceptance = accepting()
    with pytest.raises(InvalidData, match="choose"):
        acceptance.submit(take, cameras=cameras, image_size=size)
    assert states_of(acceptance) == {take: "aside"}


@pytest.mark.parametrize("name", ["", ".", "..", "../takes", "/etc/passwd", "20260101-000000-abcdef", "x" * 1000])
def test_what_is_no_take_is_refused(take: str, accepting: Accepting, name: str):
    acceptance = accepting()
    for ask in (acceptance.submit, acceptance.retry, acceptance.restore, acceptance.drop):
        with pytest.raises(UnknownName, match="no take named"):
            ask(name)
    assert states_of(acceptance) == {take: "aside"}


def test_a_crashed_take_is_found_and_can_be_accepted_once(data: Path, accepting: Accepting):
    crashed = record_take(data / "takes", 30, finish=False)
    acceptance = accepting()
    (found,) = acceptance.pending()
    assert (found.take_id, found.length, found.state) == (crashed, 30, "recovered")
    assert (found.seconds, found.task) == (0.6, "put_x_into_pot")
    acceptance.submit(crashed, image_size=SIZE)
    assert wait_for(acceptance, crashed).stage == "done"
    assert acceptance.pending() == ()
    assert read(data, "episode_0").provenance["recovered"] == "yes"
    acceptance.close()
    assert accepting().pending() == ()
    assert Folder(data / "episodes").names() == ["episode_0"]


def test_a_take_that_is_being_recorded_is_nobodys_to_accept(data: Path, accepting: Accepting):
    env = FakeEnv()
    recorder = Recorder(env, data / "takes", seed=0)
    take_steps(recorder, env, 5)
    wait_until(lambda: recorder.durable == 5)
    acceptance = accepting()
    assert acceptance.pending() == ()
    with pytest.raises(TakeInUse, match="still being recorded"):
        acceptance.drop(recorder.take_id)
    acceptance.submit(recorder.take_id, image_size=SIZE)
    assert "still being recorded" in wait_for(acceptance, recorder.take_id).sentence
    acceptance.submit(recorder.finish(), image_size=SIZE)
    assert wait_for(acceptance, recorder.take_id).stage == "done"


def test_a_discarded_take_can_be_taken_back_or_dropped(data: Path, accepting: Accepting):
    env = FakeEnv()
    recorder = Recorder(env, data / "takes", seed=0)
    take_steps(recorder, env, 5)
    recorder.discard()
    acceptance = accepting()
    assert states_of(acceptance) == {recorder.take_id: "discarded"}
    acceptance.restore(recorder.take_id)
    assert states_of(acceptance) == {recorder.take_id: "aside"}
    acceptance.drop(recorder.take_id)
    assert states_of(acceptance) == {}
    assert list((data / "takes").iterdir()) == []


def test_a_kept_branch_is_found_and_outlives_its_take(data: Path, accepting: Accepting):
    env = FakeEnv()
    recorder = Recorder(env, data / "takes", seed=0)
    take_steps(recorder, env, 30)
    recorder.rewind(10, keep=True)
    take_steps(recorder, env, 5)
    acceptance = accepting()
    acceptance.submit(take_id := recorder.finish(), image_size=SIZE)
    assert wait_for(acceptance, take_id).total == 15
    assert states_of(acceptance) == {f"{take_id}-b1": "branch"}
    acceptance.submit(f"{take_id}-b1", image_size=SIZE)
    assert wait_for(acceptance, f"{take_id}-b1").total == 30
    assert_drawn(read(data, "episode_1"))


def test_an_unreadable_journal_is_listed_and_left_alone(data: Path, take: str, accepting: Accepting):
    journal = data / "takes" / take / "journal"
    journal.write_bytes(b"x" * journal.stat().st_size)
    acceptance = accepting()
    assert states_of(acceptance) == {take: "damaged"}
    acceptance.submit(take, image_size=SIZE)
    assert "whole first record" in wait_for(acceptance, take).sentence
    assert journal.exists()


def test_a_closed_acceptance_is_gone_on_with_at_the_next_start(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DRAWING_SECONDS", "0.3")
    first = accepting(workers=1)
    first.submit(take, Annotation(notes="kept over the restart"), image_size=SIZE)
    wait_until(lambda: first.progress()[0].done >= 20)
    first.close()
    assert len(list((data / "takes" / take / "drawing").glob("*.block"))) in (1, 2)
    monkeypatch.delenv("FAKE_DRAWING_SECONDS")
    drawn = {path.name: path.stat().st_mtime_ns for path in (data / "takes" / take / "drawing").glob("*.block")}
    monkeypatch.setattr("oft_demo.recording.accepting.erase", lambda folder: None)
    assert wait_for(accepting(), take).stage == "done"
    for name, when in drawn.items():
        assert (data / "takes" / take / "drawing" / name).stat().st_mtime_ns == when
    assert "kept over the restart" in read(data, "episode_0").provenance["annotation"]
    assert_drawn(read(data, "episode_0"))


def test_what_was_drawn_in_another_way_is_drawn_again(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DRAWING_SECONDS", "0.2")
    acceptance = accepting(workers=1)
    acceptance.submit(take, image_size=SIZE)
    wait_until(lambda: acceptance.progress()[0].done >= 20)
    acceptance.close()
    (data / "takes" / take / "accept.json").unlink()
    monkeypatch.delenv("FAKE_DRAWING_SECONDS")
    again = accepting()
    again.submit(take, cameras=("cam_high",), image_size=(20, 16))
    assert wait_for(again, take).stage == "done"
    episode = read(data, "episode_0")
    assert episode.images.keys() == {"cam_high"}
    assert episode.images["cam_high"].shape == (50, 20, 16, 3)
    assert_drawn(episode)


def test_a_drawing_process_that_dies_is_replaced(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DRAWING_DIES", str(data / "die.once"))
    (data / "die.once").touch()
    acceptance = accepting()
    acceptance.submit(take, image_size=SIZE)
    assert wait_for(acceptance, take).stage == "done"
    assert not (data / "die.once").exists()
    assert_drawn(read(data, "episode_0"))


def test_drawing_processes_that_always_die_end_in_a_sentence_and_a_kept_take(
    data: Path, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    take = record_take(data / "takes", 10)
    monkeypatch.setenv("FAKE_DRAWING_DIES", str(data / "die"))
    (data / "die").touch()
    acceptance = accepting(workers=1)
    acceptance.submit(take, Annotation(quality=4), image_size=SIZE)
    failed = wait_for(acceptance, take)
    assert (failed.stage, failed.episode) == ("failed", None)
    assert "ended 3 times" in failed.sentence
    assert acceptance.pending() == ()  # it is in the list of those in work
    (data / "die").unlink()
    acceptance.retry(take)
    assert wait_for(acceptance, take).stage == "done"
    assert '"quality": 4' in read(data, "episode_0").provenance["annotation"]


def test_a_disk_that_is_full_while_drawing_ends_in_a_sentence_and_a_kept_take(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DRAWING_ERRNO", str(errno.ENOSPC))
    acceptance = accepting()
    acceptance.submit(take, image_size=SIZE)
    failed = wait_for(acceptance, take)
    assert failed.stage == "failed"
    assert "full" in failed.sentence
    assert not (data / "episodes").exists()
    acceptance.close()
    monkeypatch.delenv("FAKE_DRAWING_ERRNO")
    assert wait_for(accepting(), take).stage == "done"


def test_two_apps_that_accept_at_once_write_every_take_once(data: Path, accepting: Accepting):
    takes = [record_take(data / "takes", 20 + number) for number in range(4)]
    first, second = accepting(), accepting()
    for number, take in enumerate(takes):
        (first, second)[number % 2].submit(take, image_size=SIZE)
    for number, take in enumerate(takes):
        assert wait_for((first, second)[number % 2], take).stage == "done"
    lengths = [read(data, name).length for name in Folder(data / "episodes").names()]
    assert sorted(lengths) == [20, 21, 22, 23]


def test_one_take_accepted_by_two_apps_becomes_one_episode(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DRAWING_SECONDS", "0.2")
    first, second = accepting(), accepting()
    first.submit(take, image_size=SIZE)
    wait_until(lambda: first.progress()[0].stage == "drawing")
    wait_until(lambda: (data / "takes" / take / "lock").exists())
    second.submit(take, image_size=SIZE)
    assert "another process" in wait_for(second, take).sentence
    assert wait_for(first, take).stage == "done"
    assert Folder(data / "episodes").names() == ["episode_0"]


def test_a_reader_never_sees_half_a_file(data: Path, accepting: Accepting):
    takes = [record_take(data / "takes", 40) for _ in range(3)]
    acceptance = accepting()
    for take in takes:
        acceptance.submit(take, image_size=(96, 128))
    while any(each.stage != "done" for each in acceptance.progress()):
        assert not any(each.stage == "failed" for each in acceptance.progress())
        for path in (data / "episodes").glob("*.hdf5"):
            assert read_episode(path).length == 40
    assert len(episodes_in(data)) == 3


def test_a_take_whose_file_was_written_before_a_crash_is_not_written_again(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("oft_demo.recording.accepting.erase", lambda folder: (_ for _ in ()).throw(OSError(5, "crash")))
    acceptance = accepting()
    acceptance.submit(take, image_size=SIZE)
    assert wait_for(acceptance, take).stage == "failed"
    acceptance.close()
    monkeypatch.undo()
    assert wait_for(accepting(), take).episode == "episode_0"
    assert Folder(data / "episodes").names() == ["episode_0"]
    assert list((data / "takes").iterdir()) == []


def test_a_take_whose_labels_failed_is_not_written_again(
    data: Path, take: str, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*arguments: object) -> None:
        raise InvalidData("The catalogue is damaged.")

    monkeypatch.setattr(Folder, "annotate", refuse)
    acceptance = accepting()
    acceptance.submit(take, Annotation(quality=2), image_size=SIZE)
    assert wait_for(acceptance, take).sentence == "The catalogue is damaged."
    acceptance.retry(take)
    assert wait_for(acceptance, take).stage == "failed"
    monkeypatch.undo()
    acceptance.submit(take, Annotation(quality=3), image_size=SIZE)
    assert wait_for(acceptance, take).episode == "episode_0"
    assert Folder(data / "episodes").names() == ["episode_0"]


def test_a_take_in_which_the_simulation_broke_down_is_kept_until_there(data: Path, accepting: Accepting):
    env = FakeEnv()
    recorder = Recorder(env, data / "takes", seed=0)
    take_steps(recorder, env, 10)
    env.joints = np.full(14, np.nan, np.float32)
    recorder.add(make_step(env, 10), 0.2)
    acceptance = accepting()
    acceptance.submit(take_id := recorder.finish(), image_size=SIZE)
    assert wait_for(acceptance, take_id).total == 10
    assert [event.kind for event in read(data, "episode_0").events] == ["cut", "rewind"]


def test_empty_takes_and_halves_of_files_are_swept_up_when_they_are_old(data: Path, accepting: Accepting):
    record_take(data / "takes", 0, finish=False)
    (data / "episodes").mkdir()
    part = data / "episodes" / "episode_3.hdf5.part"
    part.write_bytes(b"half")
    accepting().close()
    assert part.exists()
    assert len(list((data / "takes").iterdir())) == 1
    long_ago = time.time() - 7200
    for path in (part, *(data / "takes").iterdir()):
        os.utime(path, (long_ago, long_ago))
    acceptance = accepting()
    assert acceptance.pending() == ()
    assert not part.exists()
    assert list((data / "takes").iterdir()) == []


def test_an_order_that_makes_no_sense_is_carried_out_as_far_as_it_does(data: Path, take: str, accepting: Accepting):
    order = {
        "annotation": {"success": "yes", "quality": 3, "tags": ["a"], "segments": [{"start": 0}], "more": 1},
        "view": {"cameras": ["cam_high"], "image_size": list(SIZE)},
        "episode": "../../etc/passwd",
    }
    (data / "takes" / take / "accept.json").write_text(json.dumps(order))
    acceptance = accepting()
    assert wait_for(acceptance, take).episode == "episode_0"
    annotation = json.loads(read(data, "episode_0").provenance["annotation"])
    assert annotation == {"quality": 3, "tags": ["a"]}


def test_labels_reach_the_catalogue(data: Path, take: str):
    catalog = Catalog(data / "episodes")
    acceptance = Acceptance(catalog, data / "takes", program=FAKE_PROGRAM)
    said = Annotation(success=False, tags=("a", "b"), notes="slow", segments=(Segment(0, 50, "reach"),))
    acceptance.submit(take, said, image_size=SIZE)
    name = wait_for(acceptance, take).episode
    acceptance.close()
    assert name is not None
    assert catalog.entry(name).annotation == said
    assert catalog.entry(name).success is False
    catalog.close()
