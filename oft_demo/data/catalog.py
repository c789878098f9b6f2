"""A directory of episodes: listed, named, relabelled and deleted without ever rewriting a recording."""

import difflib
import itertools
import json
import os
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from oft_demo.data.layout import EpisodeSummary
from oft_demo.data.reading import read_episode, summarize
from oft_demo.data.writing import write_progressively
from oft_demo.errors import InvalidData, InvalidEpisode, UnknownName, checked_instruction
from oft_demo.types import Episode, Image

LABELS_FILE = "labels.json"
TRASH = ".trash"
SUFFIX = ".hdf5"
CHOICES_SHOWN = 8  # of the names in an error message

Labelled = TypeVar("Labelled", EpisodeSummary, Episode)


@dataclass(frozen=True)
class Relabel:
    """What a person said about an episode afterwards; None where the recording stands."""

    instruction: str | None = None
    success: bool | None = None


@dataclass(frozen=True)
class DamagedEpisode:
    """A file that cannot be read, and why."""

    name: str
    reason: str


class Catalog:
    """The episodes of one directory; any thread may call it."""

    def __init__(self, directory: Path):
        self.directory = directory
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[tuple[int, int], EpisodeSummary | DamagedEpisode]] = {}
        self._being_written: set[str] = set()

    def episodes(self) -> tuple[EpisodeSummary, ...]:
        """Summaries of all readable episodes by number, with the labels of `relabel`."""
        with self._lock:
            labels = self._labels()
            found = [entry for entry in self._entries() if isinstance(entry, EpisodeSummary)]
        return tuple(_relabelled(summary, labels.get(summary.name, Relabel())) for summary in found)

    def damaged(self) -> tuple[DamagedEpisode, ...]:
        """The files that cannot be read."""
        with self._lock:
            return tuple(entry for entry in self._entries() if isinstance(entry, DamagedEpisode))

    def summary(self, name: str) -> EpisodeSummary:
        """The summary of one episode, with the labels of `relabel`."""
        path = self.path_of(name)
        with self._lock:
            return _relabelled(summarize(path), self._labels().get(name, Relabel()))

    def read(self, name: str, images: bool = True) -> Episode:
        """One episode with the labels of `relabel`."""
        path = self.path_of(name)
        with self._lock:
            label = self._labels().get(name, Relabel())
        return _relabelled(read_episode(path, images), label)

    def path_of(self, name: str) -> Path:
        """The file of an episode; only names that are listed are known, so a path never gets through."""
        files = self._files()
        if name not in files:
            close = difflib.get_close_matches(name, files, CHOICES_SHOWN, cutoff=0.0)
            raise UnknownName("episode", name, close)
        return files[name]

    def next_path(self) -> Path:
        """The path of the first free number from 0."""
        with self._lock:
            return next(self._free())

    def free_paths(self, count: int) -> list[Path]:
        """The paths of the first free numbers from 0, as many as asked for."""
        with self._lock:
            return list(itertools.islice(self._free(), count))

    def add(self, episode: Episode, frames: Iterable[Mapping[str, Image]] | None = None) -> Generator[int, None, str]:
        """Write a new episode under the next free number; yields the frames written so far, returns the name."""
        with self._lock:
            path = next(self._free())
            self._being_written.add(path.name)
        try:
            yield from write_progressively(path, episode, frames)
            return path.stem
        finally:
            with self._lock:
                self._being_written.discard(path.name)

    def relabel(self, name: str, instruction: str | None = None, success: bool | None = None) -> EpisodeSummary:
        """Say something else about an episode; kept in labels.json beside the recordings."""
        self.path_of(name)
        if instruction is not None:
            instruction = checked_instruction(instruction, "put the yellow corn into the pot")
        with self._lock:
            labels = self._labels()
            before = labels.get(name, Relabel())
            labels[name] = Relabel(
                before.instruction if instruction is None else instruction,
                before.success if success is None else success,
            )
            self._write_labels(labels)
        return self.summary(name)

    def delete(self, name: str) -> None:
        """Move an episode into the folder .trash, from where a person can take it back."""
        path = self.path_of(name)
        with self._lock:
            trash = self.directory / TRASH
            trash.mkdir(exist_ok=True)
            # Other programs look for *.hdf5 in all folders below, so a deleted file must not be called so.
            copies = sum(1 for old in trash.iterdir() if old.name.startswith(f"{name}{SUFFIX}."))
            path.replace(trash / f"{name}{SUFFIX}.{copies}")
            labels = self._labels()
            if labels.pop(name, None) is not None:
                self._write_labels(labels)

    def _files(self) -> dict[str, Path]:
        if not self.directory.is_dir():
            return {}
        files = [path for path in self.directory.glob(f"*{SUFFIX}") if path.is_file() and not path.is_symlink()]
        return {path.stem: path for path in sorted(files, key=_number) if not path.name.startswith(".")}

    def _entries(self) -> list[EpisodeSummary | DamagedEpisode]:
        """All files, each opened only once unless it changed."""
        seen = dict[str, tuple[tuple[int, int], EpisodeSummary | DamagedEpisode]]()
        for name, path in self._files().items():
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._seen.get(name)
            seen[name] = known if known is not None and known[0] == stamp else (stamp, _entry(name, path))
        self._seen = seen
        return [entry for _, entry in seen.values()]

    def _free(self) -> Iterator[Path]:
        for number in itertools.count():
            path = self.directory / f"episode_{number}{SUFFIX}"
            if not path.exists() and path.name not in self._being_written:
                yield path

    def _labels(self) -> dict[str, Relabel]:
        path = self.directory / LABELS_FILE
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            return {name: _relabel_from(entry) for name, entry in entries.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise InvalidData(f"Cannot read {LABELS_FILE}: {error}. Repair it, or move it away.") from error

    def _write_labels(self, labels: Mapping[str, Relabel]) -> None:
        path = self.directory / LABELS_FILE
        part = path.with_name(path.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump({name: asdict(label) for name, label in labels.items()}, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def _entry(name: str, path: Path) -> EpisodeSummary | DamagedEpisode:
    try:
        return summarize(path)
    except InvalidEpisode as error:
        return DamagedEpisode(name, str(error))


def _number(path: Path) -> tuple[int, str]:
    """Sort episode_10 after episode_9, and other names behind."""
    digits = path.stem.removeprefix("episode_")
    return (int(digits), "") if digits.isdecimal() and len(digits) < 10 else (10**10, path.stem)


def _relabel_from(entry: dict[str, object]) -> Relabel:
    instruction, success = entry.get("instruction"), entry.get("success")
    if not isinstance(instruction, str | None) or not isinstance(success, bool | None):
        raise ValueError(f"found {entry}; expected an instruction in words and success true or false")
    return Relabel(instruction, success)


def _relabelled(labelled: Labelled, label: Relabel) -> Labelled:
    instruction = labelled.instruction if label.instruction is None else label.instruction
    success = labelled.success if label.success is None else label.success
    # The object that the old instruction named says nothing about another instruction.
    named_object = labelled.named_object if instruction == labelled.instruction else None
    return replace(labelled, instruction=instruction, success=success, named_object=named_object)
