"""Kills a process that edits a catalogue, and looks whether every change is whole and nothing acknowledged is lost."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from catalog_people import LENGTH, fill, names_of

from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.entries import Search
from oft_demo.data.catalog.opening import NAME

EPISODES = 6
EDITOR = "editor"  # who changes things
TRIMMED = "episode_5"
STARTED, DONE = "started", "done"


def edit_forever(directory: Path, first: int) -> None:
    """What the process does that is killed: say when a change is done, and go on at once."""
    catalog = Catalog(directory)
    names = [f"episode_{number}" for number in range(EPISODES)]
    print(STARTED, flush=True)
    for number in range(first, sys.maxsize):
        catalog.annotate(names, {"notes": f"note{number}", "quality": number % 5 + 1}, EDITOR)
        print(DONE, number, flush=True)
        catalog.trim(TRIMMED, 0, LENGTH - 1, EDITOR)
        catalog.undo(EDITOR)
        first_part, _ = catalog.split("episode_0", 20, EDITOR)
        assert catalog.entry(first_part).summary.length == 20
        catalog.undo(EDITOR)
        catalog.delete(names[1:4], EDITOR)
        catalog.restore(names[1:4], EDITOR)


def kill_while_editing(directory: Path, seconds: float, first: int) -> int:
    """Edit for a while, kill, and check everything; gives the number of the last change that was acknowledged."""
    command = [sys.executable, __file__, str(directory), str(first)]
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ":".join(folders), "OMP_NUM_THREADS": "1"}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == STARTED
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        said = [line.split() for line in process.stdout.read().splitlines()]
    numbers = [int(words[1]) for words in said if words[:1] == [DONE] and len(words) == 2]
    return check(directory, numbers[-1] if numbers else first - 1)


def check(directory: Path, acknowledged: int) -> int:
    """Raise AssertionError unless all labels, the index and the log are whole and as new as what was acknowledged."""
    catalog = Catalog(directory)
    entries = [catalog.entry(f"episode_{number}") for number in (*range(1, EPISODES),)]
    (notes,) = {entry.annotation.notes for entry in entries}  # a change of all is of all
    last = int(notes.removeprefix("note")) if notes else -1
    assert last in (acknowledged, acknowledged + 1), f"{last} is kept, {acknowledged} was acknowledged"
    assert {entry.annotation.quality for entry in entries} == {last % 5 + 1 if notes else None}
    _check_split(catalog)
    _check_bin(catalog, notes)
    with sqlite3.connect(directory / NAME) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO words(words, rank) VALUES('integrity-check', 1)")
    connection.close()
    catalog.close()
    return last


def _check_split(catalog: Catalog) -> None:
    """Either the whole is listed or both parts are."""
    listed = {summary.name: summary for summary in catalog.episodes()}
    parts = [summary for name, summary in listed.items() if name.startswith("episode_0_")]
    assert ("episode_0" in listed) == (not parts)
    assert len(parts) in (0, 2)
    assert sum(part.length for part in parts) in (0, LENGTH)
    if "episode_0" not in listed:
        assert catalog.undo(EDITOR) is not None
        assert "episode_0" in {summary.name for summary in catalog.episodes()}


def _check_bin(catalog: Catalog, notes: str) -> None:
    """What is found by its words is what is listed; a deletion is of all three or of none."""
    binned = names_of(catalog.search(Search(deleted=True)).entries)
    assert len(binned) in (0, 3)
    catalog.restore(binned, EDITOR)
    assert catalog.search(Search(text=notes)).total == EPISODES if notes else True


def kill_often(directory: Path, times: int, seed: int = 0) -> None:
    """Kill so many times at random moments, one after the other in the same catalogue."""
    fill(directory, EPISODES).episodes()
    moments = random.Random(seed)
    last = -1
    for _ in range(times):
        last = kill_while_editing(directory, moments.uniform(0.0, 0.6), last + 1)


if __name__ == "__main__":
    edit_forever(Path(sys.argv[1]), int(sys.argv[2]))
