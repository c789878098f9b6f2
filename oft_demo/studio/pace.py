"""Keeps a rollout at the speed a visitor chose, so that a person sees the robot as fast as it would move."""

import time
from collections.abc import Callable

LATENESS = 0.2  # [s] a delay beyond this is forgotten rather than caught up by a rush
NEWS_HZ = 25  # poses a second


class Pace:
    """A clock that waits for simulated time and says when the page is to hear of it."""

    def __init__(
        self,
        speed: float = 1.0,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._clock, self._sleep = clock, sleep
        self._origin = clock()  # when simulated time began, had it always been as fast as it is now
        self._speed = speed
        self._simulated = 0.0
        self._told = -1.0  # the simulated time of the last news
        self._worked = 0.0  # [s] of real time, pauses apart
        self._slept = 0.0
        self._since: float | None = clock()  # None in a pause

    @property
    def stamp(self) -> float:
        """When the present moment of the simulation should be seen, on this machine's clock [s]."""
        return self._origin + self._simulated / self._speed

    def wait(self, simulated: float, speed: float | None = None) -> None:
        """Return no earlier than `simulated` [s] of the simulation; `speed` takes effect from here on."""
        self._simulated = simulated
        now = self._clock()
        early = self.stamp - now
        if early > 0:
            self._sleep(early)
            self._slept += early
        elif -early > LATENESS:
            self._origin -= early + LATENESS
        if speed is not None and speed != self._speed:
            self._origin = self.stamp - simulated / speed
            self._speed = speed

    def news_due(self, simulated: float) -> bool:
        """Whether the page should hear of this moment: evenly in the visitor's time, whatever the speed is."""
        if simulated - self._told < self._speed / NEWS_HZ - 1e-6 and simulated >= self._told:
            return False
        self._told = simulated
        return True

    def pause(self) -> None:
        """From here to `resume` no time passes."""
        self._worked = self._busy
        self._since = None

    def resume(self) -> None:
        """Go on."""
        now = self._since = self._clock()
        self._origin = now - self._simulated / self._speed

    @property
    def factor(self) -> float:
        """Simulated seconds a second of the visitor's life, pauses apart."""
        return self._simulated / max(self._busy, 1e-9)

    @property
    def possible_factor(self) -> float:
        """What the factor would be without waiting."""
        return self._simulated / max(self._busy - self._slept, 1e-9)

    @property
    def _busy(self) -> float:
        return self._worked + (0.0 if self._since is None else self._clock() - self._since)
