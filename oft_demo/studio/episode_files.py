"""What the Episodes tab loads over HTTP: lists, pictures, poses and time series of episodes."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import cv2
import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from oft_demo.data.catalog.entries import Totals
from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.sim import TASKS
from oft_demo.sim.state_poses import arm_poses, ending, scene_limits, state_poses
from oft_demo.studio import episode_transfers
from oft_demo.studio.episode_requests import search_of
from oft_demo.studio.episode_views import (
    FRAME_STRIDE,
    change_json,
    ending_json,
    entry_json,
    series_json,
    stride_of,
    totals_json,
)
from oft_demo.studio.scenes import scene_of
from oft_demo.studio.screen import jpeg
from oft_demo.types import Episode, Image

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio

BLOCK = 25  # pictures in one answer: a second of them
WIDTHS = (160, 320, 640)  # [pixels] of a picture
MISSING_SCENE = "transfer_cube"  # whose arms are shown where nothing is known of a scene
CHANGES = 100  # listed
PRIVATE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
FRESH = {**PRIVATE, "Cache-Control": "no-cache"}
# The address of these changes with what they show.
KEPT = {**PRIVATE, "Cache-Control": "private, max-age=31536000, immutable", "Content-Encoding": "identity"}


def add_routes(app: FastAPI, studio: "Studio") -> None:
    """Let the app give out what the tab asks for.

    What belongs to one episode is given out although somebody else just split it: who looks at it sees the end.
    """
    _add_lists(app, studio)
    _add_episode(app, studio)
    _add_pictures(app, studio)
    episode_transfers.add_routes(app, studio)


def _add_lists(app: FastAPI, studio: "Studio") -> None:
    @app.get("/studio/catalog/search")
    def search(request: Request) -> JSONResponse:
        with answered():
            found = studio.catalog.search(search_of(request.query_params))
            entries = [entry_json(entry) for entry in found.entries]
            return JSONResponse({"total": found.total, "unread": found.unread, "entries": entries}, headers=FRESH)

    @app.get("/studio/catalog/totals")
    def totals() -> JSONResponse:
        with answered():
            found = studio.catalog.totals()
            return JSONResponse({**totals_json(found, scene_limits()), "choices": _choices(found)}, headers=FRESH)

    @app.get("/studio/catalog/damaged")
    def damaged() -> JSONResponse:
        with answered():
            found = studio.catalog.damaged()  # waits until every file was looked at
            return JSONResponse({"damaged": [asdict(each) for each in found]}, headers=FRESH)

    @app.get("/studio/catalog/history")
    def history(name: str | None = None) -> JSONResponse:
        with answered():
            changes = studio.catalog.history(name, limit=CHANGES)
            return JSONResponse({"changes": [change_json(change) for change in changes]}, headers=FRESH)


def _add_episode(app: FastAPI, studio: "Studio") -> None:
    @app.get("/studio/episodes/{name}")
    def episode_file(name: str) -> FileResponse:
        with answered():
            path = studio.catalog.path_of(name)
            return FileResponse(path, media_type="application/x-hdf5", filename=path.name, headers=PRIVATE)

    @app.get("/studio/episodes/{name}/entry")
    def entry(name: str) -> JSONResponse:
        with answered():
            return JSONResponse(entry_json(studio.catalog.entry(name)), headers=FRESH)

    @app.get("/studio/episodes/{name}/ending")
    def how_it_ended(name: str) -> JSONResponse:
        with answered():
            episode = studio.catalog.read(name, images=False, replaced=True)
            found = None
            if _has_scene(episode):
                found = ending(episode.task, episode.states[-1], episode.applied[-1], episode.instruction)
            return JSONResponse(ending_json(found, episode.instruction), headers=FRESH)

    @app.get("/studio/episodes/{name}/series")
    def series(name: str) -> JSONResponse:
        with answered():
            episode = studio.catalog.read(name, images=False, replaced=True)
            cameras = studio.catalog.entry(name, replaced=True).summary.cameras
            scene = scene_of(_scene_task(episode)).described(0)
            return JSONResponse(series_json(episode, cameras, scene), headers=FRESH)

    @app.get("/studio/episodes/{name}/poses")
    def poses(name: str) -> Response:
        with answered():
            data = poses_of(studio.catalog.read(name, images=False, replaced=True)).astype("<f4").tobytes()
            return Response(data, media_type="application/octet-stream", headers=KEPT)


def _add_pictures(app: FastAPI, studio: "Studio") -> None:
    @app.get("/studio/episodes/{name}/frame/{camera}/{index}.jpg")
    def picture(name: str, camera: str, index: int, w: int = 320) -> Response:
        with answered():
            frames = studio.catalog.frames(name, camera, max(index, 0), max(index, 0) + 1, replaced=True)
            if not len(frames):
                raise HTTPException(404, f"{name} has no step {index}.")
            return Response(jpeg(fitted(frames[0], w)), media_type="image/jpeg", headers=KEPT)

    @app.get("/studio/episodes/{name}/frames/{camera}/{block}.bin")
    def pictures(name: str, camera: str, block: int, w: int = 320) -> Response:
        with answered():
            start = max(block, 0) * BLOCK * FRAME_STRIDE
            frames = studio.catalog.frames(name, camera, start, start + BLOCK * FRAME_STRIDE, replaced=True)[
                ::FRAME_STRIDE
            ]
            data = packed([jpeg(fitted(frame, w)) for frame in frames])
            return Response(data, media_type="application/octet-stream", headers=KEPT)


@contextmanager
def answered() -> Iterator[None]:
    """Errors with a message for people become answers that carry it."""
    try:
        yield
    except UnknownName as error:
        raise HTTPException(404, str(error)) from error
    except OftDemoError as error:
        raise HTTPException(422, str(error)) from error


def poses_of(episode: Episode) -> np.ndarray:
    """Every body in the rows that the player shows: float32 (rows, bodies, 7)."""
    stride = stride_of(episode.length)
    if _has_scene(episode):
        return state_poses(episode.task, episode.states[::stride])
    return arm_poses(_scene_task(episode), episode.qpos[::stride])


def fitted(picture: Image, width: int) -> Image:
    """The picture in the nearest width that is given out; never larger than it is."""
    wanted = min(WIDTHS, key=lambda each: abs(each - width))
    if wanted >= picture.shape[1]:
        return picture
    height = max(round(picture.shape[0] * wanted / picture.shape[1]), 1)
    return np.asarray(cv2.resize(picture, (wanted, height), interpolation=cv2.INTER_AREA))


def packed(pictures: Sequence[bytes]) -> bytes:
    """Their number, their lengths, and they themselves; numbers are little-endian uint32."""
    numbers = struct.pack(f"<{len(pictures) + 1}I", len(pictures), *map(len, pictures))
    return numbers + b"".join(pictures)


def _has_scene(episode: Episode) -> bool:
    return episode.task in TASKS and episode.states.shape[1] > 0


def _scene_task(episode: Episode) -> str:
    return episode.task if episode.task in TASKS else MISSING_SCENE


def _choices(totals: Totals) -> dict[str, list[str]]:
    """What the filters can be set to."""
    return {
        "task": sorted(name for name in totals.per_task if name),
        "instruction": sorted(text for text in totals.per_instruction if text),
        "tag": sorted(totals.tags),
        "operator": sorted(totals.operators),
        "hint": sorted(totals.hints),
    }
