"""Draws the pictures of an episode block by block, so that an interruption costs no more than a block."""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oft_demo.data.durable import why, write_whole
from oft_demo.data.hdf5.packing import Packed, read_block
from oft_demo.errors import InvalidData, OftDemoError
from oft_demo.pictures import ALOHA_IMAGE_SIZE
from oft_demo.recording.drawers import Answer, Drawers
from oft_demo.types import CAMERAS, Episode

BLOCK_STEPS = 20  # moments that are drawn and kept together: about a second of work
MAX_CAMERAS = 8
MIN_SIDE, MAX_SIZE = 16, (960, 1280)  # [pixels]; the largest (height, width) that the scene's cameras draw


@dataclass(frozen=True)
class View:
    """Which pictures are wanted."""

    cameras: tuple[str, ...] = CAMERAS
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE  # (height, width)

    def __post_init__(self) -> None:
        height, width = self.image_size
        if not (MIN_SIDE <= height <= MAX_SIZE[0] and MIN_SIDE <= width <= MAX_SIZE[1]):
            raise InvalidData(
                f"Pictures of {width} x {height} were asked for; choose {MIN_SIDE} x {MIN_SIDE} to "
                f"{MAX_SIZE[1]} x {MAX_SIZE[0]}."
            )
        if not 1 <= len(set(self.cameras)) == len(self.cameras) <= MAX_CAMERAS:
            raise InvalidData(f"{len(self.cameras)} cameras were asked for; choose 1 to {MAX_CAMERAS} different ones.")


class DrawingFailed(OftDemoError):
    """The pictures of a take cannot be drawn, for a reason that the drawing process gave."""


@dataclass(frozen=True)
class Drawing:
    """One episode's pictures in the making; what is done already lies in its folder."""

    folder: Path
    episode: Episode
    view: View
    fingerprint: str  # the render settings of the processes that draw

    @property
    def key(self) -> str:
        """Names what is drawn and how, so that blocks of anything else are drawn again."""
        drawn = [digest_of(self.episode), self.episode.task, self.view.cameras, self.fingerprint]
        return hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:32]

    @property
    def states_path(self) -> Path:
        """Where the processes that draw find the states."""
        return states_path(self.folder, self.episode)

    def frames(self) -> Iterator[Packed]:
        """The pictures of every step, once all are drawn."""
        key = self.key
        for start, stop in self.blocks():
            frames = read_block(self.path(start), key, stop - start)
            if frames is None:
                raise DrawingFailed(f"The pictures of steps {start} to {stop} are damaged on disk. Try again.")
            yield from frames

    def blocks(self) -> list[tuple[int, int]]:
        """First step, and the step after the last, of each block."""
        length = self.episode.length
        return [(start, min(start + BLOCK_STEPS, length)) for start in range(0, length, BLOCK_STEPS)]

    def path(self, start: int) -> Path:
        """Where a block is kept."""
        return self.folder / f"{start:06d}.block"

    def size_bytes(self) -> int:
        """What the blocks take on disk."""
        return sum(self.path(start).stat().st_size for start, _ in self.blocks())


def begin_drawing(folder: Path, episode: Episode, view: View, drawers: Drawers) -> Drawing:
    """Put the states where the processes find them; raises InvalidData for an episode that cannot be drawn."""
    if not episode.states.shape[1]:
        raise InvalidData("This episode has no simulator states, so its pictures cannot be drawn.")
    folder.mkdir(parents=True, exist_ok=True)
    states = io.BytesIO()
    np.save(states, np.ascontiguousarray(episode.states), allow_pickle=False)
    write_whole(states_path(folder, episode), states.getvalue())
    question = {"do": "fingerprint", "task": episode.task, "size": view.image_size}
    # Every process is asked, so that all of them build their scenes at the same time.
    answers = [answer for _, answer in drawers.answers([question] * drawers.workers)]
    return Drawing(folder, episode, view, str(_checked(answers[0], folder)["fingerprint"]))


def draw(drawing: Drawing, drawers: Drawers) -> Iterator[int]:
    """Draw what is missing; yields the number of steps done so far."""
    key = drawing.key
    missing = [
        (start, stop) for start, stop in drawing.blocks() if read_block(drawing.path(start), key, stop - start) is None
    ]
    done = drawing.episode.length - sum(stop - start for start, stop in missing)
    yield done
    questions = [
        {
            "do": "draw",
            "task": drawing.episode.task,
            "states": str(drawing.states_path),
            "start": start,
            "stop": stop,
            "cameras": drawing.view.cameras,
            "size": drawing.view.image_size,
            "block": str(drawing.path(start)),
            "key": key,
        }
        for start, stop in missing
    ]
    for _, answer in drawers.answers(questions):
        done += int(_checked(answer, drawing.folder)["drawn"])
        yield done


def states_path(folder: Path, episode: Episode) -> Path:
    """Other states are in another file, since processes remember a file that they have read."""
    return folder / f"{digest_of(episode)}.npy"


def digest_of(episode: Episode) -> str:
    """A name for the states of an episode."""
    return hashlib.sha256(np.ascontiguousarray(episode.states).tobytes()).hexdigest()[:16]


def _checked(answer: Answer, folder: Path) -> Answer:
    if answer.get("errno"):
        raise DrawingFailed(why(OSError(answer["errno"], os.strerror(answer["errno"])), folder.parent))
    if "error" in answer:
        raise DrawingFailed(str(answer["error"]))
    return answer
