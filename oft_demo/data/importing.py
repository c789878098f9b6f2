"""Takes ALOHA HDF5 files of other programs into a catalogue: good ones are added, the others are left alone."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.data.foreign import ForeignFile
from oft_demo.data.labels import check_episode
from oft_demo.data.reading import opened
from oft_demo.errors import InvalidEpisode, OftDemoError, UnknownName, checked_instruction
from oft_demo.types import Image

DIGEST_BLOCK = 2**20
EXAMPLE = "put the yellow corn into the pot"


@dataclass(frozen=True)
class ForeignEpisode:
    """What is in a file, as far as can be said without reading its arrays."""

    path: Path
    length: int  # control steps
    cameras: tuple[str, ...]
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

    def __init__(self, name: str):
        super().__init__(f"This file was added before, as {name}.")


def inspect(path: Path) -> ForeignEpisode:
    """Check a file and say what is in it; raises InvalidEpisode before anything large is read."""
    with opened(path, ForeignFile) as found:
        hz, states = found.labels.control_hz, found.ours is not None and found.extra["states"].shape[1] > 0
        return ForeignEpisode(path, found.length, found.cameras, hz, states, found.compressed)


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

    A file of this program keeps everything it says of itself. Yields what became of each file.
    """
    words = None if instruction is None else checked_instruction(instruction, EXAMPLE)
    for path in paths:
        try:
            yield Imported(path, _added(path, catalog, swap_channels, words, task, by))
        except OftDemoError as error:
            yield Imported(path, None, str(error))
        except OSError as error:
            yield Imported(
                path, None, f"The disk refused it: {error.strerror or error}. Free some space and try again."
            )


def digest_of(path: Path) -> str:
    """A hash of a file's bytes; raises InvalidEpisode where there is no file."""
    if not path.is_file():
        raise InvalidEpisode(path, "no such file", "an HDF5 file")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(DIGEST_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:32]


def _added(path: Path, catalog: Catalog, swapped: bool, words: str | None, task: str, by: str) -> str:
    digest = digest_of(path)
    with opened(path, ForeignFile) as found:
        if known := _before(catalog, found.length, digest):
            raise ImportedBefore(known)
        episode = found.episode(images=False)
        ours = found.ours is not None
        provenance = {**episode.provenance, "imported_from": path.name[:200], "imported_digest": digest}
        if by and not ours:
            provenance["operator"] = by
        episode = replace(
            episode,
            instruction=words or episode.instruction or path.parent.name.replace("_", " ")[:200],
            task=episode.task or task,
            source=episode.source if ours else "human",
            provenance=provenance,
        )
        check_episode(path, episode)
        writing = catalog.add(episode, found.frames(swapped) if found.images else None)
        while True:
            try:
                next(writing)
            except StopIteration as end:
                return end.value


def _before(catalog: Catalog, length: int, digest: str) -> str | None:
    """The episode that came from a file with this digest; only those of the same length are looked into."""
    for summary in catalog.episodes():
        if summary.length == length:
            provenance = catalog.read(summary.name, images=False).provenance
            if provenance.get("imported_digest") == digest:
                return summary.name
    return None
