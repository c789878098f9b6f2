"""Files over HTTP: uploads that wait to be added, and exports as one zip."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from oft_demo.data import importing
from oft_demo.errors import OftDemoError
from oft_demo.studio.episode_desk import MAX_UPLOAD_BYTES, TooLarge, Upload
from oft_demo.studio.episode_zip import zip_of
from oft_demo.studio.screen import jpeg

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio

TICKET = "X-Studio-Ticket"
PREVIEW_CAMERA = "cam_high"
PRIVATE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Encoding": "identity"}


def add_routes(app: FastAPI, studio: "Studio") -> None:
    """Let the app take uploads and give out exports."""

    @app.post("/studio/import")
    async def take(request: Request, name: str) -> JSONResponse:
        owner = _sender(request, studio)
        upload = None
        try:
            upload = studio.desk.place(name, owner)
            await _received(request, upload)
            told = await run_in_threadpool(_inspected, upload)
        except OftDemoError as error:
            if upload is not None:
                await run_in_threadpool(studio.desk.forget, upload)
            told = {"reason": str(error)}  # the question was fine, the file is not
        except BaseException:  # the page went away, or the disk is full: nothing is left behind
            if upload is not None:
                studio.desk.forget(upload)
            raise
        return JSONResponse(told)

    @app.get("/studio/import/{token}/preview.jpg")
    def preview(token: str, swap: bool = False) -> Response:
        upload = studio.desk.upload(token)
        if upload is None:
            raise HTTPException(404, "This upload is gone.")
        try:
            camera = _camera(importing.inspect(upload.path).cameras)
            pictures = importing.preview(upload.path, camera)
        except OftDemoError as error:
            raise HTTPException(422, str(error)) from error
        return Response(jpeg(pictures[int(swap)]), media_type="image/jpeg", headers=PRIVATE)

    @app.get("/studio/exports/{name}.zip")
    def zipped(name: str) -> StreamingResponse:
        folder = studio.desk.finished(name)
        if folder is None:
            raise HTTPException(404, "There is no export of this name.")
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}.zip"'}
        return StreamingResponse(zip_of(folder), media_type="application/zip", headers=headers)


def _sender(request: Request, studio: "Studio") -> str:
    """The ticket of the page that sends; no other page of the browser knows one."""
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if not origin or not host or urlsplit(origin).netloc != host:
        raise HTTPException(403, "Files are taken from this app's own page only.")
    visitor = studio.visitors.by_ticket(request.headers.get(TICKET, ""))
    if visitor is None:
        raise HTTPException(401, "This page is not known any more. Load it again.")
    visitor.touch()
    return visitor.ticket


async def _received(request: Request, upload: Upload) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_UPLOAD_BYTES:
        raise TooLarge(upload.path.name)
    size = 0
    with upload.path.open("wb") as file:
        async for block in request.stream():
            size += len(block)
            if size > MAX_UPLOAD_BYTES:
                raise TooLarge(upload.path.name)
            await run_in_threadpool(file.write, block)


def _inspected(upload: Upload) -> dict[str, Any]:
    """What the page is told of a good file; raises InvalidEpisode for the others."""
    found = importing.inspect(upload.path)
    return {
        "token": upload.token,
        "length": found.length,
        "cameras": list(found.cameras),
        "control_hz": found.control_hz,
        "has_states": found.has_states,
        "compressed": found.compressed,
        "sentence": found.sentence,
        "bytes": upload.path.stat().st_size,
        "preview": bool(found.cameras) and not found.has_states,  # nobody has to say of our own what is red
    }


def _camera(cameras: tuple[str, ...]) -> str:
    if not cameras:
        raise HTTPException(404, "This file holds no pictures.")
    return PREVIEW_CAMERA if PREVIEW_CAMERA in cameras else cameras[0]
