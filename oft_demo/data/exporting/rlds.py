"""What openvla-oft trains from: its preprocessed episodes, with a TFDS builder script that makes RLDS of them."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from oft_demo.data.exporting.oft import OftLayout
from oft_demo.data.exporting.role import ExportOptions, Planned, Written
from oft_demo.types import Episode

DATA = "data"
REGISTER = "REGISTER.md"
TEMPLATES = "oft_demo.data.exporting"


class RldsLayout:
    """data/<instruction>/{train,val}/episode_k.hdf5 and <name>/<name>_dataset_builder.py."""

    def __init__(self, directory: Path, planned: Sequence[Planned], options: ExportOptions):
        self._directory, self._options = directory, options
        self._episodes = OftLayout(directory / DATA, planned, options)

    def total(self, planned: Planned) -> int:
        """Steps that will be written of an episode."""
        return self._episodes.total(planned)

    def write(self, planned: Planned, episode: Episode, every: int) -> Generator[None, None, Written]:
        """Write one episode, yielding once a step."""
        written = yield from self._episodes.write(planned, episode, every)
        # Our script takes the words from the manifest, where nothing happened to them.
        pictures = tuple(finding for finding in written.findings if "folder's name" not in finding.sentence)
        return replace(written, place=f"{DATA}/{written.place}", read_as=planned.instruction, findings=pictures)

    def finish(self) -> None:
        """Write the script."""
        name = self._options.dataset
        package = self._directory / name
        package.mkdir()
        (package / f"{name}_dataset_builder.py").write_text(self._filled("rlds_builder.py.txt"), encoding="utf-8")
        (package / "__init__.py").write_text(f"from .{name}_dataset_builder import {name} as {name}\n")
        (self._directory / REGISTER).write_text(self._filled("rlds_register.md.txt"), encoding="utf-8")

    def close(self) -> None:
        """No file is open between episodes."""

    def _filled(self, template: str) -> str:
        text = resources.files(TEMPLATES).joinpath(template).read_text(encoding="utf-8")
        return text.replace("@@NAME@@", self._options.dataset).replace("@@HZ@@", str(self._options.hz))
