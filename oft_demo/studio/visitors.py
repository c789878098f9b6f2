"""Who is here: every visitor has simulations of their own, and a seat is given back when they leave."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oft_demo.errors import SeatsTaken
from oft_demo.run_record import RunRecord
from oft_demo.run_settings import RunSettings
from oft_demo.sim import AlohaEnv, make_env
from oft_demo.studio.board import Board, Data
from oft_demo.studio.downloads import Downloads
from oft_demo.studio.telling import SEATS
from oft_demo.studio.watched import Watched

if TYPE_CHECKING:
    from oft_demo.studio.live_take import LiveTake

MakeEnv = Callable[[str], AlohaEnv]

Scene = tuple[str, int]  # task and seed

GONE_SECONDS = 60.0  # [s] without a browser on the line; a reload or a short loss of network takes less


class Activity:
    """One thing a visitor started; whoever does the work looks at `stopped` between two steps."""

    def __init__(self, scene: Scene | None = None) -> None:
        self.scene = scene
        self.superseded = False  # by something else that the visitor started, not by Stop
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether the visitor pressed Stop, started something else, or left."""
        return self._stop.is_set()

    def stop(self, superseded: bool = False) -> None:
        """Ask the work to end at its next step."""
        self.superseded = self.superseded or superseded
        self._stop.set()


class Visitor:
    """One browser tab: its board, its simulations, and the one activity that may use them."""

    def __init__(self, make_env: MakeEnv, take_seat: Callable[["Visitor"], None]):
        self.ticket = secrets.token_urlsafe(24)
        self.board = Board()
        self.last_seen = time.monotonic()
        self.narrow = False  # a phone's page: plots stand in fewer columns
        self.opening: RunSettings | None = None  # what the link asked for that they came by
        self.opened = False  # the first scene was shown
        self.speed = 1.0  # at which rollouts are shown
        self.watched: Watched | None = None  # the rollout of the Run tab, the last one where none goes on
        self.take: LiveTake | None = None  # that is being recorded
        self.last_run: RunRecord | None = None  # that ended or was stopped
        self.last_pair: tuple[RunRecord, RunRecord] | None = None  # of the last comparison
        self.downloads = Downloads()
        self.looked_at: int | None = None  # the chunk of it that is shown in place of the present
        self._make_env = make_env
        self._take_seat = take_seat
        self._envs: dict[str, AlohaEnv] = {}
        self._working = threading.Lock()
        self._changing = threading.Lock()
        self._activity = Activity()
        self._acting = 0  # activities begun and not ended, without brief ones
        self._preparations: dict[str, Activity] = {}

    @property
    def busy(self) -> bool:
        """Whether an activity is under way."""
        return self._working.locked()

    @property
    def standing(self) -> bool:
        """Whether what is under way is a rollout or a take that stands still."""
        if self.take is not None:
            return self.take.mode != "running"
        return self.watched is not None and not self.watched.over and self.watched.transport.paused

    def env(self, task: str, side: str = "a") -> AlohaEnv:
        """The visitor's own simulation of `task`; two policies are compared in sides "a" and "b".

        To be called inside `activity`, which keeps two threads from using one simulation.
        """
        env = self._envs.get(side)
        if env is not None and env.task == task:
            return env
        if env is not None:
            self._envs.pop(side).close()
        self._take_seat(self)
        self.board.post(SEATS, Data.of({"taken": False}))
        self._envs[side] = self._make_env(task)
        return self._envs[side]

    @property
    def scene_in_use(self) -> Scene | None:
        """Task and seed of the rollout that was started last and still goes on."""
        with self._changing:
            return None if self._activity.stopped else self._activity.scene

    @contextmanager
    def activity(self, scene: Scene | None = None, brief: bool = False) -> Iterator[Activity]:
        """Stop what this visitor is doing and do this instead; something `brief` leaves preparations alone."""
        activity = Activity(scene)
        with self._changing:
            for other in (self._activity, *(() if brief else self._preparations.values())):
                other.stop(superseded=True)
            self._activity = activity
            self._acting += not brief
        try:
            with self._working:
                self.touch()
                yield activity
        finally:
            with self._changing:
                activity.scene = None
                self._acting -= not brief
            self.touch()

    @contextmanager
    def preparation(self, place: str) -> Iterator[Activity]:
        """Something that uses no simulation and that any activity takes the place of, as does the next at `place`.

        It is stopped from the start while an activity is under way.
        """
        preparation = Activity()
        with self._changing:
            if place in self._preparations:
                self._preparations[place].stop(superseded=True)
            self._preparations[place] = preparation
            if self._acting:
                preparation.stop(superseded=True)
        self.touch()
        try:
            yield preparation
        finally:
            with self._changing:
                if self._preparations.get(place) is preparation:
                    del self._preparations[place]

    def while_wanted(self, activity: Activity, do: Callable[[], None]) -> None:
        """Do something quick, unless another activity took the place of this one; none can begin meanwhile."""
        with self._changing:
            if not activity.superseded:
                do()

    def stop(self) -> None:
        """Ask whatever is under way to end."""
        with self._changing:
            for activity in (self._activity, *self._preparations.values()):
                activity.stop()

    def touch(self) -> None:
        """Note that the visitor did something."""
        self.last_seen = time.monotonic()

    def leave(self) -> None:
        """Stop everything and close the simulations; they are made again when they are needed."""
        self.stop()
        with self._working:
            for env in self._envs.values():
                env.close()
            self._envs.clear()
            self.watched = None  # its simulation is gone
        self.downloads.close()


