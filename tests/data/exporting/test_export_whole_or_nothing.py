"""An export is there when it is whole; Stop, a full disk and kill -9 leave nothing to be seen."""

import gc
import os
import signal
import subprocess
import sys
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from oft_demo.data.exporting import FORMATS, CannotExport, ExportOptions, export
from oft_demo.data.exporting.folder import appearing_folder

MEGABYTE = 2**20
KILLED = """
import sys
sys.path[:0] = [{tests!r}]
from pathlib import Path
from conftest import make_example
from oft_demo.data.exporting import ExportOptions, export
import numpy as np, resource

class Noisy:
    def __init__(self, example):
        self.name, self.episode, self.cameras = example.name, example.episode, example.cameras
        self.annotation = example.annotation
    def frames(self, every=1):
        random = np.random.default_rng(0)
        for _ in range(0, self.episode.length, every):
            yield {{camera: random.integers(0, 255, (480, 640, 3), dtype=np.uint8) for camera in self.cameras}}

limit = {limit}
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for progress in export([Noisy(make_example(0, length=200))], ExportOptions({form!r}, Path({out!r}))):
        print(progress.done, flush=True)
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""


def start(form, out, limit=0):
    code = KILLED.format(tests=str(Path(__file__).parent), form=form, out=str(out), limit=limit)
    root = Path(__file__).resolve().parents[3]
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root)


@pytest.mark.parametrize("form", FORMATS)
def test_stop_leaves_nothing(tmp_path, example, form):
    steps = export([example(0), example(1)], ExportOptions(form, tmp_path / "out"))
    while next(steps).done < 8:
        assert not (tmp_path / "out").exists()
    steps.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_pictures_that_end_too_early_leave_nothing(tmp_path, example, form):
    whole = example(1)

    @dataclass(frozen=True)
    class Cut:
        name = whole.name
        episode = whole.episode
        annotation = whole.annotation
        cameras = whole.cameras

        def frames(self, every=1):
            for step, frame in enumerate(whole.frames(every)):
                if step == 3:
                    return
                yield frame

    with pytest.raises(CannotExport, match="found 3 or more moments with pictures; expected 6"):
        list(export([example(0), Cut()], ExportOptions(form, tmp_path / "out")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["act", "lerobot", "robomimic"])
def test_a_full_disk_is_said_plainly_and_leaves_nothing(tmp_path, form):
    process = start(form, tmp_path / "out", limit=5 * MEGABYTE)
    said, _ = process.communicate(timeout=120)
    assert said.splitlines()[-1].startswith("WriteFailed Cannot write the export to out: the disk is full")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_export_is_not_seen_and_cleared_away_by_the_next(tmp_path, example):
    process = start("act", tmp_path / "out")
    for line in process.stdout:
        if int(line) > 5:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [path.name for path in tmp_path.iterdir()] == [".out.part"]
    *_, last = export([example(0)], ExportOptions("act", tmp_path / "out"))
    assert last.report.ok
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["episode_0.hdf5", "manifest.jsonl"]


def test_nothing_is_replaced(tmp_path, example):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(CannotExport, match="not an empty directory"):
        list(export([example(0)], ExportOptions("act", tmp_path / "out")))
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
    (tmp_path / "out" / "mine.txt").unlink()
    assert [*export([example(0)], ExportOptions("act", tmp_path / "out"))][-1].report.ok


def test_what_appears_meanwhile_is_not_replaced_either(tmp_path, example):
    steps = export([example(0)], ExportOptions("act", tmp_path / "out"))
    next(steps)
    next(steps)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(CannotExport, match="not an empty directory"):
        list(steps)
    assert (tmp_path / "out").read_text() == "mine"


def test_two_exports_to_one_place_do_not_mix(tmp_path, example):
    first = export([example(0)], ExportOptions("act", tmp_path / "out"))
    next(first)
    next(first)
    with pytest.raises(CannotExport, match="Another export to out is running"):
        list(export([example(1)], ExportOptions("act", tmp_path / "out")))
    assert [*first][-1].report.ok


def test_links_are_not_followed_when_a_place_is_cleared(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    (tmp_path / ".out.part").mkdir()
    os.symlink(tmp_path / "precious", tmp_path / ".out.part" / "link")
    with appearing_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "precious" / "file").read_text() == "kept"


def test_nothing_to_export_is_said_before_anything_is_made(tmp_path):
    with pytest.raises(CannotExport, match="no episode"):
        list(export([], ExportOptions("act", tmp_path / "out")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_few_pictures_are_in_memory_at_a_time(tmp_path, example, form):
    whole, alive, most = example(0, length=40), [0], [0]

    @dataclass(frozen=True)
    class Counted:
        name: str = whole.name
        episode: object = field(default=whole.episode)
        annotation: object = field(default=whole.annotation)
        cameras: tuple = whole.cameras

        def frames(self, every=1):
            for _ in range(0, whole.episode.length, every):
                frame = {camera: np.zeros((480, 640, 3), np.uint8) for camera in self.cameras}
                for picture in frame.values():
                    alive[0] += 1
                    weakref.finalize(picture, lambda: alive.__setitem__(0, alive[0] - 1))
                most[0] = max(most[0], alive[0])
                yield frame

    list(export([Counted()], ExportOptions(form, tmp_path / "out")))
    gc.collect()
    assert most[0] <= 3 * len(whole.cameras)
