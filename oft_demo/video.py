"""Rollouts as video files: what a person would see, and below it what the policy saw."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from .sim import AlohaEnv
from .types import CAMERAS, CONTROL_HZ, Image, Observation, Step

STEPS_PER_FRAME = 2
SIZE = (480, 640)  # height and width of the picture for people
STRIP_HEIGHT = 160  # three 4:3 views side by side fill the width
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def film(steps: Iterator[Step], env: AlohaEnv, path: Path) -> Iterator[Step]:
    """Pass the steps of a rollout through and write them to an h264 file at `path` in real time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    observation: Observation | None = None
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(CONTROL_HZ, STEPS_PER_FRAME))
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0] + STRIP_HEIGHT, "yuv420p"
        for step in steps:
            observation = step.observation or observation
            if step.index % STEPS_PER_FRAME == 0:
                picture = compose(env.display(size=SIZE), observation, _caption(env.instruction, step))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            yield step
        container.mux(stream.encode(None))


def compose(display: Image, observation: Observation | None, caption: str) -> Image:
    """The display picture with a caption, above a strip of the views that the last chunk was asked with."""
    frame = np.zeros((SIZE[0] + STRIP_HEIGHT, SIZE[1], 3), np.uint8)
    frame[: SIZE[0]] = display
    images = observation.images if observation else {}
    edges = np.linspace(0, SIZE[1], len(CAMERAS) + 1).round().astype(int)
    for camera, left, right in zip(CAMERAS, edges[:-1], edges[1:], strict=True):
        if camera in images:
            view = cv2.resize(images[camera], (int(right - left), STRIP_HEIGHT), interpolation=cv2.INTER_AREA)
            frame[SIZE[0] :, left:right] = view
    for colour, thickness in ((BLACK, 3), (WHITE, 1)):  # an outline keeps it readable on any background
        cv2.putText(frame, caption, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA)
    return frame


def _caption(instruction: str, step: Step) -> str:
    return f"{instruction}   {step.time:.1f} s   {step.score.points:.0f}/100 {step.score.stage}"
