"""Brings things into memory beside the visitors: each once for all who wait for it, and given up when nobody does."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from oft_demo.errors import OftDemoError
from oft_demo.policy_sources import short

POLL_SECONDS = 0.05
GRACE_SECONDS = 1.0  # [s] a visitor who stops waiting to do something else asks again within this time

Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class LoadingStopped(OftDemoError):
    """Somebody did not want to wait any longer."""

    def __init__(self, name: str):
        super().__init__(f"Loading {short(name)} was stopped.")


class Loading(Generic[Result]):
    """Work that is done in a thread of its own for as long as anybody waits for its result."""

    def __init__(self, name: str, steps: Generator[str, None, Result], ended: Callable[["Loading[Result]"], None]):
        """`steps` yields what it is doing; `ended` is told when there is a result, or none is to come."""
        self.name = name
        self.news = ""
        self.result: Result | None = None
        self.error: BaseException | None = None
        self._steps = steps
        self._ended = ended
        self._waiting = 0
        self._left_at = time.monotonic()
        self._changing = threading.Lock()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._work, name=f"load {self.name}", daemon=True).start()

    def wait(self, stopped: Callable[[], bool], tell: Callable[[str], None]) -> Result:
        """The result; raises LoadingStopped once `stopped`, or whatever went wrong. Its news go to `tell`."""
        self._count(1)
        try:
            while not self._over.wait(POLL_SECONDS):
                if stopped():
                    raise LoadingStopped(self.name)
                if self.news:
                    tell(self.news)
        finally:
            self._count(-1)
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result

    def _count(self, change: int) -> None:
        with self._changing:
            self._waiting += change
            self._left_at = time.monotonic()

    def _unwanted(self) -> bool:
        with self._changing:
            return not self._waiting and time.monotonic() - self._left_at > GRACE_SECONDS

    def _work(self) -> None:
        try:
            self.result = self._followed()
        except BaseException as error:  # for whoever waits
            if not isinstance(error, OftDemoError):
                logger.exception("loading %s", self.name)
            self.error = _without_frames(error)
        finally:
            self._steps.close()
            self._ended(self)
            self._over.set()

    def _followed(self) -> Result:
        while not self._unwanted():
            try:
                self.news = next(self._steps)
            except StopIteration as end:
                return end.value
        raise LoadingStopped(self.name)


def _without_frames(error: BaseException) -> BaseException:
    """The same error; the frames in which it arose would keep what was half loaded in memory."""
    link: BaseException | None = error
    while link is not None:
        traceback.clear_frames(link.__traceback__)
        link.__traceback__ = None
        link = link.__context__
    return error
