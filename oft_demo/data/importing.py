"""Takes ALOHA HDF5 files of other programs into a catalogue: good ones are added, the others are left alone."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.examining import motion_of
from oft_demo.data.catalog.files import SUFFIX
from oft_demo.data.hdf5.episode_file import EpisodeFile, opened
from oft_demo.data.hdf5.foreign import ForeignFile
from oft_demo.data.hdf5.guarded import open_file, refusing
from oft_demo.errors import (
    MAX_INSTRUCTION_LENGTH,
    InvalidEpisode,
    OftDemoError,
    UnknownName,
    checked_instruction,
)
from oft_demo.types import Episode, Image

EXAMPLE = "put the yellow corn into the pot"
SPLITS = ("train", "val")  # folders that openvla-oft puts below the one that is named as the instruction
FROM, DIGEST, BY = "imported_from", "imported_digest", "imported_by"  # what the provenance tells of the import

Result = TypeVar("Result")


@dataclass(frozen=True)
class ForeignEpisode:
    """What is in a file, as far as can be said without reading all of its pictures."""

    path: Path
    length: int  # control steps
    cameras: tuple[str, ...]  # under the names that they get here
    control_hz: int
    has_states: bool  # it was recorded in this simulation
    compressed: bool  # its pictures are JPEG; which channel is red is a guess

    @property
    def sentence(self) -> str:
        """The same for people."""
        cameras = ", ".join(self.cameras) or "no cameras"
        packed = " packed as JPEG: look whether red is red" if self.compressed else ""
        states = ", with simulator states" if self.has_states else ""
        return f"{self.length} steps at {self.control_hz} Hz, {cameras}{packed}{states}"


@dataclass(frozen=True)
class Imported:
    """What became of a file."""

    path: Path
    name: str | None  # of the new episode
    reason: str | None = None  # why there is none


class ImportedBefore(OftDemoError):
    """The very same file is there already."""

    def __init__(self, path: Path, name: str):
        super().__init__(f"{path.name} is there already, as {name}. Nothing was added.")


def inspect(path: Path) -> ForeignEpisode:
    """Check a file and say what is in it; raises InvalidEpisode before anything large is read."""
    with opened(path, ForeignFile) as found:
        states = found.extra.pop("states", None)
        found.episode(images=False)
        found.check_first_frame()
        has_states = states is not None and states.shape[1] > 0
        hz, cameras = found.labels.control_hz, found.cameras
        return ForeignEpisode(path, found.length, cameras, hz, has_states, found.compressed)


def preview(path: Path, camera: str) -> tuple[Image, Image]:
    """The first picture of a camera as it is stored, and with red and blue exchanged; raises UnknownName."""
    with opened(path, ForeignFile) as found:
        if camera not in (*found.cameras, *found.images):
            raise UnknownName("camera", camera, found.cameras)
        picture = found.picture(camera)
    return picture, np.ascontiguousarray(picture[..., ::-1])


def import_files(
    paths: Sequence[Path],
    catalog: Catalog,
    *,
    swap_channels: bool = False,
    instruction: str | None = None,
    task: str = "",
    by: str = "",
) -> Iterator[Imported]:
    """Add each file that is whole as a new episode; an instruction that is not given is the folder's name.

    A file of this program keeps everything it says of itself, the order of its channels too. Yields what became of
    each file.
    """
    words = None if instruction is None else checked_instruction(instruction, EXAMPLE)
    for path in paths:
        try:
            yield Imported(path, _added(path, catalog, swap_channels, words, task, by))
        except OftDemoError as error:
            yield Imported(path, None, str(error))
        except OSError as error:
            reason = f"The disk refused it ({error.strerror or error}). Free some space and try again."
            yield Imported(path, None, reason)


def _added(path: Path, catalog: Catalog, swapped: bool, words: str | None, task: str, by: str) -> str:
    """The name of the new episode; what the disk says about the new file stays apart from what is wrong with `path`."""
    with open_file(path) as file:
        with refusing(path):
            found = ForeignFile(path, file)
            episode = found.episode(images=False)
            found.check_first_frame()
            digest = _digest_of(path)
        if known := _before(catalog, episode, digest):
            raise ImportedBefore(path, known)
        ours = found.ours is not None
        told = {FROM: path.name[:MAX_INSTRUCTION_LENGTH], DIGEST: digest, **({BY: by} if by else {})}
        episode = replace(
            episode,
            instruction=words or episode.instruction or _folder_words(path, catalog),
            task=episode.task or task,
            provenance={**episode.provenance, **told},
        )
        return _result_of(catalog.add(episode, found.frames(swapped and not ours) if found.images else None))


def _result_of(work: Generator[int, None, Result]) -> Result:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def _folder_words(path: Path, catalog: Catalog) -> str:
    """The folder's name as openvla-oft reads it; that of an uploaded file says nothing."""
    place = path.absolute().parent
    if catalog.directory.absolute() in (place, *place.parents):
        return ""
    folder = place.parent if place.name in SPLITS else place
    return " ".join(folder.name.replace("_", " ").split())[:MAX_INSTRUCTION_LENGTH]


def _before(catalog: Catalog, episode: Episode, digest: str) -> str | None:
    """The recording that came from a file with this digest, or is that file; few have the same motion."""
    for name in catalog.recordings_of(motion_of(episode)):
        path = catalog.directory / f"{name}{SUFFIX}"
        try:
            with opened(path, EpisodeFile) as found:
                digests = (found.story.provenance.get(DIGEST), _digest_of(path))
        except InvalidEpisode:
            continue
        if digest in digests:
            return name
    return None


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
