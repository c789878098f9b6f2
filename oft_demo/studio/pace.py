"""Keeps a rollout at real time, so that a person sees the robot as fast as it would move."""

import time
from collections.abc import Callable

LATENESS = 0.2  # [s] a delay beyond this is forgotten rather than caught up by a rush
PICTURE_GAP = 1 / 25  # [s] between pictures while on time
LATE_PICTURE_GAP = 1 / 12  # [s] while late: fewer pictures leave more time to the simulation


class Pace:
    """A clock that waits for simulated time and says when the next picture is due."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter, sleep: Callable[[float], None] = time.sleep):
        self._clock, self._sleep = clock, sleep
        self._started = self._origin = clock()
        self._slept = 0.0
        self._simulated = 0.0
        self._last_picture = -1.0

    def wait(self, simulated: float) -> None:
        """Return no earlier than `simulated` [s] after the start."""
        self._simulated = simulated
        early = self._origin + simulated - self._clock()
        if early > 0:
            self._sleep(early)
            self._slept += early
        elif -early > LATENESS:
            self._origin -= early + LATENESS

    def picture_due(self) -> bool:
        """Whether it is time for another picture."""
        now = self._clock()
        late = now - self._origin - self._simulated > LATENESS / 2
        gap = LATE_PICTURE_GAP if late else PICTURE_GAP
        if now - self._last_picture < gap * 0.9:
            return False
        self._last_picture = now
        return True

    @property
    def factor(self) -> float:
        """Simulated seconds a second of the visitor's life."""
        return self._simulated / max(self._clock() - self._started, 1e-9)

    @property
    def possible_factor(self) -> float:
        """What the factor would be without waiting."""
        return self._simulated / max(self._clock() - self._started - self._slept, 1e-9)
