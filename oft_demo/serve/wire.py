"""What every way of reaching a policy server does, and how it is noticed that a server has gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import httpx

from oft_demo.serve.address import Address
from oft_demo.serve.errors import ServerLost
from oft_demo.serve.introduction import Introduction, Question, Reply

LOST_WITHIN = 2.0  # [s] from the loss of a server to the error that says so
CONNECT_SECONDS = 1.7  # some of the two seconds are left for a busy machine
PROBE_INTERVAL = 0.4  # [s]
PROBE_SECONDS = CONNECT_SECONDS - PROBE_INTERVAL
CANCELLING_SECONDS = 0.1
LONGEST_REPLY = 8 * 2**20  # [bytes]; a chunk of 25 rows has some 5000

Result = TypeVar("Result")


class Wire(Protocol):
    """A connection to one server; used on one event loop by one caller at a time."""

    @property
    def address(self) -> Address: ...

    async def open(self) -> Introduction:
        """Meet the server; raises RemoteError."""
        ...

    async def ask(self, question: Question) -> Reply:
        """Send a question and wait, for however long it takes; raises RemoteError."""
        ...

    async def probe(self) -> None:
        """Return if the server is there, also while it thinks; otherwise raise, or take too long."""
        ...

    def drop(self) -> None:
        """Give up the connection, so that an answer that still comes has nowhere to go."""
        ...

    async def close(self) -> None: ...


async def watch(wire: Wire) -> None:
    """Look after a server again and again; raises ServerLost when it is no longer there."""
    while True:
        await asyncio.sleep(PROBE_INTERVAL)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await wire.probe()
        except TimeoutError:
            raise ServerLost(wire.address.url, f"it has not said anything for {PROBE_SECONDS:.1f} s") from None
        except (OSError, httpx.TransportError) as error:
            raise ServerLost(wire.address.url, said(error)) from error


async def watched(work: Coroutine[Any, Any, Result], wire: Wire, seconds: float | None = None) -> Result:
    """What talking to a server comes to; raises ServerLost as soon as it is gone, and TimeoutError after `seconds`.

    Whatever is not finished then is broken off.
    """
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(watch(wire))
    tasks: set[asyncio.Task[Any]] = {working, watching}
    for task in tasks:
        task.add_done_callback(_retrieve)
    try:
        wait_for = None if seconds is None else max(0.0, seconds)
        await asyncio.wait(tasks, timeout=wait_for, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if watching.done():
            watching.result()
        raise TimeoutError
    finally:
        if not working.done():
            wire.drop()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CANCELLING_SECONDS)


def http_client(address: Address, headers: dict[str, str]) -> httpx.AsyncClient:
    """A client that opens a connection for every request: none is ever found to be closed by the other side.

    It heeds no proxy of the environment, which would go on answering for a server that is lost.
    """
    return httpx.AsyncClient(
        headers={"Accept-Encoding": "identity", **headers},
        verify=address.tls() or False,
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
    )


async def knock(client: httpx.AsyncClient, address: Address) -> None:
    """See that the server's event loop goes round; any answer will do, for the official server has no /healthz."""
    async with client.stream("GET", address.http("/healthz")):
        pass


def said(error: Exception) -> str:
    """What a network error means, in words."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"it does not answer within {CONNECT_SECONDS:g} s"
    if isinstance(error, ConnectionRefusedError | httpx.ConnectError):
        return f"it cannot be reached ({error})" if str(error) else "it cannot be reached"
    return "the connection broke off"


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Look at the error of a task that nobody waits for any more, or asyncio complains about it."""
    if not task.cancelled():
        task.exception()
