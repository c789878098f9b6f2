"""The layout that openvla-oft's RLDS builder reads: pictures of 256x256, split, the instruction as folder name."""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from oft_demo.data.exporting.aloha import write_aloha
from oft_demo.data.exporting.names import folder_names
from oft_demo.data.exporting.pictures import Pictures
from oft_demo.data.exporting.role import ExportOptions, Finding, Planned, Written
from oft_demo.types import CAMERAS, Episode, Image

SIZE = (256, 256)  # of pictures after openvla-oft's preprocess_split_aloha_data.py
LOW_CAMERA = "cam_low"  # the simulation has none, and openvla-oft's training never looks at it


class OftLayout:
    """<instruction_with_underscores>/{train,val}/episode_k.hdf5, numbered from 0 in each."""

    def __init__(self, directory: Path, planned: Sequence[Planned], options: ExportOptions):
        self._directory = directory
        self._folders = folder_names(each.instruction for each in planned)
        self._written = Counter[str]()
        self._low_camera = options.low_camera
        for folder in self._folders.values():
            for part in ("train", "val"):
                (directory / folder / part).mkdir(parents=True, exist_ok=True)

    def total(self, planned: Planned) -> int:
        """Steps that will be written of an episode."""
        return planned.length

    def write(self, planned: Planned, episode: Episode, every: int) -> Generator[None, None, Written]:
        """Write one episode, yielding once a step."""
        folder = f"{self._folders[planned.instruction]}/{planned.split}"
        place = f"{folder}/episode_{self._written[folder]}.hdf5"
        self._written[folder] += 1
        has_low = LOW_CAMERA in planned.exportable.cameras
        pictures = Pictures(planned, (*CAMERAS, LOW_CAMERA) if has_low and self._low_camera else CAMERAS, SIZE, every)
        cameras = (*CAMERAS, LOW_CAMERA) if self._low_camera else CAMERAS
        frames = _with_black(pictures) if self._low_camera and not has_low else iter(pictures)
        path = self._directory / place
        yield from write_aloha(path, episode, frames, cameras, SIZE, planned.length, relative=True)
        read_as = self._folders[planned.instruction].replace("_", " ")
        return Written(place, 0, read_as, (*pictures.findings, *_reworded(planned, read_as)))

    def finish(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """No file is open between episodes."""


def _with_black(pictures: Pictures) -> Iterator[tuple[Image, ...]]:
    black = np.zeros((*SIZE, 3), np.uint8)
    for frame in pictures:
        yield (*frame, black)


def _reworded(planned: Planned, read_as: str) -> tuple[Finding, ...]:
    if planned.instruction.lower() == read_as:  # prompts are in lower case
        return ()
    sentence = f'the instruction "{planned.instruction}" becomes "{read_as}" in a folder\'s name'
    return (Finding("warning", planned.name, sentence),)
