"""`python -m oft_demo import`, as the command line calls it."""

from pathlib import Path

import pytest
import tyro
from data.hostile_making import LENGTH, truncated, write_good

from oft_demo.data.catalog import Catalog
from oft_demo.errors import OftDemoError
from oft_demo.import_command import ImportOptions, NoFiles, main


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a good file, a damaged one below, and one that is no episode file."""
    folder = tmp_path / "put_the_corn_away"
    (folder / "more").mkdir(parents=True)
    write_good(folder / "episode_0.hdf5")
    truncated(0.5)(folder / "more" / "episode_1.hdf5")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def call(*arguments: object) -> int:
    return main(tyro.cli(ImportOptions, args=[str(argument) for argument in arguments]))


def test_good_files_are_added_and_bad_ones_named(source: Path, tmp_path: Path, capsys):
    bad = source / "more" / "episode_1.hdf5"
    before = bad.read_bytes()
    assert call(source, "--into", tmp_path / "data", "--task", "sorting", "--by", "ada") == 1
    said = capsys.readouterr()
    assert f"{source / 'episode_0.hdf5'} -> episode_0" in said.out
    assert f"1 episodes added to {tmp_path / 'data'}, 1 files refused and left alone" in said.out
    assert f"{bad}: refused. Cannot read the episode episode_1.hdf5: found a damaged file" in said.err
    assert bad.read_bytes() == before
    episode = Catalog(tmp_path / "data").read("episode_0")
    assert (episode.task, episode.instruction, episode.source) == ("sorting", "put the corn away", "human")


def test_words_may_be_given(source: Path, tmp_path: Path):
    words = "put the corn into the pot"
    assert call(source / "episode_0.hdf5", "--into", tmp_path / "data", "--instruction", words) == 0
    assert Catalog(tmp_path / "data").summary("episode_0").instruction == words


def test_a_file_that_was_added_before_is_not_added_again(source: Path, tmp_path: Path, capsys):
    for status in (0, 1):
        assert call(source / "episode_0.hdf5", "--into", tmp_path / "data") == status
    assert "there already, as episode_0" in capsys.readouterr().err
    assert len(Catalog(tmp_path / "data").episodes()) == 1


def test_a_look_adds_nothing(source: Path, tmp_path: Path, capsys):
    assert call(source, "--into", tmp_path / "data", "--check") == 1
    said = capsys.readouterr()
    assert f"episode_0.hdf5: {LENGTH} steps at 50 Hz, cam_high, cam_left_wrist" in said.out
    assert "episode_1.hdf5: refused." in said.err
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_missing_is_named(tmp_path: Path, capsys):
    assert call(tmp_path / "missing.hdf5", "--into", tmp_path / "data") == 1
    assert "missing.hdf5: found no such file" in capsys.readouterr().err


def test_a_folder_without_episodes_is_an_error(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoFiles, match=r"no \.hdf5 files"):
        call(tmp_path / "empty", "--into", tmp_path / "data")


def test_an_instruction_that_no_policy_reads_is_an_error(source: Path, tmp_path: Path):
    with pytest.raises(OftDemoError, match="The instruction is empty"):
        call(source, "--into", tmp_path / "data", "--instruction", " ")
