"""Makes an episode file of a take that is on disk; can be killed anywhere and begun again."""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from oft_demo.data.durable import NameTaken, held, is_held, why
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.data.hdf5.writing import write_packed
from oft_demo.data.timeline import event_note, rewind_note
from oft_demo.errors import InvalidData, OftDemoError
from oft_demo.recording.drawers import Drawers
from oft_demo.recording.drawing import Drawing, begin_drawing, draw
from oft_demo.recording.folders import erase
from oft_demo.recording.journal import JOURNAL, JournalContents, read_journal
from oft_demo.recording.orders import Order, changes_of, labels_of, write_order
from oft_demo.types import Episode

LOCK = "lock"  # held by whoever writes a take
DRAWN = "drawing"  # the folder of the pictures in the making
SPARE_BYTES = 2 * 2**20  # of an episode file beside its pictures and states
MAX_NAMES = 100  # that others may take meanwhile

Stage: TypeAlias = Literal["waiting", "drawing", "writing", "done", "failed"]
Doing: TypeAlias = tuple[Stage, int, int]  # the steps done, and all there are


class Episodes(Protocol):
    """A catalogue, as far as new episodes are concerned."""

    @property
    def directory(self) -> Path: ...

    def free_paths(self, count: int) -> list[Path]: ...

    def annotate(self, names: str, changes: Mapping[str, object], by: str) -> object: ...

    def read(self, name: str, images: bool = True) -> Episode: ...


@dataclass(frozen=True)
class Accepted:
    """A take that became an episode."""

    name: str
    length: int
    size_bytes: int


class TakeInUse(OftDemoError):
    """Somebody else works on a take."""

    def __init__(self, take_id: str):
        super().__init__(f"The take {take_id} is still being recorded, or written by another process. Wait for that.")


class DiskRefused(OftDemoError):
    """A disk did not take what had to be written; the message says which and why."""

    def __init__(self, error: OSError, folder: Path):
        super().__init__(f"{why(error, folder)} What was recorded is kept as it is; then try again.")


def accept_take(folder: Path, order: Order, episodes: Episodes, drawers: Drawers) -> Generator[Doing, None, Accepted]:
    """Draw, write, label, and only then remove the take; yields how far it has come."""
    if is_held(folder / JOURNAL):
        raise TakeInUse(folder.name)
    with refusing(folder.parent), held(folder / LOCK) as claim:
        if not claim.mine:
            raise TakeInUse(folder.name)
        contents = read_journal(folder / JOURNAL)
        path = _written_before(episodes, order, folder.name)
        if path is None:
            path = yield from _write(folder, contents, order, episodes, drawers)
        accepted = Accepted(path.stem, contents.timeline.length, path.stat().st_size)
        _label(accepted.name, order, episodes)
        erase(folder)
    return accepted


def _write(
    folder: Path, contents: JournalContents, order: Order, episodes: Episodes, drawers: Drawers
) -> Generator[Doing, None, Path]:
    episode = _episode_of(contents, order)
    yield "drawing", 0, episode.length
    drawing = begin_drawing(folder / DRAWN, episode, order.view, drawers)
    for done in draw(drawing, drawers):
        yield "drawing", done, episode.length
    episode = replace(episode, render_fingerprint=drawing.fingerprint)
    yield "writing", 0, episode.length
    with refusing(episodes.directory):
        _check_space(episodes.directory, drawing)
        return (yield from _write_under_free_name(folder, episode, drawing, order, episodes))


def _write_under_free_name(
    folder: Path, episode: Episode, drawing: Drawing, order: Order, episodes: Episodes
) -> Generator[Doing, None, Path]:
    """Whoever else writes into the directory may take a name first."""
    episodes.directory.mkdir(parents=True, exist_ok=True)
    for path in episodes.free_paths(MAX_NAMES):
        write_order(folder, order.named(path.stem))
        try:
            for done in write_packed(path, episode, order.view.image_size, drawing.frames()):
                yield "writing", done, episode.length
        except NameTaken:
            continue
        return path
    raise NameTaken(episodes.directory)


def _episode_of(contents: JournalContents, order: Order) -> Episode:
    timeline = contents.timeline
    broken = timeline.first_broken()
    if broken is not None:
        timeline.note(event_note(broken, "cut", "The simulation broke down here."))
        timeline.note(rewind_note(broken, ""))
    if not timeline.length:
        raise InvalidData("This take holds no whole step, so there is nothing to keep. Drop it.")
    episode = timeline.episode()
    told = {"recovered": "yes"} if contents.recovered else {}
    if labels := labels_of(order.annotation):
        told["annotation"] = json.dumps(labels, ensure_ascii=False)  # an index can be made again from files alone
    return replace(episode, provenance={**episode.provenance, **told})


def _written_before(episodes: Episodes, order: Order, take_id: str) -> Path | None:
    """The file of a take that was written when something interrupted what comes after."""
    path = episodes.directory / f"{order.episode}.hdf5"
    if order.episode is None or Path(order.episode).name != order.episode or not path.exists():
        return None
    return path if read_episode(path, images=False).provenance.get("take") == take_id else None


def _label(name: str, order: Order, episodes: Episodes) -> None:
    changes = changes_of(order.annotation)
    if changes:
        episodes.annotate(name, changes, order.annotation.operator or "")


def _check_space(directory: Path, drawing: Drawing) -> None:
    """Rather than have HDF5 run into a full disk."""
    needed = drawing.size_bytes() + drawing.episode.states.nbytes + SPARE_BYTES
    free = shutil.disk_usage(directory if directory.exists() else directory.parent).free
    if free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Say what a disk refused."""
    try:
        yield
    except OSError as error:
        raise DiskRefused(error, folder) from error
