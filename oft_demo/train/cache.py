"""A frame cache opened for training: labels in memory, pictures mapped from disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from oft_demo.errors import InvalidData

LABELS, PICTURES = ".labels.npz", ".pictures.npy"  # endings of the two files of an episode


@dataclass(frozen=True)
class EpisodeLabels:
    """What is true for a whole episode."""

    task: str
    instruction: str
    named_object: str | None
    objects: tuple[str, ...]  # of the scene, in the order of the position labels
    source_bytes: int
    source_time_ns: int
    settings: Mapping[str, int]
    render_fingerprint: str = ""
    source_parts: str = ""  # of files, where an episode is not the whole of one


def read_labels(path: Path) -> tuple[EpisodeLabels, dict[str, np.ndarray]]:
    """Read the labels of one shard; raises InvalidData."""
    try:
        with np.load(path) as arrays:
            loaded = {name: arrays[name] for name in arrays.files}
        about = json.loads(str(loaded.pop("episode")))
        return EpisodeLabels(**{**about, "objects": tuple(about["objects"])}), loaded
    except Exception as error:  # numpy, zip and json each raise their own kinds
        raise InvalidData(
            f"The frame cache is damaged: {path.name} cannot be read ({type(error).__name__}). "
            "Delete that file and start the training again; only this episode is drawn anew."
        ) from error


class FrameCache:
    """All frames of one or several caches: labels in memory, pictures mapped from disk."""

    def __init__(self, *directories: Path):
        paths = [path for directory in directories for path in _shards(directory)]
        read = [read_labels(path) for path in paths]
        self.names = tuple(f"{path.parent.name}/{path.name.removesuffix(LABELS)}" for path in paths)
        self.episodes = tuple(labels for labels, _ in read)
        self._pictures = [
            _mapped(path.with_name(path.name.removesuffix(LABELS) + PICTURES), len(arrays["joints"]))
            for path, (_, arrays) in zip(paths, read, strict=True)
        ]
        counts = [len(arrays["joints"]) for _, arrays in read]
        self.episode_index = np.repeat(np.arange(len(read)), counts)
        self.row_in_episode = np.concatenate([np.arange(count) for count in counts])
        most = max(len(labels.objects) for labels in self.episodes)
        self.joints = np.concatenate([arrays["joints"] for _, arrays in read])
        self.chunks = np.concatenate([arrays["chunks"] for _, arrays in read])
        self.row_valid = np.concatenate([arrays["row_valid"] for _, arrays in read])
        self.seen = np.concatenate([_padded(arrays["seen"], most) for _, arrays in read])
        self.positions = np.concatenate([_padded(arrays["positions"], most) for _, arrays in read])
        self.named = np.array([_index(labels) for labels in self.episodes])[self.episode_index]

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def image_size(self) -> int:
        """Height and width of the pictures [pixels]."""
        return self._pictures[0].shape[2]

    def pictures(self, frames: Int64[np.ndarray, " b"]) -> UInt8[np.ndarray, "b cameras height width 3"]:
        """Gather the pictures of some frames."""
        return np.stack([self._pictures[self.episode_index[f]][self.row_in_episode[f]] for f in frames])


def _shards(directory: Path) -> list[Path]:
    paths = sorted(directory.glob("*" + LABELS)) if directory.is_dir() else []
    if not paths:
        raise InvalidData(f"The frame cache {directory.name} is empty. Build it from recorded episodes first.")
    return paths


def _index(labels: EpisodeLabels) -> int:
    return -1 if labels.named_object is None else labels.objects.index(labels.named_object)


def _padded(array: np.ndarray, objects: int) -> np.ndarray:
    padding = np.full((len(array), objects - array.shape[1], *array.shape[2:]), np.nan, np.float32)
    return np.concatenate([array, padding], axis=1)


def _mapped(path: Path, count: int) -> np.ndarray:
    try:
        pictures = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise InvalidData(
            f"The frame cache is damaged: {path.name} cannot be read ({type(error).__name__}). "
            "Delete that file and start the training again; only this episode is drawn anew."
        ) from error
    if len(pictures) != count:
        raise InvalidData(
            f"The frame cache is damaged: {path.name} holds {len(pictures)} frames, its labels {count}. "
            "Delete both files and start the training again."
        )
    return pictures
