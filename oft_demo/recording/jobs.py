"""The takes on their way to an episode: what was ordered, and how far each has come."""

import threading
from dataclasses import dataclass, replace
from typing import Any

from oft_demo.recording.accepting import Stage
from oft_demo.recording.orders import Order

DONE_SHOWN = 20  # finished takes that stay in the list
ACTIVE: tuple[Stage, ...] = ("waiting", "drawing", "writing")


@dataclass(frozen=True)
class AcceptProgress:
    """How far a take has come on its way to an episode."""

    take_id: str
    stage: Stage = "waiting"
    done: int = 0  # steps
    total: int = 0
    episode: str | None = None
    sentence: str = ""  # the result, or what went wrong and what to do


class Jobs:
    """A list that any thread may read and change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders = dict[str, Order]()
        self._progress = dict[str, AcceptProgress]()

    def progress(self) -> tuple[AcceptProgress, ...]:
        """All of them, in the order they came."""
        with self._lock:
            return tuple(self._progress.values())

    def add(self, take_id: str, order: Order) -> bool:
        """Put a take at the end; False where it is in work already."""
        with self._lock:
            if self._active(take_id):
                return False
            self._forget(take_id)
            self._orders[take_id], self._progress[take_id] = order, AcceptProgress(take_id)
            return True

    def order(self, take_id: str) -> Order | None:
        """What was ordered last for a take."""
        with self._lock:
            return self._orders.get(take_id)

    def is_active(self, take_id: str) -> bool:
        """Whether a take waits or is in work."""
        with self._lock:
            return self._active(take_id)

    def tell(self, take_id: str, **news: Any) -> None:
        """Change what is known of a take's progress."""
        with self._lock:
            self._progress[take_id] = replace(self._progress[take_id], **news)
            done = [each.take_id for each in self._progress.values() if each.stage == "done"]
            for old in done[:-DONE_SHOWN]:
                self._forget(old)

    def forget(self, take_id: str) -> None:
        """Take one from the list."""
        with self._lock:
            self._forget(take_id)

    def _active(self, take_id: str) -> bool:
        known = self._progress.get(take_id)
        return known is not None and known.stage in ACTIVE

    def _forget(self, take_id: str) -> None:
        self._progress.pop(take_id, None)
        self._orders.pop(take_id, None)
