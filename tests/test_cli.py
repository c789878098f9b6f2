"""Tests of the command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oft_demo import cli
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.types import Episode


def write_example(path: Path) -> None:
    joints = np.zeros((3, 14), np.float32)
    episode = Episode(
        task="put_x_into_pot",
        instruction="put the corn into the pot",
        seed=4,
        success=True,
        source="expert",
        qpos=joints,
        qvel=joints,
        effort=joints,
        action=joints,
        applied=joints,
        states=np.zeros((3, 0)),
        valid=np.ones(3, np.bool_),
        score=100.0,
    )
    write_episode(path, episode)


def test_help_lists_the_subcommands_and_imports_nothing_heavy():
    code = (
        "import sys; from oft_demo.cli import main; status = main(['--help']);"
        "assert not {'numpy', 'mujoco', 'torch', 'h5py', 'tyro'} & set(sys.modules); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in cli.SUBCOMMANDS)


def test_the_module_can_be_run():
    done = subprocess.run([sys.executable, "-m", "oft_demo", "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no subcommand named 'fly'. Choose one of: check-parity, episodes,")


@pytest.mark.parametrize("name", cli.SUBCOMMANDS)
def test_every_subcommand_explains_itself(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert f"python -m oft_demo {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["record", "--out", "nowhere"], "either --expert or --policy"),
        (["record", "--out", "nowhere", "--expert", "--policy", "x"], "either --expert or --policy"),
        (["record", "--out", "nowhere", "--expert", "--task", "fold"], "no task named 'fold'"),
        (["record", "--out", "nowhere", "--expert", "--episodes", "0"], "0 episodes"),
        (["record", "--out", "nowhere", "--policy", "missing"], "no policy named 'missing'"),
        (["replay", "missing.hdf5"], "missing.hdf5: found no such file"),
    ],
)
def test_errors_are_one_line_and_no_traceback(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith("error: ")
    assert message in said
    assert list(tmp_path.iterdir()) == []


def test_episodes_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_example(tmp_path / "episode_0.hdf5")
    assert cli.main(["episodes", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "episode_0: put_x_into_pot, seed 4, expert, success, 100/100, 0.1 s, states only" in said
    (tmp_path / "episode_1.hdf5").write_bytes(b"no")
    assert cli.main(["episodes", str(tmp_path)]) == 1
    assert "episode_1" in capsys.readouterr().err


def test_expert_episodes_are_recorded_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "corn"
    words = ["--instruction", "put the yellow corn into the pot"]
    assert cli.main(["record", "--expert", "--no-pictures", "--episodes", "1", "--out", str(out), *words]) == 0
    assert "1 episodes" in capsys.readouterr().out
    assert cli.main(["episodes", str(out)]) == 0
    assert '"put the yellow corn into the pot"' in capsys.readouterr().out
