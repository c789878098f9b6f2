"""The one thread that owns a policy; queries that came while it was busy are planned in one pass."""

import contextlib
import threading
import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

import numpy as np

from oft_demo.errors import OftDemoError
from oft_demo.serve.role import ServedPolicy
from oft_demo.types import Plan, Query

CLOSING_SECONDS = 2.0  # a pass through a large network may take longer than anybody wants to wait for


class ServerStopping(OftDemoError):
    """The server goes down before it could answer."""

    def __init__(self) -> None:
        super().__init__("The server is stopping. Ask again when it is back.")


class UnusablePlan(OftDemoError):
    """A policy that answers with numbers that no robot can carry out."""

    def __init__(self, policy: str):
        super().__init__(f"The policy {policy} answered with numbers that are not finite. Choose another checkpoint.")


@dataclass(frozen=True)
class Answer:
    """A plan, and where the time went."""

    plan: Plan
    queue_ms: float
    infer_ms: float


@dataclass(eq=False)
class _Asked:
    query: Query
    answer: Future[Answer] = field(default_factory=Future)
    at: float = field(default_factory=time.perf_counter)


class Planner:
    """Takes queries from any thread and answers them in its own, at most `batch` at once."""

    def __init__(self, policy: ServedPolicy, batch: int):
        self._policy, self._batch = policy, batch
        self._waiting: deque[_Asked] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="planner", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether questions are being answered."""
        return self._thread.is_alive() and not self._closed

    @property
    def waiting(self) -> int:
        """Queries whose turn has not come."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def submit(self, query: Query) -> Future[Answer]:
        """Ask for a plan; cancelling the future before its turn takes the query out again."""
        asked = _Asked(query)
        with self._changed:
            if self._closed:
                raise ServerStopping
            self._waiting.append(asked)
            self._changed.notify()
        asked.answer.add_done_callback(lambda answer: self._forget(asked) if answer.cancelled() else None)
        return asked.answer

    def close(self) -> None:
        """Let the current pass come to its end and tell those who wait that there is no answer."""
        with self._changed:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
            self._changed.notify()
        for asked in left:
            with contextlib.suppress(InvalidStateError):
                asked.answer.set_exception(ServerStopping())
        if self._thread.is_alive():
            self._thread.join(CLOSING_SECONDS)

    def _forget(self, asked: _Asked) -> None:
        with self._changed, contextlib.suppress(ValueError):
            self._waiting.remove(asked)

    def _work(self) -> None:
        while not self._closed:
            batch = self._take()
            if batch:
                self._answer(batch)

    def _take(self) -> list[_Asked]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            taken = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
        return [asked for asked in taken if asked.answer.set_running_or_notify_cancel()]

    def _answer(self, batch: list[_Asked]) -> None:
        started = time.perf_counter()
        try:
            plans = self._plans(batch)
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
            else:
                for asked in batch:  # one of them is to blame; the others get their answers
                    self._answer([asked])
            return
        infer_ms = 1e3 * (time.perf_counter() - started)
        for asked, plan in zip(batch, plans, strict=True):
            asked.answer.set_result(Answer(plan, 1e3 * (started - asked.at), infer_ms))

    def _plans(self, batch: list[_Asked]) -> list[Plan]:
        plans = self._policy.plan([asked.query for asked in batch])
        if len(plans) != len(batch):
            raise RuntimeError(f"{len(plans)} plans for {len(batch)} queries")
        if not all(np.isfinite(plan.actions).all() for plan in plans):
            raise UnusablePlan(self._policy.name)
        return plans
