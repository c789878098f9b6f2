"""Reads ALOHA HDF5 episodes, which may come from anywhere: everything is checked before an array is read."""

from pathlib import Path

import numpy as np

from oft_demo.data.hdf5.episode_file import EpisodeFile, opened
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.data.hdf5.unpacking import rows
from oft_demo.errors import InvalidEpisode, UnknownName
from oft_demo.types import Episode, Image


def read_episode(path: Path, images: bool = True) -> Episode:
    """Read an episode, with its pictures or without; raises InvalidEpisode before anything large is read."""
    with opened(path, EpisodeFile) as found:
        return found.episode(images)


def summarize(path: Path) -> EpisodeSummary:
    """Read the labels and sizes of an episode, no arrays."""
    with opened(path, EpisodeFile) as found:
        return found.summary()


def read_frames(path: Path, camera: str, start: int, stop: int) -> np.ndarray:
    """Pictures `start` to `stop` (exclusive) of one camera: uint8 (stop - start, h, w, 3)."""
    with opened(path, EpisodeFile) as found:
        if camera not in found.images:
            raise UnknownName("camera", camera, found.images)
        return rows(found.images[camera], max(start, 0), max(stop, 0))


def read_frame(path: Path, camera: str, index: int) -> Image:
    """One picture of one camera: uint8 (h, w, 3)."""
    frames = read_frames(path, camera, index, index + 1)
    if not len(frames):
        raise InvalidEpisode(path, f"no frame {index} of {camera}", "a frame of the episode")
    return frames[0]
