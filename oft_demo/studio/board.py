"""The live state of one visitor's page: named slots whose latest content reaches the browser."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Picture:
    """A JPEG for a canvas."""

    jpeg: bytes


@dataclass(frozen=True)
class Markup:
    """HTML for an element; whoever makes it has escaped what people typed."""

    html: str


@dataclass(frozen=True)
class Figure:
    """A plotly figure as JSON text."""

    json: str


Content: TypeAlias = Picture | Markup | Figure


def encoded(slot: str, content: Content) -> str | bytes:
    """One websocket message: pictures are binary (length of the slot's name, name, JPEG), the rest is JSON text."""
    if isinstance(content, Picture):
        name = slot.encode()
        return bytes([len(name)]) + name + content.jpeg
    if isinstance(content, Markup):
        return json.dumps({"slot": slot, "html": content.html})
    return f'{{"slot": {json.dumps(slot)}, "figure": {content.json}}}'


class Board:
    """Slots written from any thread and read by one browser.

    Only the latest content of a slot counts, so a slow browser skips pictures and never falls behind,
    and a browser that reconnects gets the whole page again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contents: dict[str, Content] = {}
        self._versions: dict[str, int] = {}
        self._clock = 0
        self._readers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._left_at = time.monotonic()

    @property
    def unwatched_seconds(self) -> float:
        """How long no browser has been connected [s]."""
        with self._lock:
            return 0.0 if self._readers else time.monotonic() - self._left_at

    def post(self, slot: str, content: Content) -> None:
        """Replace what `slot` shows; content that is already there is not sent again."""
        with self._lock:
            if self._contents.get(slot) == content:
                return
            self._clock += 1
            self._contents[slot] = content
            self._versions[slot] = self._clock
            readers = list(self._readers.items())
        for event, loop in readers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def content(self, slot: str) -> Content | None:
        """What `slot` shows now."""
        with self._lock:
            return self._contents.get(slot)

    async def changes(self) -> AsyncGenerator[tuple[str, Content]]:
        """Everything on the board, then whatever changes, in the order it was posted."""
        event = asyncio.Event()
        with self._lock:
            self._readers[event] = asyncio.get_running_loop()
        seen = 0
        try:
            while True:
                event.clear()
                for version, slot, content in self._newer_than(seen):
                    seen = max(seen, version)
                    yield slot, content
                await event.wait()
        finally:
            with self._lock:
                del self._readers[event]
                self._left_at = time.monotonic()

    def _newer_than(self, seen: int) -> list[tuple[int, str, Content]]:
        with self._lock:
            newer = [(version, slot) for slot, version in self._versions.items() if version > seen]
            return [(version, slot, self._contents[slot]) for version, slot in sorted(newer)]
