"""`python -m oft_demo episodes`, as the command line calls it."""

from pathlib import Path

import pytest
import tyro
from test_cli import write_example

from oft_demo.data.catalog import Catalog
from oft_demo.episodes_command import EpisodesOptions, episodes

COUNT = 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three episodes; people say of the second that it failed."""
    for number in range(COUNT):
        write_example(tmp_path / f"episode_{number}.hdf5")
    catalog = Catalog(tmp_path)
    catalog.annotate("episode_1", {"success": False, "notes": "dropped it"})
    catalog.add_tags("episode_1", ["again"])
    catalog.close()
    return tmp_path


def listed(data: Path, capsys, *arguments: str) -> list[str]:
    """The names that are printed; the totals come last."""
    assert episodes(tyro.cli(EpisodesOptions, args=[str(data), *arguments])) == 0
    *lines, _ = capsys.readouterr().out.splitlines()
    return [line.split(":")[0] for line in lines]


def test_all_are_listed_in_order_with_the_totals(data: Path, capsys):
    assert episodes(tyro.cli(EpisodesOptions, args=[str(data)])) == 0
    *lines, totals = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["episode_0", "episode_1", "episode_2"]
    assert "seed 4, expert, failure, 100/100" in lines[1]
    assert '"put the corn into the pot" #again' in lines[1]
    assert totals == f"3 episodes in {data}, 0.00 h, 2 successes, 0 unreadable"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--search", "dropped"], ["episode_1"]),
        (["--search", "corn"], ["episode_0", "episode_1", "episode_2"]),
        (["--search", "spaceship"], []),
        (["--outcome", "failure"], ["episode_1"]),
        (["--outcome", "success"], ["episode_0", "episode_2"]),
        (["--tag", "again"], ["episode_1"]),
        (["--source", "human"], []),
        (["--source", "expert", "--outcome", "failure"], ["episode_1"]),
        (["--order", "newest", "--limit", "1"], ["episode_2"]),
        (["--bin"], []),
    ],
)
def test_only_what_is_looked_for_is_listed(data: Path, capsys, arguments: list[str], names: list[str]):
    assert listed(data, capsys, *arguments) == names


def test_what_is_not_listed_is_counted(data: Path, capsys):
    episodes(tyro.cli(EpisodesOptions, args=[str(data), "--limit", "1"]))
    assert "1 of 3 found are listed; 3 episodes in" in capsys.readouterr().out


def test_the_bin_is_listed_apart(data: Path, capsys):
    catalog = Catalog(data)
    catalog.delete("episode_0")
    catalog.close()
    assert listed(data, capsys) == ["episode_1", "episode_2"]
    assert listed(data, capsys, "--bin") == ["episode_0"]
