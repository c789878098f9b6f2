"""The body of one HTTP request, read within limits of size and time."""

import asyncio
import contextlib

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from oft_demo.errors import OftDemoError
from oft_demo.serve.role import Limits

DISCARDING_SECONDS = 1.0


class BodyTooLarge(OftDemoError):
    """More bytes than a server reads."""

    def __init__(self, size: int, limit: int):
        super().__init__(f"The body has {size} bytes or more; at most {limit} are read. Send smaller pictures.")


class SlowBody(OftDemoError):
    """A body that does not come to its end."""

    def __init__(self, seconds: float):
        super().__init__(f"The body was not sent within {seconds:g} s. Send it faster.")


class Body:
    """What a client sends, as it comes in."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits):
        self._receive, self._limits = receive, limits
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        self._declared = int(lengths[0]) if lengths and lengths[0].isdigit() else 0
        self._finished = False

    async def read(self) -> bytes:
        """All of it; raises BodyTooLarge, by its declared length or while reading, SlowBody and ClientDisconnect."""
        limit, found = self._limits.body_bytes, bytearray()
        if self._declared > limit:
            raise BodyTooLarge(self._declared, limit)
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while not self._finished:
                    found += await self._part()
                    if len(found) > limit:
                        raise BodyTooLarge(len(found), limit)
        except TimeoutError:
            self._finished = True  # as far as anybody here waits for it
            raise SlowBody(self._limits.body_seconds) from None
        return bytes(found)

    async def discard(self) -> None:
        """Read what is left, for a while: a client that is still sending would miss its answer."""
        size = 0
        with contextlib.suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(DISCARDING_SECONDS):
                while not self._finished and size <= 2 * self._limits.body_bytes:
                    size += len(await self._part())

    async def client_gone(self) -> None:
        """Wait until the client has left; of use once the body was read."""
        with contextlib.suppress(ClientDisconnect):
            while True:
                await self._part()

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._finished = not message.get("more_body", False)
        return message.get("body", b"")
