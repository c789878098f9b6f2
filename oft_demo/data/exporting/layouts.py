"""The formats by name."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

from oft_demo.data.exporting.role import ExportOptions, Planned, Written
from oft_demo.types import Episode


class Layout(Protocol):
    """Writes episodes of one format into a directory, one after the other in the order of the plan."""

    def total(self, planned: Planned) -> int: ...

    def write(self, planned: Planned, episode: Episode, every: int) -> Generator[None, None, Written]:
        """Write an episode at the export's rate, `every` recorded steps one; yields once a step that is written."""
        ...

    def finish(self) -> None: ...

    def close(self) -> None:
        """Let go of open files, whatever happened before."""
        ...


def open_layout(directory: Path, planned: Sequence[Planned], options: ExportOptions) -> Layout:
    """Begin to write; each format is imported only when it is wanted."""
    match options.format:
        case "act":
            from oft_demo.data.exporting.act import ActLayout as Chosen
        case "oft":
            from oft_demo.data.exporting.oft import OftLayout as Chosen
        case "lerobot":
            from oft_demo.data.exporting.lerobot import LeRobotLayout as Chosen
        case "robomimic":
            from oft_demo.data.exporting.robomimic import RobomimicLayout as Chosen
        case "rlds":
            from oft_demo.data.exporting.rlds import RldsLayout as Chosen
    return Chosen(directory, planned, options)
