"""The last message of a person, held until its deadline."""

from __future__ import annotations

from threading import Lock

from .inputs import HandsInput

DEADLINE = 0.15  # [s] without a message after which all controls count as let go; held controls repeat every 0.05 s


class Latch:
    """Passes inputs from the thread that hears the browser to the one that moves the arms."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._input = HandsInput()
        self._put_at: float | None = None
        self._touched_at: float | None = None

    def put(self, given: HandsInput, now: float) -> None:
        """What is asked from now on [s]."""
        with self._lock:
            self._input, self._put_at = given, now
            if not given.idle:
                self._touched_at = now

    def current(self, now: float) -> HandsInput:
        """What is asked now: nothing once the deadline has passed; the speed stays as it was set."""
        with self._lock:
            if self._put_at is None or now - self._put_at > DEADLINE:
                return self._input.released
            return self._input

    def clear(self) -> None:
        """All controls are let go, for example when the line is lost."""
        with self._lock:
            self._input = self._input.released

    @property
    def touched_at(self) -> float | None:
        """When a control was last held [s]; None: never."""
        with self._lock:
            return self._touched_at
