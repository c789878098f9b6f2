"""Turns the steps of a rollout into what one part of the page shows: 3D view, readouts, what the policy sees."""

import time
from collections.abc import Mapping

import cv2
import numpy as np
from jaxtyping import Float32

from oft_demo.policy_card import Card
from oft_demo.sim import AlohaEnv
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Data, Markup, Picture, Poses
from oft_demo.studio.pace import Pace
from oft_demo.studio.scenes import scene_of
from oft_demo.types import CAMERAS, CONTROL_HZ, ActionChunk, Image, Step

JPEG_QUALITY = 80
READOUT_GAP = 5  # control steps between two updates of the figures beside the picture: ten a second can be read


def jpeg(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """An RGB picture as JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def jpegs(images: Mapping[str, Image]) -> dict[str, bytes]:
    """The pictures of several cameras as JPEG."""
    return {camera: jpeg(images[camera]) for camera in CAMERAS if camera in images}


class Screen:
    """One simulation on the page: its 3D view, its readouts, what its policy sees."""

    def __init__(self, board: Board, name: str):
        self._board = board
        self._name = name
        self._epoch = 0

    def enter(self, env: AlohaEnv) -> None:
        """Show a scene from its beginning; nothing of what was shown before goes over into it."""
        self._epoch = self._board.epoch()
        self._board.post(f"{self._name}-scene", Data.of(scene_of(env.task).described(self._epoch)))
        self.ghost(None)
        self.paths([])
        self.move(env)

    def move(self, env: AlohaEnv, stamp: float | None = None) -> None:
        """Show where everything is now; `stamp` [s], on the clock of `Pace`, says when it should be seen."""
        poses = env.poses()
        seen_at = (time.perf_counter() if stamp is None else stamp) - self._board.origin
        header = (self._epoch, seen_at, env.observe(()).time, len(poses))
        self._board.post(f"{self._name}-poses", Poses.of(header, poses))

    def ghost(self, frames: Float32[np.ndarray, "k bodies 7"] | None, chunk: int = 0, dt: float = 0.0) -> None:
        """Let translucent arms play a chunk, or none."""
        if frames is None:
            self._board.post(f"{self._name}-ghost", Poses.of((0, 0, 0, 0), np.zeros((0, 0, 7), np.float32)))
            return
        header = (chunk, dt, frames.shape[0], frames.shape[1])
        self._board.post(f"{self._name}-ghost", Poses.of(header, frames))

    def paths(self, paths: list[dict[str, object]]) -> None:
        """Draw lines into the 3D view."""
        self._board.post(f"{self._name}-paths", Data.of({"paths": paths}))

    def still(self, env: AlohaEnv, pictures: Mapping[str, bytes]) -> None:
        """Show a scene in which nothing moves yet, and what a policy sees of it: JPEG by camera."""
        self.enter(env)
        self._post("badge", "")
        self._post("clock", "0.0 s")
        self._post("score", markup.score_card(env.score()))
        self._post("following", markup.following(env.score()))
        for slot in ("chunk", "factor", "asked", "latency"):
            self._post(slot, "&ndash;")
        self.pictures(pictures)

    def introduce(self, card: Card) -> None:
        """Say which policy will act."""
        self._post("card", markup.card(card))

    def show(self, step: Step, env: AlohaEnv, pace: Pace) -> None:
        """Show one control step; poses and figures are left out where a person would not see them."""
        if pace.news_due(step.time):
            self.move(env, pace.stamp)
        if step.index % READOUT_GAP == 0 or step.score.success or step.chunk is not None:
            self.readouts(step, pace)

    def chunk(self, chunk: ActionChunk, pictures: Mapping[str, bytes]) -> None:
        """Show how long a chunk took, and what it was predicted from."""
        self._post("latency", markup.latency(chunk))
        self.pictures(pictures)

    def pictures(self, pictures: Mapping[str, bytes]) -> None:
        """Show what a policy sees: JPEG by camera."""
        for camera, picture in pictures.items():
            self._board.post(f"{self._name}-{camera}", Picture(picture))

    def end(self, step: Step | None, env: AlohaEnv, pace: Pace, verdict: str, tone: markup.Tone) -> None:
        """Show how it ended."""
        self.move(env, pace.stamp)
        if step is not None:
            self.readouts(step, pace)
        self._post("badge", markup.badge(verdict, tone))

    def readouts(self, step: Step, pace: Pace) -> None:
        """The figures of this moment."""
        self._post("clock", f"{step.time + 1 / CONTROL_HZ:.1f} s")
        self._post("score", markup.score_card(step.score))
        self._post("following", markup.following(step.score))
        row = step.row + 1
        rows = row + step.steps_to_replan // 2
        self._post("chunk", markup.fact(str(step.chunk_index + 1), f"row {row} of {rows}"))
        note = f"{pace.possible_factor:.1f}x possible" if pace.possible_factor > pace.factor * 1.1 else ""
        self._post("factor", markup.fact(f"{pace.factor:.2f}x", note))

    def asked(self, count: int, seconds: float, spent_ms: float) -> None:
        """How often the policy was asked in `seconds` of the simulation, and what share of real time that would be."""
        if seconds > 0:
            share = f"{100 * spent_ms / (1e3 * seconds):.0f} % of real time"
            self._post("asked", markup.fact(f"{count / seconds:.1f} times a second", share))

    def _post(self, slot: str, html: str) -> None:
        self._board.post(f"{self._name}-{slot}", Markup(html))


def say(board: Board, page: str, text: str, tone: markup.Tone = "plain") -> None:
    """Put a message on the status line of a tab."""
    board.post(f"{page}-status", Markup(markup.status(text, tone)))
