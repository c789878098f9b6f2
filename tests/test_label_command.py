"""`python -m oft_demo label`, as the command line calls it."""

from pathlib import Path

import pytest
import tyro
from test_cli import write_example

from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.entries import Entry, InvalidLabel, LabelConflict
from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.label_command import LabelOptions, NothingToSay, main

NAMES = ("episode_0", "episode_1", "episode_2")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in NAMES:
        write_example(tmp_path / "data" / f"{name}.hdf5")
    return tmp_path / "data"


def call(data: Path, *arguments: object) -> int:
    return main(tyro.cli(LabelOptions, args=["--directory", str(data), *map(str, arguments)]))


def entry(data: Path, name: str) -> Entry:
    catalog = Catalog(data)
    try:
        return catalog.entry(name)
    finally:
        catalog.close()


def test_several_episodes_are_labelled_at_once(data: Path):
    files = {path.name: path.read_bytes() for path in data.glob("*.hdf5")}
    labels = ["--success", "no", "--quality", 2, "--notes", "dropped it", "--instruction", "lift the corn"]
    more = ["--tag", "dropped", "left", "--operator", "Zoë", "--stage-score", 25, "--paraphrase", "raise the corn"]
    assert call(data, "--episodes", *NAMES[:2], *labels, *more) == 0
    for name in NAMES[:2]:
        found = entry(data, name)
        said = found.annotation
        assert (found.success, found.success_automatic, found.summary.instruction) == (False, True, "lift the corn")
        assert (said.quality, said.notes, said.tags, said.operator) == (2, "dropped it", ("dropped", "left"), "Zoë")
        assert (said.stage_score, said.paraphrases) == (25, ("raise the corn",))
    assert entry(data, NAMES[2]).annotation == Annotation()
    assert {path.name: path.read_bytes() for path in data.glob("*.hdf5")} == files


def test_all_that_are_found_are_labelled(data: Path):
    call(data, "--episodes", "episode_1", "--notes", "gripper slips")
    assert call(data, "--search", "slips", "--tag", "checked") == 0
    assert [entry(data, name).annotation.tags for name in NAMES] == [(), ("checked",), ()]


def test_a_label_is_taken_back_and_given_again(data: Path, capsys):
    call(data, "--episodes", "episode_0", "--success", "no", "--by", "ada")
    assert call(data, "--undo", "--by", "ada") == 0
    assert entry(data, "episode_0").success
    assert call(data, "--redo", "--by", "ada") == 0
    assert not entry(data, "episode_0").success
    said = capsys.readouterr().out
    assert "undone: " in said
    assert "done again: " in said


def test_a_verdict_by_hand_can_be_withdrawn(data: Path):
    call(data, "--episodes", "episode_0", "--success", "no")
    call(data, "--episodes", "episode_0", "--success", "")
    assert entry(data, "episode_0").annotation.success is None
    assert entry(data, "episode_0").success


def test_nobody_takes_back_what_somebody_else_changed_since(data: Path):
    call(data, "--episodes", "episode_0", "--quality", 1, "--by", "ada")
    call(data, "--episodes", "episode_0", "--quality", 5, "--by", "ben")
    with pytest.raises(LabelConflict, match="ben changed quality"):
        call(data, "--undo", "--by", "ada")
    assert entry(data, "episode_0").annotation.quality == 5


def test_nothing_to_take_back_is_said(data: Path, capsys):
    assert call(data, "--undo") == 0
    assert capsys.readouterr().out == "nothing was changed\n"


def test_episodes_go_to_the_bin_and_come_back(data: Path):
    call(data, "--episodes", "episode_1", "--delete")
    assert entry(data, "episode_1").deleted
    assert (data / "episode_1.hdf5").exists()
    call(data, "--search", "corn", "--restore")
    assert not entry(data, "episode_1").deleted


def test_tags_are_taken_away(data: Path):
    call(data, "--episodes", "episode_0", "--tag", "one", "two")
    call(data, "--episodes", "episode_0", "--untag", "one")
    assert entry(data, "episode_0").annotation.tags == ("two",)


def test_the_history_is_listed(data: Path, capsys):
    call(data, "--episodes", "episode_0", "--quality", 3, "--by", "ada")
    call(data, "--undo", "--by", "ada")
    capsys.readouterr()
    assert call(data, "--history") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "ada: " in line
    assert line.endswith("(undone)")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--episodes", "episode_0"], NothingToSay, "Nothing is to be changed"),
        (["--quality", "3"], OftDemoError, "Say which episodes"),
        (["--episodes", "episode_0", "--quality", "6"], InvalidLabel, "quality"),
        (["--episodes", "episode_0", "--success", "maybe"], UnknownName, "no verdict named 'maybe'"),
        (["--episodes", "../../secret", "--quality", "3"], UnknownName, "no episode named"),
        (["--search", "spaceship", "--quality", "3"], OftDemoError, "has the words 'spaceship'"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_changed(
    data: Path, arguments: list[str], error: type[OftDemoError], message: str
):
    before = entry(data, "episode_0")
    with pytest.raises(error, match=message):
        call(data, *arguments)
    assert entry(data, "episode_0") == before


def test_one_unknown_name_among_several_changes_nothing(data: Path):
    with pytest.raises(UnknownName):
        call(data, "--episodes", "episode_0", "episode_9", "--quality", 3)
    assert entry(data, "episode_0").annotation.quality is None


def test_a_directory_that_is_missing_is_not_made(tmp_path: Path):
    with pytest.raises(UnknownName, match="directory"):
        call(tmp_path / "nowhere", "--episodes", "episode_0", "--quality", 3)
    assert not (tmp_path / "nowhere").exists()
