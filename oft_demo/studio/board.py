"""The live state of one visitor's page: named slots whose latest content reaches the browser."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float32

PICTURE_KIND, FLOATS_KIND = 1, 2  # the first byte of a binary message


@dataclass(frozen=True)
class Picture:
    """A JPEG for a canvas."""

    jpeg: bytes


@dataclass(frozen=True)
class Markup:
    """HTML for an element; whoever makes it has escaped what people typed."""

    html: str


@dataclass(frozen=True)
class Data:
    """A JSON value for the page's scripts."""

    json: str

    @classmethod
    def of(cls, value: Any) -> "Data":
        """Any value that JSON can say."""
        return cls(json.dumps(value, separators=(",", ":")))


@dataclass(frozen=True)
class Poses:
    """Numbers for the 3D view, as little-endian float32."""

    floats: bytes

    @classmethod
    def of(cls, header: tuple[float, float, float, float], poses: Float32[np.ndarray, "*frames bodies 7"]) -> "Poses":
        """Four numbers that say what follows, and then x y z qw qx qy qz of every body [m]."""
        return cls(np.concatenate([np.array(header), poses.ravel()]).astype("<f4").tobytes())


Content: TypeAlias = Picture | Markup | Data | Poses


@dataclass
class Log:
    """Items that are only ever added, until the log begins anew."""

    epoch: int
    header: str
    items: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class LogPart:
    """The items of a log that one browser does not have yet."""

    epoch: int
    start: int
    header: str
    items: tuple[str, ...]


def encoded(slot: str, content: Content | LogPart) -> str | bytes:
    """One websocket message: pictures and poses are binary (kind, length of the slot's name, name), the rest JSON."""
    name = json.dumps(slot)
    match content:
        case Picture(jpeg):
            return _binary(PICTURE_KIND, slot, jpeg)
        case Poses(floats):
            return _binary(FLOATS_KIND, slot, floats)
        case Markup(html):
            return json.dumps({"slot": slot, "html": html})
        case Data(text):
            return f'{{"slot": {name}, "data": {text}}}'
        case LogPart(epoch, start, header, items):
            place = f'"epoch": {epoch}, "start": {start}, "header": {header}'
            return f'{{"slot": {name}, {place}, "items": [{",".join(items)}]}}'


def _binary(kind: int, slot: str, payload: bytes) -> bytes:
    name = slot.encode()
    return bytes([kind, len(name)]) + name + payload


class Board:
    """Slots written from any thread and read by one browser.

    Only the latest content of a slot counts, so a slow browser skips pictures and never falls behind, and a browser
    that reconnects gets the whole page again. Logs are the exception: every item arrives, once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contents: dict[str, Content | Log] = {}
        self._versions: dict[str, int] = {}
        self._clock = 0
        self._readers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._left_at = time.monotonic()
        self.origin = time.perf_counter()  # stamps count from here: as float32 they are exact to milliseconds for hours

    @property
    def unwatched_seconds(self) -> float:
        """How long no browser has been connected [s]."""
        with self._lock:
            return 0.0 if self._readers else time.monotonic() - self._left_at

    def epoch(self) -> int:
        """A number that was not given out before."""
        with self._lock:
            self._clock += 1
            return self._clock

    def post(self, slot: str, content: Content) -> None:
        """Replace what `slot` shows; content that is already there is not sent again."""
        with self._lock:
            if self._contents.get(slot) == content:
                return
            self._put(slot, content)
            readers = list(self._readers.items())
        _wake(readers)

    def begin(self, slot: str, header: Any) -> None:
        """Start a log anew, with what is to be known before its first item."""
        with self._lock:
            self._put(slot, Log(self._clock + 1, json.dumps(header, separators=(",", ":"))))
            readers = list(self._readers.items())
        _wake(readers)

    def append(self, slot: str, *items: Any) -> None:
        """Add items to a log that was begun."""
        texts = [json.dumps(item, separators=(",", ":")) for item in items]
        with self._lock:
            log = self._contents[slot]
            assert isinstance(log, Log)
            log.items.extend(texts)
            self._put(slot, log)
            readers = list(self._readers.items())
        _wake(readers)

    def content(self, slot: str) -> Content | None:
        """What `slot` shows now; None for a log."""
        with self._lock:
            content = self._contents.get(slot)
            return None if isinstance(content, Log) else content

    def items(self, slot: str) -> list[Any]:
        """Everything in a log; nothing where none was begun."""
        with self._lock:
            log = self._contents.get(slot)
            texts = list(log.items) if isinstance(log, Log) else []
        return [json.loads(text) for text in texts]

    async def changes(self) -> AsyncGenerator[tuple[str, Content | LogPart]]:
        """Everything on the board, then whatever changes, in the order it was posted."""
        event = asyncio.Event()
        with self._lock:
            self._readers[event] = asyncio.get_running_loop()
        seen = 0
        read: dict[str, tuple[int, int]] = {}  # of each log, the epoch and how many of its items
        try:
            while True:
                event.clear()
                for version, slot, content in self._newer_than(seen, read):
                    seen = max(seen, version)
                    yield slot, content
                await event.wait()
        finally:
            with self._lock:
                del self._readers[event]
                self._left_at = time.monotonic()

    def _put(self, slot: str, content: Content | Log) -> None:
        self._clock += 1
        self._contents[slot] = content
        self._versions[slot] = self._clock

    def _newer_than(self, seen: int, read: dict[str, tuple[int, int]]) -> list[tuple[int, str, Content | LogPart]]:
        with self._lock:
            newer = [(version, slot) for slot, version in self._versions.items() if version > seen]
            return [(version, slot, self._unread(slot, read)) for version, slot in sorted(newer)]

    def _unread(self, slot: str, read: dict[str, tuple[int, int]]) -> Content | LogPart:
        content = self._contents[slot]
        if not isinstance(content, Log):
            return content
        epoch, count = read.get(slot, (0, 0))
        start = count if epoch == content.epoch else 0
        read[slot] = content.epoch, len(content.items)
        return LogPart(content.epoch, start, content.header, tuple(content.items[start:]))


def _wake(readers: list[tuple[asyncio.Event, asyncio.AbstractEventLoop]]) -> None:
    for event, loop in readers:
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.set)
