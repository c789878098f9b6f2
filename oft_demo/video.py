"""Rollouts as video files: what a person would see, and below it what the policy saw."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from .appearing import appearing
from .sim import AlohaEnv
from .types import CAMERAS, CONTROL_HZ, Image, Observation, Score, Step

STEPS_PER_FRAME = 2
FRAMES_PER_SECOND = CONTROL_HZ // STEPS_PER_FRAME
SIZE = (480, 640)  # height and width of the picture for people
STRIP_HEIGHT = 160  # three 4:3 views side by side fill the width
WHITE = (255, 255, 255)
LETTER, LINE, MARGIN = 16, 21, 8  # [pixels]
WEIGHT = 400
LONGEST_CAPTION = 4  # lines


def film(steps: Iterator[Step], env: AlohaEnv, path: Path) -> Iterator[Step]:
    """Pass the steps of a rollout through and write them to an h264 file at `path` in real time."""
    observation: Observation | None = None
    with mp4(path, (SIZE[0] + STRIP_HEIGHT, SIZE[1])) as add:
        for step in steps:
            observation = step.observation or observation
            if step.index % STEPS_PER_FRAME == 0:
                add(compose(env.display(size=SIZE), observation, captioned(env.instruction, step.time, step.score)))
            yield step


@contextmanager
def mp4(path: Path, size: tuple[int, int]) -> Iterator[Callable[[Image], None]]:
    """Takes pictures of `size` (height, width) for a video at `path`, which appears when it is whole."""
    options = {"movflags": "faststart"}
    with appearing(path) as part, av.open(str(part), "w", format="mp4", options=options) as container:
        # One thread and a fast preset: a simulation may be running beside this.
        stream = container.add_stream("libx264", rate=Fraction(FRAMES_PER_SECOND), options={"preset": "veryfast"})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1

        def add(picture: Image) -> None:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))

        yield add
        container.mux(stream.encode(None))


def compose(display: Image, observation: Observation | None, caption: str) -> Image:
    """The display picture with a caption, above a strip of the views that the last chunk was asked with."""
    return above_strip(display, observation.images if observation else {}, caption)


def above_strip(display: Image, seen: Mapping[str, Image], caption: str) -> Image:
    """The same from the pictures by themselves."""
    frame = np.zeros((SIZE[0] + STRIP_HEIGHT, SIZE[1], 3), np.uint8)
    frame[: SIZE[0]] = display
    edges = np.linspace(0, SIZE[1], len(CAMERAS) + 1).round().astype(int)
    for camera, left, right in zip(CAMERAS, edges[:-1], edges[1:], strict=True):
        if camera in seen:
            view = cv2.resize(seen[camera], (int(right - left), STRIP_HEIGHT), interpolation=cv2.INTER_AREA)
            frame[SIZE[0] :, left:right] = view
    return written(frame, (MARGIN, 0), caption, SIZE[1] - 2 * MARGIN)


def written(frame: Image, place: tuple[int, int], text: str, width: int) -> Image:
    """Words on a darkened part of a picture, in lines of at most `width`, from `place` (right, down) on [pixels]."""
    # The face with letters of most scripts, which OpenCV brings along since its version 5.
    face, (left, top) = cv2.FontFace("sans"), place

    def length(words: str) -> int:
        return cv2.getTextSize((0, 0), words, (0, 0), face, LETTER, WEIGHT)[2]

    lines = wrapped(text, width, length)
    ground = np.s_[top : top + LINE * len(lines) + MARGIN, : left + max(map(length, lines)) + MARGIN]
    frame = frame.copy()
    frame[ground] //= 3
    for index, line in enumerate(lines):
        cv2.putText(frame, line, (left, top + LINE * (index + 1)), WHITE, face, LETTER, WEIGHT)
    return frame


def wrapped(text: str, width: int, length: Callable[[str], float]) -> list[str]:
    """Lines no longer than `width`, as `length` measures them; a word that is longer is cut, as is what is too much."""
    lines = list[str]()
    for paragraph in text.split("\n"):
        lines.append("")
        for word in paragraph.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and length(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
            while length(lines[-1]) > width:
                lines[-1] = lines[-1][:-1]
    return lines[:LONGEST_CAPTION]


def captioned(instruction: str, seconds: float, score: Score) -> str:
    """How far a rollout is, and in a line of its own what was asked for."""
    return f"{seconds:.1f} s   {score.points:.0f}/100 {score.stage}\n{instruction}"
