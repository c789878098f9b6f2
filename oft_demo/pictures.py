"""Draws the pictures of an episode from its simulator states, long after it happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from .data.hdf5.writing import write_progressively
from .types import CAMERAS, Env, Episode, Image

ALOHA_IMAGE_SIZE = (480, 640)  # (height, width) of the pictures in ALOHA HDF5 files


class PictureEnv(Env, Protocol):
    """An env whose pictures can be had at any size."""

    image_size: tuple[int, int]

    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True)
class RenderProgress:
    """How many of an episode's moments have been drawn; the last one holds the result."""

    done: int
    total: int
    episode: Episode | None = None


def draw_frames(
    env: PictureEnv,
    episode: Episode,
    cameras: tuple[str, ...] = CAMERAS,
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE,
) -> Iterator[Mapping[str, Image]]:
    """The pictures of every step; `env` is of the same task, and is afterwards as it was before."""
    yield from draw_states(env, episode.states, cameras, image_size)


def draw_states(
    env: PictureEnv, states: Float64[np.ndarray, "t n"], cameras: tuple[str, ...], image_size: tuple[int, int]
) -> Iterator[Mapping[str, Image]]:
    """The pictures of some moments of the env's task; `env` is afterwards as it was before."""
    before = env.image_size, env.state()
    env.image_size = image_size
    try:
        for state in states:
            env.restore(state)
            yield env.observe(cameras).images
    finally:
        env.image_size = before[0]
        env.restore(before[1])


def render_pictures(
    env: PictureEnv,
    episode: Episode,
    cameras: tuple[str, ...] = CAMERAS,
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE,
) -> Iterator[RenderProgress]:
    """Draw all pictures into memory (0.9 MB each at 480x640); the last progress holds the episode with them."""
    shape = (episode.length, *image_size, 3)
    images = {camera: np.empty(shape, np.uint8) for camera in cameras}
    for index, pictures in enumerate(draw_frames(env, episode, cameras, image_size)):
        for camera, picture in pictures.items():
            images[camera][index] = picture
        if index + 1 < episode.length:
            yield RenderProgress(index + 1, episode.length)
    drawn = replace(episode, images=images, render_fingerprint=fingerprint_at(env, image_size))
    yield RenderProgress(episode.length, episode.length, drawn)


def save_with_pictures(
    path: Path,
    env: PictureEnv,
    episode: Episode,
    cameras: tuple[str, ...] = CAMERAS,
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE,
) -> Iterator[RenderProgress]:
    """Draw and write an episode picture by picture, holding one moment at a time in memory."""
    labelled = replace(episode, images={}, render_fingerprint=fingerprint_at(env, image_size))
    frames = draw_frames(env, episode, cameras, image_size)
    for done in write_progressively(path, labelled, frames):
        yield RenderProgress(done, episode.length)


def fingerprint_at(env: PictureEnv, image_size: tuple[int, int]) -> str:
    """The render fingerprint of pictures of this size."""
    before, env.image_size = env.image_size, image_size
    try:
        return env.fingerprint
    finally:
        env.image_size = before
