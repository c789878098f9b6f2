"""The server: the official `/act`, openpi's websocket, health and metadata, in front of one policy."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from oft_demo.errors import OftDemoError
from oft_demo.serve import json_numpy
from oft_demo.serve.body import Body
from oft_demo.serve.conversation import converse
from oft_demo.serve.desk import Desk, Served, told
from oft_demo.serve.gate import Access, Gate
from oft_demo.serve.metadata import Metadata
from oft_demo.serve.queries import read_act
from oft_demo.serve.role import Limits, ServedPolicy
from oft_demo.types import Query

ERROR = "error"  # all that the official server says when it cannot answer
LONGEST_REASON = 500  # [characters] in a header
CLIENT_LEFT = 499  # nobody will read it; the number is nginx's

LOG = logging.getLogger(__name__)


def create_app(
    policy: ServedPolicy,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    access: Access = Access(),  # noqa: B008
    rehearsal: Query | None = None,
    announce: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The whole application, ready for uvicorn.

    A `rehearsal` is planned before the first client may ask, and `announce` called then.
    """
    desk = Desk(policy, limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        desk.planner.start()
        if rehearsal is not None:
            with contextlib.suppress(OftDemoError):  # whether it can answer this one does not matter
                await asyncio.wrap_future(desk.planner.submit(rehearsal))
        announce()
        yield
        await asyncio.to_thread(desk.planner.close)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.desk = desk
    app.add_middleware(Gate, access=access, limits=limits)
    _add_routes(app, desk, Metadata.of(policy))
    return app


def _add_routes(app: FastAPI, desk: Desk, metadata: Metadata) -> None:
    @app.get("/healthz")
    def health() -> Response:
        alive = desk.planner.alive
        return PlainTextResponse("OK\n" if alive else "The policy no longer answers.\n", 200 if alive else 503)

    @app.get("/metadata")
    def describe() -> dict[str, object]:
        return metadata.values()

    @app.post("/act")
    async def act(request: Request) -> Response:
        return await _act(request, desk, metadata)

    @app.websocket("/")
    async def openpi(websocket: WebSocket) -> None:
        await converse(websocket, desk, metadata)


async def _act(request: Request, desk: Desk, metadata: Metadata) -> Response:
    """One question in the official protocol, whose failures have status 200 too."""
    started = time.perf_counter()
    body = Body(request.scope, request.receive, desk.limits)
    try:
        with desk.place():
            served, encoded = await _answer(body, desk)
        rows = list(served.plan.actions)
        said = json_numpy.dumps(json_numpy.dumps(rows) if encoded else rows, compact=True)
        timing, headers = served.timing, {"X-Policy": metadata.fingerprint}
    except ClientDisconnect:
        return Response(status_code=CLIENT_LEFT)
    except Exception as error:
        await body.discard()
        said, timing, headers = f'"{ERROR}"', {}, {"X-Error": _header(told(error, LOG))}
    timing = {**timing, "total": 1e3 * (time.perf_counter() - started)}
    return Response(said, 200, {**headers, "Server-Timing": _server_timing(timing)}, "application/json")


async def _answer(body: Body, desk: Desk) -> tuple[Served, bool]:
    """What was asked for, and whether it has to be encoded; raises ClientDisconnect as soon as nobody waits for it."""
    content = await body.read()
    encoded: Future[bool] = Future()

    def read() -> Query:
        query, wanted = read_act(content, desk.policy, desk.limits)
        encoded.set_result(wanted)
        return query

    serving, leaving = asyncio.ensure_future(desk.serve(read)), asyncio.ensure_future(body.client_gone())
    try:
        await asyncio.wait({serving, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            raise ClientDisconnect
        return serving.result(), encoded.result()
    finally:
        serving.cancel()
        leaving.cancel()


def _header(reason: str) -> str:
    """A reason as one line of printable ASCII."""
    line = " ".join(reason.split()).encode("ascii", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:LONGEST_REASON]


def _server_timing(timing: Mapping[str, float]) -> str:
    return ", ".join(f"{part};dur={took:.3f}" for part, took in timing.items())
