"""A directory of episodes: found, labelled and edited without ever rewriting a recording."""

import itertools
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from oft_demo.data.catalog import changes, index
from oft_demo.data.catalog.editing import Editing
from oft_demo.data.catalog.entries import Change, DamagedEpisode, Entry, Found, Search, Totals
from oft_demo.data.catalog.files import SUFFIX, free_paths, sort_key, stamp_of
from oft_demo.data.catalog.joining import frames_across, joined
from oft_demo.data.catalog.search import close_names, entry_of, find
from oft_demo.data.catalog.shelving import HIDDEN, LISTED
from oft_demo.data.catalog.totals import totals_of
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.data.hdf5.reading import read_episode, read_frames
from oft_demo.data.hdf5.writing import write_progressively
from oft_demo.errors import UnknownName
from oft_demo.types import Episode, Image

Result = TypeVar("Result")


class Catalog(Editing):
    """The episodes of one directory; threads may share one, and processes may have one each of the same directory."""

    def __init__(self, directory: Path, in_background: bool = False):
        """`in_background`: searches and totals do not wait for the reading of many new files, but say how many."""
        super().__init__(directory, in_background)
        self._lock = threading.Lock()
        self._being_written: set[str] = set()
        self._counted: tuple[tuple[int, int, int], Totals] | None = None  # as of which state of the database

    # ------------------------------------------------------------------------------------------------ looking

    def episodes(self) -> tuple[EpisodeSummary, ...]:
        """Summaries of all readable episodes by number, labelled and edited as people last said."""
        query = f"SELECT id FROM episodes WHERE shelf = {LISTED}"
        found = self._complete(
            lambda connection: [entry_of(connection, key) for (key,) in connection.execute(query).fetchall()]
        )
        return tuple(sorted((entry.summary for entry in found), key=lambda summary: sort_key(summary.name)))

    def damaged(self) -> tuple[DamagedEpisode, ...]:
        """The files that cannot be read."""
        query = "SELECT episode, reason FROM files WHERE reason IS NOT NULL AND NOT gone"
        rows = self._complete(lambda connection: connection.execute(query).fetchall())
        return tuple(DamagedEpisode(name, reason) for name, reason in sorted(rows, key=lambda row: sort_key(row[0])))

    def search(self, query: Search) -> Found:
        """What is looked for, a page of it."""
        self._watch.glance()
        entries, total = self._database.read(lambda connection: find(connection, query))
        return Found(entries, total, self._watch.unread)

    def entry(self, name: str, replaced: bool = False) -> Entry:
        """Everything that lists show of one episode, of one in the bin too; `replaced`: of one that was split too."""
        self._look_at(name)
        return self._database.read(lambda connection: self._entry(connection, name, replaced))

    def summary(self, name: str) -> EpisodeSummary:
        """The summary of one episode, labelled and edited as people last said."""
        return self.entry(name).summary

    def totals(self) -> Totals:
        """Figures of all episodes that are not in the bin."""
        self._watch.glance()
        opening = self._database.opening()
        return self._database.read(lambda connection: self._totals(connection, opening))

    def history(self, name: str | None = None, limit: int = 50) -> tuple[Change, ...]:
        """The last changes, of one episode or of all, the latest first."""
        return self._database.read(lambda connection: changes.history(connection, name, max(limit, 0)))

    def recordings_of(self, motion: str) -> tuple[str, ...]:
        """The readable files whose joints and targets have a hash (`examining.motion_of`), those in the bin too."""
        query = "SELECT name FROM files WHERE NOT gone AND reason IS NULL AND json_extract(facts, '$.motion') = ?"
        rows = self._complete(lambda connection: connection.execute(query, (motion,)).fetchall())
        return tuple(name for (name,) in rows)

    # ------------------------------------------------------------------------------------------------ reading

    def read(self, name: str, images: bool = True, replaced: bool = False) -> Episode:
        """One episode: its parts joined, labelled as people last said.

        `replaced`: also one that was split or merged, at which somebody may still be looking.
        """
        entry = self.entry(name, replaced)
        recordings = [read_episode(self._file(span.file), images) for span in entry.spans]
        episode, said = joined(recordings, entry.spans), entry.annotation
        return replace(
            episode,
            instruction=entry.summary.instruction,
            success=entry.success,
            score=episode.score if said.stage_score is None else said.stage_score,
            named_object=entry.summary.named_object,
            segments=episode.segments if said.segments is None else said.segments,
        )

    def frames(self, name: str, camera: str, start: int, stop: int, replaced: bool = False) -> np.ndarray:
        """Pictures of the steps from `start` to `stop` of one camera: uint8 (n, h, w, 3)."""
        entry = self.entry(name, replaced)
        if camera not in entry.summary.cameras:
            raise UnknownName("camera", camera, entry.summary.cameras)
        return frames_across(entry.spans, start, stop, lambda file, a, b: read_frames(self._file(file), camera, a, b))

    def path_of(self, name: str) -> Path:
        """The file that an episode begins in; only names that are listed are known, so a path never gets through."""
        return self._file(self.entry(name).spans[0].file)

    # ------------------------------------------------------------------------------------------------ adding

    def next_path(self) -> Path:
        """The path of the first free number from 0."""
        return self.free_paths(1)[0]

    def free_paths(self, count: int) -> list[Path]:
        """The paths of the first free numbers from 0, as many as asked for."""
        with self._lock:
            return list(itertools.islice(free_paths(self.directory, self._being_written), count))

    def add(self, episode: Episode, frames: Iterable[Mapping[str, Image]] | None = None) -> Generator[int, None, str]:
        """Write a new episode under the next free number; yields the frames written so far, returns the name."""
        path = self._reserved()
        try:
            yield from write_progressively(path, episode, frames)
            return path.stem
        finally:
            with self._lock:
                self._being_written.discard(path.name)

    def relabel(self, name: str, instruction: str | None = None, success: bool | None = None) -> EpisodeSummary:
        """Say something else about one episode; None leaves it as it is."""
        said = {"instruction": instruction, "success": success}
        self.annotate(name, {field: value for field, value in said.items() if value is not None})
        return self.summary(name)

    def rebuild(self) -> int:
        """Make the index again from the files alone; labels and their history stay. Gives the number of episodes."""
        self._database.index(index.forget)
        self._watch.read_all_again()
        return len(self.episodes())

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
        self._watch.close()
        self._database.close()

    def _complete(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What is read when every file is in the index."""
        while True:
            self._watch.bring_up_to_date()
            opening = self._database.opening()
            result = self._database.read(work)
            if opening == self._database.opening():  # else it was damaged, and is filled again
                return result

    def _totals(self, connection: sqlite3.Connection, opening: int) -> Totals:
        """Counted again only where somebody wrote since: at 100,000 episodes it takes half a second."""
        (by_others,) = connection.execute("PRAGMA data_version").fetchone()
        written = (opening, by_others, connection.total_changes)
        if self._counted is None or self._counted[0] != written:
            self._counted = (written, totals_of(connection))
        return self._counted[1]

    def _entry(self, connection: sqlite3.Connection, name: str, hidden: bool) -> Entry:
        query = "SELECT id FROM episodes WHERE name = ? AND (shelf != ? OR ?)"
        row = connection.execute(query, (name, HIDDEN, hidden)).fetchone()
        if row is None:
            raise UnknownName("episode", name, close_names(connection, name))
        return entry_of(connection, row[0])

    def _file(self, name: str) -> Path:
        """A recording by name; the index may come from anywhere, so it is not believed blindly."""
        if stamp_of(self.directory, name) is None:
            raise UnknownName("file", name, ())
        return self.directory / f"{name}{SUFFIX}"

    def _reserved(self) -> Path:
        """A path that nobody else in this process is given until it is written."""
        with self._lock:
            path = next(free_paths(self.directory, self._being_written))
            self._being_written.add(path.name)
        return path
