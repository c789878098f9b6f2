"""A visitor without a browser: opens the live channel, presses Run, and reads everything that comes."""

import json
import time
from dataclasses import dataclass, field

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from oft_demo.bench.live.serving import Served

FLOATS_KIND = 2
POSES = "run-poses"


@dataclass(frozen=True)
class Moment:
    """One update of where the bodies are."""

    arrived: float  # [s] on this machine's clock
    epoch: float
    time: float  # [s] simulated
    poses: np.ndarray  # (bodies, 7)


@dataclass
class Visit:
    """What one visitor saw."""

    seed: int
    pressed: float = 0.0  # when Run was pressed [s]
    moments: list[Moment] = field(default_factory=list[Moment])  # since then
    received: int = 0  # [bytes]
    ended: bool = False

    @property
    def first_movement(self) -> float:
        """From pressing Run to the first update in which the scene had moved on [s]."""
        return next(each.arrived for each in self.moments if each.time > 0) - self.pressed

    @property
    def start(self) -> np.ndarray:
        """Where everything was at the beginning of the run."""
        return next(each.poses for each in self.moments if each.time == 0)

    @property
    def factor(self) -> float:
        """Simulated seconds a second: the slope of a line through all updates but those of the first second."""
        arrived = np.array([each.arrived for each in self._steady])
        return float(np.polyfit(arrived - arrived[0], [each.time for each in self._steady], 1)[0])

    @property
    def updates_per_second(self) -> float:
        """Updates that arrived in a second."""
        first, last = self._steady[0], self._steady[-1]
        return (len(self._steady) - 1) / (last.arrived - first.arrived)

    @property
    def longest_gap(self) -> float:
        """The longest time without an update [s]."""
        return float(np.diff([each.arrived for each in self._steady]).max())

    @property
    def _steady(self) -> list[Moment]:
        return [each for each in self.moments if each.time > 1.0]


async def open_line(app: Served, ticket: str) -> ClientConnection:
    """The live channel of one visitor, once the first scene was shown."""
    line = await connect(app.channel, origin=app.origin, max_size=None, compression=None)  # type: ignore[arg-type]
    await line.send(json.dumps({"ticket": ticket, "narrow": False}))
    while not _is_slot(await line.recv(), "run-card"):
        pass
    return line


async def run(line: ClientConnection, policy: str, seed: int, seconds: float) -> Visit:
    """Press Run and read for so long, or until the rollout ends."""
    asked = {"do": "run", "policy": policy, "task": "put_x_into_pot", "seed": str(seed)}
    await line.send(json.dumps({**asked, "instruction": "put the red pepper into the pot"}))
    visit = Visit(seed, pressed=time.perf_counter())
    while time.perf_counter() - visit.pressed < seconds and not visit.ended:
        _take(visit, await line.recv())
    return visit


async def stop(line: ClientConnection) -> None:
    """Press Stop and wait until it has an effect."""
    await line.send(json.dumps({"do": "stop"}))
    while True:
        message = await line.recv()
        if _is_slot(message, "run-state") and '"idle"' in str(message):
            return


def _take(visit: Visit, message: str | bytes) -> None:
    arrived = time.perf_counter()
    visit.received += len(message)
    if isinstance(message, str):
        visit.ended = bool(visit.moments) and (_is_slot(message, "run-trace") and '"kind":"end"' in message)
    elif message[0] == FLOATS_KIND and message[2 : 2 + message[1]] == POSES.encode():
        numbers = np.frombuffer(message[2 + message[1] :], "<f4")
        if not visit.moments and numbers[2] > 0:
            return  # the end of a run before this one
        visit.moments.append(Moment(arrived, float(numbers[0]), float(numbers[2]), numbers[4:].reshape(-1, 7)))


def _is_slot(message: str | bytes, slot: str) -> bool:
    return isinstance(message, str) and message.startswith(f'{{"slot": "{slot}"')
