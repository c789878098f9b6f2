"""Turns the steps of a rollout into what one part of the page shows; a live 3D view would replace `picture`."""

import cv2

from oft_demo.policy_card import Card
from oft_demo.sim import AlohaEnv
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Figure, Markup, Picture
from oft_demo.studio.pace import Pace
from oft_demo.types import CAMERAS, CONTROL_HZ, Image, Step

JPEG_QUALITY = 80
READOUT_GAP = 5  # control steps between two updates of the figures beside the picture: ten a second can be read


def jpeg(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """An RGB picture as JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


class Screen:
    """One simulation on the page: its picture, its readouts, what its policy sees."""

    def __init__(self, board: Board, name: str):
        self._board = board
        self._name = name

    def still(self, env: AlohaEnv) -> None:
        """Show a scene in which nothing moves yet."""
        self._picture(env)
        self._post("badge", "")
        self._post("clock", "0.0 s")
        self._post("score", markup.score_card(env.score()))
        self._post("following", markup.following(env.score()))
        for slot in ("chunk", "factor", "latency"):
            self._post(slot, "&ndash;")
        for camera, image in env.observe().images.items():
            self._board.post(f"{self._name}-{camera}", Picture(jpeg(image)))

    def introduce(self, card: Card) -> None:
        """Say which policy will act."""
        self._post("card", markup.card(card))

    def show(self, step: Step, env: AlohaEnv, pace: Pace) -> None:
        """Show one control step; pictures and figures are left out where a person would not see them."""
        if pace.picture_due():
            self._picture(env)
        if step.index % READOUT_GAP == 0 or step.score.success:
            self._readouts(step, pace)
        if step.chunk is not None:
            self._chunk(step)

    def end(self, step: Step | None, env: AlohaEnv, pace: Pace, verdict: str, tone: markup.Tone) -> None:
        """Show how it ended."""
        self._picture(env)
        if step is not None:
            self._readouts(step, pace)
        self._post("badge", markup.badge(verdict, tone))

    def _picture(self, env: AlohaEnv) -> None:
        self._board.post(f"{self._name}-view", Picture(jpeg(env.display())))

    def _readouts(self, step: Step, pace: Pace) -> None:
        self._post("clock", f"{step.time + 1 / CONTROL_HZ:.1f} s")
        self._post("score", markup.score_card(step.score))
        self._post("following", markup.following(step.score))
        note = f"{pace.possible_factor:.1f}x possible" if pace.possible_factor > pace.factor * 1.1 else ""
        self._post("factor", markup.fact(f"{pace.factor:.2f}x", note))

    def _chunk(self, step: Step) -> None:
        assert step.chunk is not None
        rows = len(step.chunk.targets)
        self._post("chunk", markup.fact(str(step.chunk_index + 1), f"{rows} rows of {1000 * step.chunk.dt:.0f} ms"))
        self._post("latency", markup.latency(step.chunk))
        seen = step.observation.images if step.observation is not None else {}
        for camera in CAMERAS:
            if camera in seen:
                self._board.post(f"{self._name}-{camera}", Picture(jpeg(seen[camera])))

    def _post(self, slot: str, html: str) -> None:
        self._board.post(f"{self._name}-{slot}", Markup(html))


def say(board: Board, page: str, text: str, tone: markup.Tone = "plain") -> None:
    """Put a message on the status line of a tab."""
    board.post(f"{page}-status", Markup(markup.status(text, tone)))


def plot(board: Board, slot: str, figure_json: str) -> None:
    """Show a plotly figure."""
    board.post(slot, Figure(figure_json))
