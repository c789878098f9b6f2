"""`python -m oft_demo export`, as the command line calls it."""

import json
from pathlib import Path

import numpy as np
import pytest
import tyro

from oft_demo.data.hdf5.writing import write_episode
from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.export_command import ExportOptions, main
from oft_demo.types import Episode


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four episodes of states; the second and the fourth failed."""
    for number in range(4):
        joints = np.full((3, 14), number, np.float32)
        episode = Episode(
            task="put_x_into_pot",
            instruction="put the corn into the pot" if number < 3 else "put the red pepper into the pot",
            seed=number,
            success=number % 2 == 0,
            source="human",
            qpos=joints,
            qvel=joints,
            effort=joints,
            action=joints,
            applied=joints,
            states=np.zeros((3, 0)),
            valid=np.ones(3, np.bool_),
        )
        write_episode(tmp_path / "data" / f"episode_{number}.hdf5", episode)
    return tmp_path / "data"


def call(*arguments: str) -> int:
    return main(tyro.cli(ExportOptions, args=arguments))


def exported_names(out: Path) -> list[str]:
    return [json.loads(line)["episode"] for line in (out / "manifest.jsonl").read_text().splitlines()]


def robomimic(source: Path, out: Path, *more: str) -> int:
    return call("--format", "robomimic", "--source", str(source), "--out", str(out), "--no-pictures", *more)


def test_it_writes_and_prints_what_the_validator_says(source: Path, tmp_path: Path, capsys):
    assert robomimic(source, tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "robomimic: can be read; checked for robomimic" in said
    assert "note: episode_1, episode_3: is labelled as a failure" in said
    assert f"4 episodes in {tmp_path / 'out'}" in said
    assert exported_names(tmp_path / "out") == ["episode_0", "episode_1", "episode_2", "episode_3"]


@pytest.mark.parametrize(
    ("more", "names"),
    [
        (["--only-successes"], ["episode_0", "episode_2"]),
        (["--episodes", "episode_3", "episode_0"], ["episode_0", "episode_3"]),
        (["--instruction", "put the red pepper into the pot"], ["episode_3"]),
    ],
)
def test_episodes_can_be_chosen(source: Path, tmp_path: Path, more, names):
    assert robomimic(source, tmp_path / "out", *more) == 0
    assert exported_names(tmp_path / "out") == names


def test_an_export_can_be_checked_later(source: Path, tmp_path: Path, capsys):
    robomimic(source, tmp_path / "out")
    assert call("--format", "robomimic", "--check", str(tmp_path / "out")) == 0
    (tmp_path / "out" / "demo.hdf5").write_bytes(b"no")
    assert call("--format", "robomimic", "--check", str(tmp_path / "out")) == 1
    assert "CANNOT be read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--hz", "30"], "30 Hz"),
        (["--validation-share", "1"], "share"),
        (["--picture-size", "0", "10"], "size of pictures"),
        (["--instruction", "fold"], "no episode to export"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_made(source: Path, tmp_path: Path, more, said):
    with pytest.raises(OftDemoError, match=said):
        robomimic(source, tmp_path / "out", *more)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_names_are_looked_up_and_never_paths(source: Path, tmp_path: Path):
    with pytest.raises(UnknownName):
        robomimic(source, tmp_path / "out", "--episodes", "../data/episode_0")


def test_a_directory_has_to_be_named(source: Path):
    with pytest.raises(OftDemoError, match="--out DIR"):
        call("--format", "act", "--source", str(source))
