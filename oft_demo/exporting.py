"""Exports episodes of a catalogue, drawing the pictures that they do not hold."""

import contextlib
import functools
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from . import sim
from .data import exporting as formats
from .data.catalog import Catalog
from .data.catalog.annotations import Annotation
from .data.exporting import ExportOptions, ExportProgress
from .data.exporting.role import PICTURE_SIZE
from .pictures import draw_states, fingerprint_at
from .types import CAMERAS, Episode, Image

OWN_SIZE = ("lerobot", "robomimic")  # the sizes of the others are fixed; openvla-oft makes its squares of 480x640
FRAMES_AT_ONCE = 16  # of each camera; 44 MB for three at 480x640


class Scenes:
    """A simulation for every task, made when pictures of it are wanted."""

    def __init__(self):
        self._open = dict[str, sim.AlohaEnv]()

    def of(self, task: str) -> sim.AlohaEnv:
        """The simulation of a task."""
        if task not in self._open:
            self._open[task] = sim.make_env(task)
        return self._open[task]

    def close(self) -> None:
        """Free all of them."""
        scenes, self._open = self._open, {}
        for env in scenes.values():
            env.close()


class CatalogEpisode:
    """An episode of a catalogue; its pictures are the stored ones, or drawn from its states where these do not do."""

    def __init__(self, catalog: Catalog, name: str, size: tuple[int, int], scenes: Scenes, pictures: bool = True):
        self.name, self.scenes = name, scenes
        self._catalog, self._size, self._pictures = catalog, size, pictures
        self._summary = catalog.summary(name)

    @property
    def episode(self) -> Episode:
        """Labelled and trimmed as people last said."""
        episode = self._catalog.read(self.name, images=False)
        if not self.drawn:
            return episode
        fingerprint = fingerprint_at(self.scenes.of(episode.task), self._size)
        return replace(episode, render_fingerprint=fingerprint)

    @property
    def annotation(self) -> Annotation:
        """What people said about it."""
        return self._catalog.entry(self.name).annotation

    @property
    def cameras(self) -> tuple[str, ...]:
        """Those that `frames` shows."""
        return CAMERAS if self.drawn else self._summary.cameras

    @functools.cached_property
    def drawn(self) -> bool:
        """Whether pictures are missing or smaller than wanted, and there are states of this simulation to draw from."""
        if not self._pictures or self._summary.task not in sim.TASKS:
            return False
        if set(CAMERAS) <= set(self._summary.cameras):
            height, width = self._catalog.frames(self.name, CAMERAS[0], 0, 1).shape[1:3]
            if height >= self._size[0] and width >= self._size[1]:
                return False
        states = self._catalog.read(self.name, images=False).states
        return states.shape[1:] == self.scenes.of(self._summary.task).state().shape

    def frames(self, every: int = 1) -> Iterator[Mapping[str, Image]]:
        """Pictures of every so manieth control step; few at a time are in memory."""
        return self._draw(every) if self.drawn else self._read(every)

    def _draw(self, every: int) -> Iterator[Mapping[str, Image]]:
        states = self._catalog.read(self.name, images=False).states[::every]
        return draw_states(self.scenes.of(self._summary.task), states, CAMERAS, self._size)

    def _read(self, every: int) -> Iterator[Mapping[str, Image]]:
        for start in range(0, self._summary.length, FRAMES_AT_ONCE * every):
            stop = min(start + FRAMES_AT_ONCE * every, self._summary.length)
            blocks = {
                camera: self._catalog.frames(self.name, camera, start, stop)[::every].copy()
                for camera in self._summary.cameras
            }
            for index in range(-(-(stop - start) // every)):
                yield {camera: block[index] for camera, block in blocks.items()}


def exportables(catalog: Catalog, names: Iterable[str], options: ExportOptions) -> tuple[CatalogEpisode, ...]:
    """Episodes of a catalogue by name, to be given to `export`."""
    size = options.picture_size if options.format in OWN_SIZE else PICTURE_SIZE
    scenes = Scenes()
    return tuple(CatalogEpisode(catalog, name, size, scenes, options.pictures) for name in names)


def export(items: Sequence[CatalogEpisode], options: ExportOptions) -> Generator[ExportProgress, None, None]:
    """Write the directory `options.out` and yield after every step; the last progress holds the report."""
    with contextlib.ExitStack() as stack:
        for scenes in {id(item.scenes): item.scenes for item in items}.values():
            stack.callback(scenes.close)
        yield from formats.export(items, options)
