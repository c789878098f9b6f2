"""Gives files that must be refused to the reader and the importer, in a process of its own with bounds.

python -m data.hostile FOLDER NUMBER ...     from the folder tests, for a look at single ones
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.data.importing import import_files
from oft_demo.errors import InvalidEpisode

from .hostile_cases import COUNT, cases

ROUNDS = 25  # until every file was given
SECONDS, MEGABYTES = 2.0, 500.0  # of looking into one file
ADDRESSES = 8 * 2**30  # [bytes]; only protects the machine, what counts is what is really used
PATHS = os.pathsep.join(sys.path)  # a child imports what this process does
PATIENCE = 60.0  # [s] for one file, its making included


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    number: int
    reason: str | None  # None: it was taken
    seconds: float
    megabytes: float  # the most that the process used at a time

    @property
    def fine(self) -> bool:
        """Whether it was refused, soon and cheaply."""
        return bool(self.reason) and self.seconds < SECONDS and self.megabytes < MEGABYTES


def numbers_of(round_number: int) -> range:
    """The files of one round, some of every kind; ROUNDS of them give all."""
    return range(round_number % ROUNDS, COUNT, ROUNDS)


def check(number: int, folder: Path) -> Outcome:
    """Make one file and try to take it in."""
    (outcome,) = check_all([number], folder)
    return outcome


def check_all(numbers: Sequence[int], folder: Path) -> list[Outcome]:
    """The same of several; where the process dies, the next files get a new one."""
    outcomes = list[Outcome]()
    while len(outcomes) < len(numbers):
        outcomes += _in_a_child(numbers[len(outcomes) :], folder)
    return outcomes


def _in_a_child(numbers: Sequence[int], folder: Path) -> list[Outcome]:
    command = [sys.executable, "-m", "data.hostile", str(folder), *map(str, numbers)]
    environment = {**os.environ, "PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE * len(numbers))
        out, told = done.stdout, f"it ended with {done.returncode}: {done.stderr[-500:]}"
    except subprocess.TimeoutExpired as error:
        out, told = (error.stdout or b"").decode(), "it took for ever"
    outcomes = [Outcome(**json.loads(line)) for line in out.splitlines()]
    if len(outcomes) < len(numbers):
        number = numbers[len(outcomes)]
        print(f"the process that read file {number} died: {told}", file=sys.stderr)
        outcomes.append(Outcome(number, None, 0.0, 0.0))
    return outcomes


def _outcomes(numbers: Iterable[int], folder: Path) -> Iterable[Outcome]:
    makers = cases()
    catalog = Catalog(folder / "episodes")
    for number in numbers:
        path = folder / f"hostile_{number}.hdf5"
        makers[number](path)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
        started = time.perf_counter()
        reason = _refusal(path, catalog)
        seconds = time.perf_counter() - started
        yield Outcome(number, reason, seconds, _peak())
        path.unlink()


def _refusal(path: Path, catalog: Catalog) -> str | None:
    """Why the importer left it alone; None where it, or the reader, did not."""
    try:
        read_episode(path)
        return None
    except InvalidEpisode:
        pass
    (imported,) = import_files([path], catalog)
    return None if list(catalog.directory.glob("*.hdf5*")) else imported.reason


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) / 1024


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    for outcome in _outcomes(map(int, sys.argv[2:]), Path(sys.argv[1])):
        print(json.dumps(asdict(outcome)), flush=True)
