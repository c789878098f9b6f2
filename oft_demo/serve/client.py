"""A policy that answers from somewhere else: in time, or not at all."""

import threading
import time
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

from oft_demo.serve import address
from oft_demo.serve.act_wire import ActWire
from oft_demo.serve.background import Background
from oft_demo.serve.errors import InvalidAddress, InvalidAnswer, ServerChanged, ServerLost, StaleAnswer
from oft_demo.serve.introduction import Introduction, Question, Reply, prepared, warm_up
from oft_demo.serve.openpi_wire import OpenpiWire
from oft_demo.serve.wire import Wire, watched
from oft_demo.types import CHUNK_LENGTH, JOINT_COUNT, ActionChunk, Observation

ANSWER_WITHIN = 2.0  # [s]
MOST_ROWS = 1000  # of a chunk whose length no metadata tell


def connect(url: str, token: str | None = None, answer_within: float = ANSWER_WITHIN) -> "RemotePolicy":
    """Meet the server at http(s)://HOST:PORT (the official /act) or ws(s)://HOST:PORT (openpi's websocket).

    An answer that is older than `answer_within` [s], counted from when the observation was handed over, is never
    given to the robot. Raises RemoteError.
    """
    place = address.parse(url)
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise InvalidAddress(place.url, "its token has to be printable ASCII without spaces")
    if not 0 < answer_within < float("inf"):
        raise InvalidAddress(place.url, f"answer_within has to be a time above 0 s, not {answer_within!r}")
    wire = OpenpiWire(place, token) if place.websocket else ActWire(place, token)
    return RemotePolicy(wire, answer_within)


class RemotePolicy:
    """Asks a server for every chunk; without an answer it raises RemoteError, and nothing is carried out."""

    def __init__(self, wire: Wire, answer_within: float):
        self.answer_within = answer_within
        self._wire = wire
        self._one_at_a_time = threading.Lock()
        self._background = Background()
        try:
            self._known = self._background.run(watched(wire.open(), wire))
            warm_up(self._known)
        except BaseException:
            self.close()
            raise
        self._rows_seen: int | None = None

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._wire.address.url

    @property
    def introduction(self) -> Introduction:
        """All that is known of the served policy."""
        return self._known

    @property
    def name(self) -> str:
        """What the served policy calls itself, or else host and port."""
        return self._known.name

    @property
    def fingerprint(self) -> str:
        """Of the weights; empty where the server does not tell."""
        return self._known.fingerprint

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras whose pictures are sent."""
        return self._known.cameras

    @property
    def chunk_length(self) -> int:
        """Rows of a chunk; of a server that does not tell, those of its last answer."""
        return self._known.rows or self._rows_seen or CHUNK_LENGTH

    @property
    def replan_after(self) -> int:
        """Rows to carry out before asking again."""
        return self._known.replan_after

    @property
    def film(self) -> bool | None:
        """Whether it was trained with FiLM; None where the server does not tell."""
        return self._known.film

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """Ask for one chunk; raises ServerLost, StaleAnswer, RefusedByServer and InvalidAnswer."""
        started = time.monotonic()
        with self._one_at_a_time:
            if self._background.closed:
                raise ServerLost(self.url, "this connection was closed here")
            question = prepared(observation, instruction, self._known)
            sent = time.monotonic()
            reply = self._background.run(self._answer(question, started))
            received = time.monotonic()
            actions = self._checked(reply)
            if time.monotonic() - started > self.answer_within:
                raise StaleAnswer(self.url, self.answer_within)
            self._rows_seen = len(actions)
        latency_ms = _latency_ms(started, sent, received, reply.server_ms)
        return ActionChunk(actions, instruction, self._known.dt, latency_ms)

    def close(self) -> None:
        """Let go of the server."""
        if not self._background.closed:
            self._background.run(self._wire.close())
            self._background.close()

    def __enter__(self) -> "RemotePolicy":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def _answer(self, question: Question, started: float) -> Reply:
        left = started + self.answer_within - time.monotonic()
        try:
            return await watched(self._wire.ask(question), self._wire, left)
        except TimeoutError:
            raise StaleAnswer(self.url, self.answer_within) from None

    def _checked(self, reply: Reply) -> Float32[np.ndarray, "k 14"]:
        if self.fingerprint and reply.fingerprint not in (None, self.fingerprint):
            raise ServerChanged(self.url, self.name)
        rows = self._known.rows
        expected = f"{rows or 'some'} rows of {JOINT_COUNT} finite numbers"
        found = reply.actions
        if isinstance(found, list) and len(found) <= MOST_ROWS and all(map(_is_row, found)):
            found = np.stack(found) if found else np.zeros((0, JOINT_COUNT))
        if not isinstance(found, np.ndarray):
            raise InvalidAnswer(self.url, "no array of actions", expected)
        fits = found.ndim == 2 and found.shape[1] == JOINT_COUNT and 0 < len(found) <= MOST_ROWS
        if found.dtype.kind != "f" or not fits or len(found) != (rows or len(found)):
            raise InvalidAnswer(self.url, f"{found.dtype} of shape {list(found.shape)}", expected)
        with np.errstate(over="ignore"):  # what is too large for a robot's numbers becomes infinite
            actions = found.astype(np.float32)
        if not np.isfinite(actions).all():
            raise InvalidAnswer(self.url, "numbers that are not finite", expected)
        return actions


def _is_row(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.shape == (JOINT_COUNT,) and value.dtype.kind == "f"


def _latency_ms(started: float, sent: float, received: float, server_ms: float | None) -> Mapping[str, float]:
    """By stage; what a server does not tell of itself cannot be taken apart and counts as its own time."""
    exchange = 1e3 * (received - sent)
    server = exchange if server_ms is None else min(server_ms, exchange)
    stages = {"images": 1e3 * (sent - started), "network": exchange - server, "server": server}
    return {**stages, "total": 1e3 * (time.monotonic() - started)}
