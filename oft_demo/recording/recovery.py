"""Finds the takes on disk that wait for a decision, those of a crash among them."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from oft_demo.data.durable import held, is_held
from oft_demo.data.hdf5.writing import PART
from oft_demo.recording.folders import erase, finish_erasing, is_discarded, take_folders
from oft_demo.recording.journal import JOURNAL, JournalContents, read_journal
from oft_demo.recording.journal_records import InvalidJournal
from oft_demo.recording.orders import ORDER

State: TypeAlias = Literal["recovered", "discarded", "branch", "aside", "damaged"]

LITTER_SECONDS = 3600.0  # since the last touch, after which what a crash left behind is nobody's

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundTake:
    """A take on disk that is nobody's."""

    take_id: str
    length: int  # steps
    seconds: float
    task: str
    instruction: str
    when: float  # [s] since 1970
    state: State  # how it came to be: cut off, discarded, kept at a rewind, put aside; or unreadable


class FoundTakes:
    """Reads each journal once, unless it changes."""

    def __init__(self, takes: Path):
        self._takes = takes
        self._known: dict[str, tuple[object, FoundTake | None]] = {}

    def __call__(self) -> tuple[FoundTake, ...]:
        """Those that nobody records and nobody ordered to be written, the newest first."""
        known = dict[str, tuple[object, FoundTake | None]]()
        for folder in take_folders(self._takes):
            stamp = _stamp(folder)
            if stamp is None or (folder / ORDER).exists() or is_held(folder / JOURNAL):
                continue
            before = self._known.get(folder.name)
            known[folder.name] = before if before is not None and before[0] == stamp else (stamp, found_take(folder))
        self._known = known
        return tuple(found for _, found in known.values() if found is not None)


def found_take(folder: Path) -> FoundTake | None:
    """What a list shows of a take; None for one that holds nothing."""
    try:
        contents = read_journal(folder / JOURNAL)
    except InvalidJournal as error:
        size = (folder / JOURNAL).stat().st_size
        return FoundTake(folder.name, 0, 0.0, "", str(error), _time_of(folder), "damaged") if size else None
    timeline = contents.timeline
    if not timeline.length:
        return None
    header = timeline.header
    seconds = timeline.length / header.control_hz
    return FoundTake(
        folder.name,
        timeline.length,
        seconds,
        header.task,
        timeline.instruction,
        header.started,
        _state(folder, contents),
    )


def sweep(takes: Path, episodes: Path) -> None:
    """Remove what a crash left behind that is of no use: takes without a step, halves of files."""
    finish_erasing(takes)
    for folder in take_folders(takes):
        if _is_litter(folder):
            log.info("Removing the empty take %s", folder.name)
            erase(folder)
    for part in episodes.glob(f"*.hdf5*{PART}"):
        if _is_old(part):
            with held(part) as claim:
                if claim.mine:
                    part.unlink(missing_ok=True)


def _is_litter(folder: Path) -> bool:
    journal = folder / JOURNAL
    if not _is_old(folder) or is_held(journal):
        return False
    if not journal.exists():
        return True
    try:
        return not read_journal(journal).timeline.length
    except InvalidJournal:
        return journal.stat().st_size == 0


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > LITTER_SECONDS


def _state(folder: Path, contents: JournalContents) -> State:
    if is_discarded(folder):
        return "discarded"
    if contents.recovered:
        return "recovered"
    return "branch" if "branch_of" in contents.timeline.header.provenance else "aside"


def _stamp(folder: Path) -> object | None:
    try:
        status = (folder / JOURNAL).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, is_discarded(folder)


def _time_of(folder: Path) -> float:
    return (folder / JOURNAL).stat().st_mtime
