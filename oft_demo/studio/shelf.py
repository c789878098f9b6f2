"""The policies a visitor can pick, each loaded once and lent to all who run it."""

import gc
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from oft_demo import policy_sources
from oft_demo.policy_sources import PolicySource, Remote, Scripted, Sources, Weights, short
from oft_demo.studio.lending import Loading, LoadingStopped
from oft_demo.studio.players import Expert, Loaded, loading

EXPERT = "expert (scripted, reads the simulator)"
LARGE_KEPT = 1  # official checkpoints that stay in memory when nobody runs them
KNOWN = 16  # servers whose cards are remembered

Opening = Callable[[Weights | Remote, Loaded | None], Generator[str, None, Loaded]]


class Shelf:
    """Policies by name: those in memory, those on their way there, and who uses them."""

    def __init__(self, sources: Sources, opening: Opening = loading):
        """`opening` loads a source, given what was known of it before."""
        self._sources = sources
        self._opening = opening
        self._lock = threading.Lock()
        self._loaded: dict[str, Loaded] = {}
        self._loading: dict[str, Loading[Loaded]] = {}
        self._known: dict[str, Loaded] = {}  # servers as they were when they were reached last

    def names(self) -> tuple[str, ...]:
        """What can be picked from the list, the bundled policies first."""
        return tuple(EXPERT if name == policy_sources.EXPERT else name for name in self._sources.names())

    def find(self, name: str) -> PolicySource:
        """What was picked or typed; raises UnknownName, MistypedAddress and AddressNotAllowed."""
        return self._sources.find(policy_sources.EXPERT if name == EXPERT else name.strip())

    @contextmanager
    def lend(self, name: str, stopped: Callable[[], bool], tell: Callable[[str], None]) -> Iterator[Expert | Loaded]:
        """The policy `name` for as long as it is used, loaded if need be: meanwhile `tell` hears how far that is.

        Raises LoadingStopped once `stopped`, what `find` raises, and what is wrong with the policy.
        """
        source = self.find(name)
        if isinstance(source, Scripted):
            yield Expert()
            return
        loaded = self._borrow(source, stopped, tell)
        try:
            yield loaded
        finally:
            self._give_back(loaded)

    def warm_up(self, name: str) -> None:
        """Load a policy ahead of its first use."""
        with self.lend(name, lambda: False, lambda news: None):
            pass

    def _borrow(self, source: Weights | Remote, stopped: Callable[[], bool], tell: Callable[[str], None]) -> Loaded:
        while True:
            with self._lock:
                ready = self._loaded.get(source.name)
                if ready is not None and not ready.shared.broken:
                    ready.borrowers += 1
                    return ready
                under_way = self._loading.get(source.name) or self._start(source)
            try:
                arrived = under_way.wait(stopped, lambda news: tell(f"Loading {short(source.name)}: {news} ..."))
            except LoadingStopped:
                if stopped():
                    raise
                continue  # all who waited before had left, and so it was given up
            with self._lock:
                if not arrived.closed:  # by another visitor who was quicker to use it and to give it back
                    arrived.borrowers += 1
                    return arrived

    def _give_back(self, loaded: Loaded) -> None:
        with self._lock:
            loaded.borrowers -= 1
            loaded.used_at = time.monotonic()
            if not loaded.borrowers and isinstance(loaded.source, Remote):
                self._hang_up(loaded)
            self._make_room(LARGE_KEPT)

    def _start(self, source: Weights | Remote) -> Loading[Loaded]:
        self._loaded.pop(source.name, None)
        if not isinstance(source, Remote) and source.official:
            self._make_room(0)
        steps = self._opening(source, self._known.get(source.name))
        under_way = self._loading[source.name] = Loading(source.name, steps, self._arrived)
        under_way.start()
        return under_way

    def _arrived(self, under_way: Loading[Loaded]) -> None:
        with self._lock:
            del self._loading[under_way.name]
            if under_way.result is not None:
                self._loaded[under_way.name] = under_way.result

    def _hang_up(self, loaded: Loaded) -> None:
        """Keep no line open that nobody uses: its other end may be another policy's when it is needed again."""
        if self._loaded.get(loaded.name) is loaded:
            del self._loaded[loaded.name]
        self._known[loaded.name] = loaded
        for name in list(self._known)[:-KNOWN]:
            del self._known[name]
        loaded.close()

    def _make_room(self, kept: int) -> None:
        """Forget large policies that nobody runs, those first that were used longest ago."""
        large = sorted((each for each in self._loaded.values() if each.large), key=lambda each: each.used_at)
        idle = [each.name for each in large if not each.borrowers]
        excess = idle[: max(0, len(large) - kept)]
        for name in excess:
            del self._loaded[name]
        if excess:
            gc.collect()  # networks of several GB do not wait for the next time that Python cleans up
