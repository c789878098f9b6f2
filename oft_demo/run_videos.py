"""Runs as videos, drawn from their recorded states long after they happened."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from . import video
from .run_record import RunRecord
from .sim import AlohaEnv
from .types import CONTROL_HZ, Image

HOLD_FRAMES = video.FRAMES_PER_SECOND  # the end stands for a second, so that it can be read
BAR = 40  # [pixels] of a timeline below a pair
GROUND, PLAYED, PARTED = (20, 24, 28), (90, 167, 179), (240, 147, 43)

Pictures: TypeAlias = Mapping[str, Image]


def write_video(path: Path, env: AlohaEnv, record: RunRecord) -> Iterator[float]:
    """Write a run as h264 at real time, what the policy saw below it; yields the share that is done.

    `env` is of the same task and nobody else's. The file appears when it is whole.
    """
    size = (video.SIZE[0] + video.STRIP_HEIGHT, video.SIZE[1])
    side = _Side(env, record, "")
    with video.mp4(path, size) as add:
        for done, step in enumerate(steps := _frames(record.episode.length)):
            add(side.frame(step))
            yield (done + 1) / len(steps)


def write_pair_video(
    path: Path,
    env: AlohaEnv,
    records: tuple[RunRecord, RunRecord],
    captions: tuple[str, str],
    parted: float | None = None,
) -> Iterator[float]:
    """Write two runs side by side and in step; the shorter one holds its last picture.

    `parted` [s] is the moment at which they part, marked on the timeline below.
    """
    length = max(record.episode.length for record in records)
    sides = [_Side(env, record, f"{caption}   ") for record, caption in zip(records, captions, strict=True)]
    size = (video.SIZE[0] + video.STRIP_HEIGHT + BAR, 2 * video.SIZE[1])
    with video.mp4(path, size) as add:
        for done, step in enumerate(steps := _frames(length)):
            pictures = np.concatenate([side.frame(step) for side in sides], axis=1)
            add(np.concatenate([pictures, _timeline(step, length, parted, size[1])]))
            yield (done + 1) / len(steps)


class _Side:
    """One run, drawn moment by moment; what did not change since the last moment is not drawn again."""

    def __init__(self, env: AlohaEnv, record: RunRecord, title: str):
        self._env, self._record, self._title = env, record, title
        self._drawn: tuple[int, Image] | None = None
        self._decoded: tuple[int, Pictures] | None = None

    def frame(self, step: int) -> Image:
        """The picture of a control step, or of the last one where the run ended before."""
        record = self._record
        step = min(step, record.episode.length - 1)
        if self._drawn is None or self._drawn[0] != step:
            self._env.restore(record.episode.states[step])
            picture = self._env.display(size=video.SIZE)
            self._drawn = step, video.above_strip(picture, self._seen(step), self._caption(step))
        return self._drawn[1]

    def _caption(self, step: int) -> str:
        record = self._record
        instruction = record.chunks[record.chunk_at(step)].chunk.instruction
        ended = f"{record.verdict}   " if step == record.episode.length - 1 else ""
        return self._title + ended + video.captioned(instruction, step / CONTROL_HZ, record.scores[step])

    def _seen(self, step: int) -> Pictures:
        """What the policy saw for the chunk that is carried out."""
        chunk = self._record.chunk_at(step)
        if self._decoded is None or self._decoded[0] != chunk:
            self._decoded = chunk, {name: _decoded(jpeg) for name, jpeg in self._record.chunks[chunk].pictures.items()}
        return self._decoded[1]


def _frames(length: int) -> Sequence[int]:
    """The control steps that are drawn; the last one stands for a while."""
    return [*range(0, length, video.STEPS_PER_FRAME), *[length - 1] * HOLD_FRAMES]


def _timeline(step: int, length: int, parted: float | None, width: int) -> Image:
    """How far the pair has come, and when the two parted."""
    bar = np.full((BAR, width, 3), GROUND, np.uint8)
    bar[:4, : width * (step + 1) // length] = PLAYED
    if parted is None:
        return bar
    place = min(width - 4, int(width * parted * CONTROL_HZ / length))
    bar[:16, place : place + 4] = PARTED
    happened = step >= parted * CONTROL_HZ
    text = f"they part at {parted:.2f} s" if happened else ""
    return video.written(bar, (video.MARGIN, 12), text, width) if text else bar


def _decoded(jpeg: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(picture, np.uint8)
