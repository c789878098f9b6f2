"""Where requests are taken in: on the event loop, while reading and planning happen in other threads."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from oft_demo.errors import OftDemoError
from oft_demo.serve.planner import Planner
from oft_demo.serve.role import Limits, ServedPolicy
from oft_demo.types import Plan, Query

FAULT = "The server has an internal error; its log says more."


class ServerBusy(OftDemoError):
    """As many requests as a server takes are waiting already."""

    def __init__(self, places: int):
        super().__init__(f"The server is busy: {places} requests are in hand. Ask again in a moment.")


@dataclass(frozen=True)
class Served:
    """A plan for whoever asked, and how long each part took [ms]."""

    plan: Plan
    timing: dict[str, float]  # prepare, queue, infer


class Desk:
    """Takes in a limited number of requests; of use on one event loop only."""

    def __init__(self, policy: ServedPolicy, limits: Limits):
        self.policy, self.limits = policy, limits
        self.planner = Planner(policy, limits.batch)
        self._places = limits.batch + limits.waiting
        self._taken = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places, from before a body is read until its answer is ready; raises ServerBusy."""
        if self._taken >= self._places:
            raise ServerBusy(self._places)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def serve(self, read: Callable[[], Query]) -> Served:
        """Have a query read and planned; cancelling takes it out of the queue again."""
        started = time.perf_counter()
        query = await asyncio.to_thread(read)
        prepared = time.perf_counter()
        answer = await asyncio.wrap_future(self.planner.submit(query))
        timing = {"prepare": 1e3 * (prepared - started), "queue": answer.queue_ms, "infer": answer.infer_ms}
        return Served(answer.plan, timing)


def told(error: Exception, log: logging.Logger) -> str:
    """What a client may know of an error; everything else goes into the log."""
    if isinstance(error, OftDemoError):
        log.warning("refused: %s", error)
        return str(error)
    log.error("fault while answering", exc_info=error)
    return FAULT
