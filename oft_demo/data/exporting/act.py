"""The layout of ACT: episode_0.hdf5, episode_1.hdf5, ... of equal length, with exactly three cameras."""

from collections.abc import Generator, Sequence
from pathlib import Path

from oft_demo.data.exporting.aloha import write_aloha
from oft_demo.data.exporting.errors import UnsuitableEpisodes
from oft_demo.data.exporting.pictures import Pictures
from oft_demo.data.exporting.role import PICTURE_SIZE, ExportOptions, Finding, Planned, Written
from oft_demo.types import CAMERAS, Episode


class ActLayout:
    """ACT stacks the joints of all episodes, so the shorter ones hold their last moment to the length of the longest.

    A fourth camera would stop openvla-oft's preprocessing, which reads the same files.
    """

    def __init__(self, directory: Path, planned: Sequence[Planned], options: ExportOptions):
        self._directory = directory
        self.length = options.length or max(each.length for each in planned)
        longer = [each.name for each in planned if each.length > self.length]
        if longer:
            raise UnsuitableEpisodes(
                longer, f"more than {self.length} steps", "Allow more, trim them or leave them out."
            )

    def total(self, planned: Planned) -> int:
        """Steps that will be written of an episode."""
        return self.length

    def write(self, planned: Planned, episode: Episode, every: int) -> Generator[None, None, Written]:
        """Write one episode, yielding once a step."""
        place = f"episode_{planned.index}.hdf5"
        pictures = Pictures(planned, CAMERAS, PICTURE_SIZE, every)
        yield from write_aloha(self._directory / place, episode, pictures, CAMERAS, PICTURE_SIZE, self.length)
        padded = self.length - planned.length
        findings = list(pictures.findings)
        if 2 * padded > self.length:
            findings.append(Finding("warning", planned.name, f"{padded} of {self.length} steps are padding"))
        return Written(place, padded, findings=tuple(findings))

    def finish(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """No file is open between episodes."""
