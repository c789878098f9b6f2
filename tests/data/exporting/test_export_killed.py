"""kill -9 at any moment of an export: there is nothing, or all of it, and the next attempt goes through."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oft_demo.data.exporting import FORMATS, validate
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.types import CAMERAS, Episode

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 5.0  # [s] until it is killed; on an idle machine an export of these takes about three


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Two episodes with pictures."""
    folder = tmp_path_factory.mktemp("recorded")
    for number in range(2):
        joints = np.full((25, 14), number, np.float32)
        levels = np.arange(25, dtype=np.uint8)[:, None, None, None]
        episode = Episode(
            task="",
            instruction="put the corn into the pot",
            seed=number,
            success=True,
            source="human",
            qpos=joints,
            qvel=joints,
            effort=joints,
            action=joints,
            applied=joints,
            states=np.zeros((25, 0)),
            valid=np.ones(25, np.bool_),
            images={camera: np.zeros((25, 480, 640, 3), np.uint8) + levels for camera in CAMERAS},
        )
        write_episode(folder / f"episode_{number}.hdf5", episode)
    return folder


def start(form: str, source: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "oft_demo", "export", "--format", form, "--source", str(source), "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)


def test_an_export_is_whole_or_not_there(source: Path, tmp_path: Path, round_number: int):
    chance = random.Random(round_number)
    form, out = FORMATS[round_number % len(FORMATS)], tmp_path / "out"
    recorded = {path.name: path.read_bytes() for path in source.glob("*.hdf5")}
    process = start(form, source, out)
    try:
        process.wait(timeout=chance.uniform(0.2, LONGEST))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if out.exists():
        assert validate(form, out).ok
    else:
        assert start(form, source, out).wait(timeout=120) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.name: path.read_bytes() for path in source.glob("*.hdf5")} == recorded
