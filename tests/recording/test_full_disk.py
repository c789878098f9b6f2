"""Tests of disks that are full or refuse, at each stage: a clear sentence, and the take stays."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import FakeEnv
from taking import FAKE_PROGRAM, SIZE, Folder, assert_drawn, record_take, take_steps, wait_for, wait_until

from oft_demo.data.hdf5.reading import read_episode
from oft_demo.recording import accepting
from oft_demo.recording.acceptance import Acceptance
from oft_demo.recording.journal import read_journal
from oft_demo.recording.recorder import NotOnDisk, Recorder

LARGE = (96, 128)  # 50 steps of three cameras are half a megabyte when packed


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, leave: int = 0) -> None:
    """Leave no more bytes than that."""
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - leave))


@pytest.fixture
def start() -> Iterator[Callable[[Path, Path], Acceptance]]:
    """Starts an acceptance of folders that may lie on different disks."""
    started: list[Acceptance] = []

    def begin(episodes: Path, takes: Path) -> Acceptance:
        started.append(Acceptance(Folder(episodes), takes, program=FAKE_PROGRAM))
        return started[-1]

    yield begin
    for acceptance in started:
        acceptance.close()


def test_a_take_outgrows_its_disk_and_is_whole_again_when_there_is_room(disk: Path):
    (disk / "filler").write_bytes(bytes(400 * 1024))
    env = FakeEnv()
    recorder = Recorder(env, disk / "takes", seed=0)

    def full() -> bool:
        take_steps(recorder, env, 50)
        return recorder.trouble is not None

    wait_until(full)
    assert "disk of the folder takes is full" in str(recorder.trouble)
    length = recorder.length
    assert 0 <= recorder.durable < length
    assert read_journal(recorder.journal_path).timeline.length < length
    assert recorder.episode().length == length
    (disk / "filler").unlink()
    take_steps(recorder, env, 5)
    wait_until(lambda: recorder.durable == length + 5)
    assert recorder.trouble is None
    recorder.finish()
    contents = read_journal(recorder.journal_path)
    assert (contents.timeline.length, contents.lost_bytes) == (length + 5, 0)


def test_a_take_that_ends_on_a_full_disk_keeps_what_is_there(disk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("oft_demo.recording.recorder.CLOSE_SECONDS", 0.1)
    env = FakeEnv()
    recorder = Recorder(env, disk / "takes", seed=0)
    take_steps(recorder, env, 100)
    wait_until(lambda: recorder.durable == 100)
    fill(disk)
    take_steps(recorder, env, 200)
    with pytest.raises(NotOnDisk, match=r"of 300 steps are on disk\. The disk of the folder takes is full"):
        recorder.finish()
    assert read_journal(recorder.journal_path).timeline.length >= 100
    (disk / "filler").unlink()
    wait_until(lambda: read_journal(recorder.journal_path).timeline.ended)
    assert read_journal(recorder.journal_path).timeline.length == 300


def test_drawing_that_fills_the_disk_goes_on_when_there_is_room(
    tmp_path: Path, disk: Path, start: Callable[[Path, Path], Acceptance]
):
    take = record_take(disk / "takes", 50)
    fill(disk, leave=24 * 1024)
    acceptance = start(tmp_path / "episodes", disk / "takes")
    acceptance.submit(take, image_size=LARGE)
    failed = wait_for(acceptance, take)
    assert failed.stage == "failed"
    assert "is full" in failed.sentence
    assert read_journal(disk / "takes" / take / "journal").timeline.length == 50
    assert not list((tmp_path / "episodes").glob("*"))
    (disk / "filler").unlink()
    acceptance.retry(take)
    assert wait_for(acceptance, take).stage == "done"


@pytest.mark.parametrize("looked", [True, False])
def test_an_episode_that_does_not_fit_its_disk_is_not_there_at_all(
    tmp_path: Path,
    disk: Path,
    start: Callable[[Path, Path], Acceptance],
    monkeypatch: pytest.MonkeyPatch,
    looked: bool,
):
    if not looked:  # somebody else fills the disk after that
        monkeypatch.setattr(accepting.shutil, "disk_usage", lambda path: SimpleNamespace(free=2**40))
    (disk / "filler").write_bytes(bytes(400 * 1024))
    take = record_take(tmp_path / "takes", 50)
    acceptance = start(disk / "episodes", tmp_path / "takes")
    acceptance.submit(take, image_size=LARGE)
    failed = wait_for(acceptance, take)
    assert failed.stage == "failed"
    assert "disk of the folder episodes is full" in failed.sentence
    assert "What was recorded is kept" in failed.sentence
    assert not list((disk / "episodes").glob("*"))
    monkeypatch.undo()
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
    acceptance.retry(take)
    assert wait_for(acceptance, take).stage == "done"
    assert_drawn(read_episode(disk / "episodes" / "episode_0.hdf5"))


@pytest.mark.parametrize(
    ("call", "number"),
    [("fsync", errno.EIO), ("fsync", errno.ENOSPC), ("link", errno.EPERM), ("rename", errno.EROFS)],
)
def test_a_disk_that_refuses_any_call_while_an_episode_is_written_leaves_the_take(
    tmp_path: Path,
    start: Callable[[Path, Path], Acceptance],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
):
    take = record_take(tmp_path / "takes", 10)
    acceptance = start(tmp_path / "episodes", tmp_path / "takes")
    real = getattr(os, call)

    def refuse(*arguments: object, **options: object) -> object:
        if (tmp_path / "episodes").exists():
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, refuse)
    acceptance.submit(take, image_size=SIZE)
    last = wait_for(acceptance, take)
    monkeypatch.undo()
    if call != "link":  # without hard links it is renamed
        assert last.stage == "failed"
        assert ("full" if number == errno.ENOSPC else "cannot be written") in last.sentence
        assert not list((tmp_path / "episodes").glob("*.hdf5"))
        acceptance.retry(take)
    assert wait_for(acceptance, take).stage == "done"
    assert read_episode(tmp_path / "episodes" / "episode_0.hdf5").length == 10


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, start: Callable[[Path, Path], Acceptance]):
    take = record_take(tmp_path / "takes", 10)
    (tmp_path / "episodes").write_text("a file where the folder should be")
    acceptance = start(tmp_path / "episodes", tmp_path / "takes")
    acceptance.submit(take, image_size=SIZE)
    failed = wait_for(acceptance, take)
    assert failed.stage == "failed"
    assert "folder episodes cannot be written" in failed.sentence
    (tmp_path / "episodes").unlink()
    acceptance.retry(take)
    assert wait_for(acceptance, take).stage == "done"
