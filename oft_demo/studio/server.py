"""The web server: gradio's page, and beside it the live channel, the page's own files and episode downloads."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import plotly
import uvicorn
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from oft_demo.policy_sources import LOOPBACK
from oft_demo.settings import PROJECT_ROOT, Settings
from oft_demo.sim import TASKS
from oft_demo.studio import comparing, episode_commands, episode_files, exports, listening, run_commands, take_commands
from oft_demo.studio.board import encoded
from oft_demo.studio.commands import Command, Dispatcher
from oft_demo.studio.page import build_page, page_options
from oft_demo.studio.scenes import scene_of
from oft_demo.studio.studio import Studio
from oft_demo.studio.visitors import Visitor, Visitors

WEB = PROJECT_ROOT / "assets" / "web"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
HELLO_SECONDS = 10.0  # a page says who it is at once; whoever waits longer is no page of ours
REAP_SECONDS = 5.0
UNKNOWN_TICKET = 4401  # websocket close codes from 4000 are for applications
FOREIGN_ORIGIN = 4403
TOO_LONG = 1009
MAX_MESSAGE = 16_384  # [characters] of a command; the longest is an instruction with its settings
BEAT_SECONDS = 1.0
BEAT = '{"beat": 1}'
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


def create_app(studio: Studio) -> FastAPI:
    """The whole application, ready for uvicorn."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        reaping = asyncio.create_task(_reap(studio.visitors))
        studio.warm_up()
        yield
        reaping.cancel()
        await asyncio.to_thread(studio.close)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    if studio.settings.host in LOOPBACK:  # a name that only points here must not read the page of this machine
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    app.add_middleware(GZipMiddleware, minimum_size=100_000)
    _add_routes(app, studio)
    exports.add_routes(app, studio)
    episode_files.add_routes(app, studio)
    return gr.mount_gradio_app(app, build_page(studio), path="/", **page_options(studio))


def listen(app: FastAPI, settings: Settings) -> None:
    """Serve the app until the process is told to end."""
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
        ws_max_size=4 * MAX_MESSAGE,  # [bytes]; characters are counted again
        ws_per_message_deflate=False,  # poses hardly get smaller, and packing them takes time
    )


def _add_routes(app: FastAPI, studio: Studio) -> None:
    files = page_files()

    @app.get("/studio/plotly-{version}.js")
    def plotly_script(version: str) -> FileResponse:
        return FileResponse(PLOTLY, media_type="text/javascript", headers=IMMUTABLE)

    @app.get("/studio/web/{name:path}")
    def page_file(name: str) -> FileResponse:
        if name not in files:
            raise HTTPException(404)
        return FileResponse(files[name], headers={"Cache-Control": "no-cache"})

    @app.get("/studio/scenes/{name}")
    def scene_file(name: str) -> Response:
        task = name.rpartition("-")[0]
        if task not in TASKS or name != scene_of(task).url.rpartition("/")[2]:
            raise HTTPException(404)
        return Response(scene_of(task).glb.data, media_type="model/gltf-binary", headers=IMMUTABLE)

    @app.websocket("/studio/live")
    async def live(websocket: WebSocket) -> None:
        if not same_origin(websocket.headers.get("origin"), websocket.headers.get("host")):
            await websocket.close(FOREIGN_ORIGIN)
            return
        await websocket.accept()
        visitor = await _welcomed(websocket, studio.visitors)
        if visitor is None:
            await websocket.close(UNKNOWN_TICKET)
            return
        dispatcher = Dispatcher(studio, visitor, commands())
        if not visitor.opened:
            visitor.opened = True
            dispatcher.take('{"do": "open"}')
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _talk(websocket, visitor, dispatcher)
        if visitor.take is not None:
            visitor.take.let_go()


def page_files() -> dict[str, Path]:
    """The page's own files by the names under which it asks for them."""
    return {str(path.relative_to(WEB)): path for path in WEB.rglob("*") if path.is_file()}


def commands() -> dict[str, Command]:
    """Everything that a page can ask for."""
    pages = (run_commands, comparing, listening, exports, take_commands, episode_commands)
    return {name: command for page in pages for name, command in page.COMMANDS.items()}


def same_origin(origin: str | None, host: str | None) -> bool:
    """Whether a page of this very server asks; browsers always send both."""
    return bool(origin and host) and urlsplit(origin).netloc == host


async def _welcomed(websocket: WebSocket, visitors: Visitors) -> Visitor | None:
    """The visitor whose ticket is in the first message."""
    try:
        hello = json.loads(await asyncio.wait_for(websocket.receive_text(), HELLO_SECONDS))
        ticket, narrow = hello["ticket"], hello["narrow"]
    except (TimeoutError, WebSocketDisconnect, ValueError, TypeError, KeyError):
        return None
    visitor = visitors.by_ticket(ticket) if isinstance(ticket, str) else None
    if visitor is not None:
        visitor.narrow = bool(narrow)
    return visitor


async def _talk(websocket: WebSocket, visitor: Visitor, dispatcher: Dispatcher) -> None:
    """Send what changes on the board, and carry out what the page asks for, until the browser goes away."""
    sending = [asyncio.create_task(_send(websocket, visitor)), asyncio.create_task(_beat(websocket))]
    try:
        while not any(task.done() for task in sending):
            text = await websocket.receive_text()
            if len(text) > MAX_MESSAGE:
                await websocket.close(TOO_LONG)
                return
            dispatcher.take(text)
    finally:
        for task in sending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task


async def _send(websocket: WebSocket, visitor: Visitor) -> None:
    async with contextlib.aclosing(visitor.board.changes()) as changes:
        async for slot, content in changes:
            message = encoded(slot, content)
            if isinstance(message, bytes):
                await websocket.send_bytes(message)
            else:
                await websocket.send_text(message)


async def _beat(websocket: WebSocket) -> None:
    """A sign of life, so that a page can tell a quiet server from a lost one."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        await websocket.send_text(BEAT)


async def _reap(visitors: Visitors) -> None:
    while True:
        await asyncio.sleep(REAP_SECONDS)
        await asyncio.to_thread(visitors.release_idle)
