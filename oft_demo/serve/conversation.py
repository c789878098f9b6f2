"""One client of openpi's websocket: metadata, then answers to its questions in turn.

A question that cannot be answered, or not now, gets its reason as a text frame, and the client may ask on. After a
fault of the server the connection is closed with code 1011 as well.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from functools import partial

from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message

from oft_demo.errors import OftDemoError
from oft_demo.serve import msgpack_numpy
from oft_demo.serve.desk import Desk, Served, told
from oft_demo.serve.metadata import Metadata
from oft_demo.serve.queries import UnusableRequest, read_openpi

FAULT_CODE = 1011
LOG = logging.getLogger(__name__)


async def converse(websocket: WebSocket, desk: Desk, metadata: Metadata) -> None:
    """Talk to one client until it leaves or the server fails."""
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await websocket.send_bytes(msgpack_numpy.packed(metadata.values()))
        await _answer_in_turn(websocket, desk)


async def _answer_in_turn(websocket: WebSocket, desk: Desk) -> None:
    previous_ms: dict[str, float] = {}
    # One message ahead: this is how it is noticed that somebody leaves while the answer is being made.
    incoming = asyncio.ensure_future(websocket.receive())
    try:
        while not _is_end(message := await incoming):
            started = time.perf_counter()
            incoming = asyncio.ensure_future(websocket.receive())
            try:
                with desk.place():
                    served = await _unless_gone(_serve(message, desk), incoming)
            except Exception as error:
                await _refuse(websocket, error)
                if not isinstance(error, OftDemoError):
                    return
                continue
            if served is None:
                return
            timing = {**served.timing, **previous_ms, "total": 1e3 * (time.perf_counter() - started)}
            await websocket.send_bytes(msgpack_numpy.packed(_result(served, timing)))
            previous_ms = {"prev_total": 1e3 * (time.perf_counter() - started)}
    finally:
        incoming.cancel()


async def _serve(message: Message, desk: Desk) -> Served:
    content = message.get("bytes")
    if not isinstance(content, bytes):
        raise UnusableRequest("the message", "a text frame", "a binary frame of msgpack")
    return await desk.serve(partial(read_openpi, content, desk.policy, desk.limits))


async def _unless_gone(serve: Coroutine[object, object, Served], incoming: asyncio.Future[Message]) -> Served | None:
    """The answer, or None as soon as nobody waits for it; another question may wait for its turn."""
    serving = asyncio.ensure_future(serve)
    try:
        await asyncio.wait({serving, incoming}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done() and _is_end(incoming.result()):
            return None
        return await serving
    finally:
        serving.cancel()


def _result(served: Served, timing: dict[str, float]) -> dict[str, object]:
    return {
        "actions": served.plan.actions,
        "server_timing": {f"{part}_ms": took for part, took in timing.items()},
        "policy_timing": {f"{stage}_ms": float(took) for stage, took in served.plan.latency_ms.items()},
    }


async def _refuse(websocket: WebSocket, error: Exception) -> None:
    await websocket.send_text(told(error, LOG))
    if not isinstance(error, OftDemoError):
        await websocket.close(FAULT_CODE)


def _is_end(message: Message) -> bool:
    return message["type"] == "websocket.disconnect"