class Visitors:
    """All visitors by the session of their page, with at most `seats` of them holding simulations."""

    def __init__(self, seats: int, idle_seconds: float, make_env: MakeEnv = make_env):
        self._seats = seats
        self._idle_seconds = idle_seconds
        self._make_env = make_env
        self._lock = threading.Lock()
        self._visitors: dict[str, Visitor] = {}
        self._seated: set[Visitor] = set()

    def get(self, session: str) -> Visitor:
        """The visitor of a page session, welcomed at their first call."""
        with self._lock:
            visitor = self._visitors.get(session)
            if visitor is None:
                visitor = self._visitors[session] = Visitor(self._make_env, self._take_seat)
        visitor.touch()
        return visitor

    def everyone(self) -> list[Visitor]:
        """All who are here."""
        with self._lock:
            return list(self._visitors.values())

    def by_ticket(self, ticket: str) -> Visitor | None:
        """The visitor who holds this unguessable ticket."""
        given = ticket.encode(errors="replace")
        found = [visitor for visitor in self.everyone() if secrets.compare_digest(visitor.ticket.encode(), given)]
        return found[0] if found else None

    def release(self, session: str) -> None:
        """The page was closed: free what it held."""
        with self._lock:
            visitor = self._visitors.pop(session, None)
        if visitor is not None:
            visitor.leave()
            self._give_seat(visitor)

    def release_idle(self) -> None:
        """Forget visitors whose page is gone, and free the simulations of those who did nothing for a while."""
        horizon = time.monotonic() - self._idle_seconds
        with self._lock:
            everyone = list(self._visitors.items())
        for session, visitor in everyone:
            if visitor.board.unwatched_seconds > GONE_SECONDS:
                self.release(session)
            elif visitor.last_seen < horizon and (visitor.standing or not visitor.busy):
                visitor.leave()
                self._give_seat(visitor)

    def close(self) -> None:
        """Free everything."""
        for session in list(self._visitors):
            self.release(session)

    def _take_seat(self, visitor: Visitor) -> None:
        with self._lock:
            if visitor not in self._seated and len(self._seated) >= self._seats:
                raise SeatsTaken(self._seats)
            self._seated.add(visitor)

    def _give_seat(self, visitor: Visitor) -> None:
        with self._lock:
            self._seated.discard(visitor)
