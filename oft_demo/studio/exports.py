"""Downloads of runs: written beside whatever goes on, and given to whoever asked for them."""

import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from oft_demo import run_files, run_videos
from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.policy_sources import short
from oft_demo.run_record import RunRecord, parting
from oft_demo.run_settings import RunSettings
from oft_demo.sim import AlohaEnv, make_env
from oft_demo.studio.board import Board, Data
from oft_demo.studio.commands import Command
from oft_demo.studio.downloads import Download

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio
    from oft_demo.studio.visitors import Visitor

Page: TypeAlias = Literal["run", "compare"]
What: TypeAlias = Literal["hdf5", "mp4", "csv", "json"]
Records: TypeAlias = tuple[RunRecord, ...]  # one run, or the two of a comparison

NEWS_SECONDS = 0.2  # [s] between two messages about how far it is
UNSAFE = re.compile(r"[^A-Za-z0-9._]+")  # in the name of a file
MAX_NAME = 120  # [characters]
NOTES: Mapping[What, str] = {
    "hdf5": "Drawing the pictures of three cameras for every step",
    "mp4": "Drawing the video",
    "csv": "Writing the table",
    "json": "Writing the settings",
}
MEDIA_TYPES = {
    ".hdf5": "application/x-hdf5",
    ".mp4": "video/mp4",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Encoding": "identity",  # else the server's gzip would pack again what is packed already
}


class NothingToExport(OftDemoError):
    """A download of a page on which nothing ran yet."""

    def __init__(self, page: Page):
        what = "a run" if page == "run" else "a comparison"
        super().__init__(f"There is nothing to download yet. Let {what} end, or stop it, and ask again.")


class NotOfPairs(OftDemoError):
    """A file that holds one run was asked for of two."""

    def __init__(self) -> None:
        super().__init__("An HDF5 file holds one run, not two. Choose MP4, CSV or JSON, or run each of them by itself.")


@dataclass(frozen=True)
class Wanted:
    """What a page asks for."""

    page: Page
    what: What

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Wanted":
        """From a command of the page; raises UnknownName."""
        page, what = str(message.get("page")), str(message.get("what"))
        if page not in get_args(Page):
            raise UnknownName("page with downloads", page[:40], get_args(Page))
        if what not in get_args(What):
            raise UnknownName("kind of file", what[:40], get_args(What))
        return cls(cast(Page, page), cast(What, what))


def offer(board: Board, page: Page, records: Records) -> None:
    """Tell the page that these runs can be downloaded, and by which link one of them is repeated; () takes it back."""
    query = _link(records[0].settings) if page == "run" and records else None
    board.post(f"{page}-link", Data.of({"query": query} if records else None))


def export(studio: "Studio", visitor: "Visitor", message: Mapping[str, Any]) -> None:
    """Write a file of the last run or comparison and tell the page where it is; raises DownloadUnderWay."""
    wanted = Wanted.of(message)
    news = _News(visitor.board, wanted)
    with news.of_failure():
        news.share(0.0)
        records = _records(visitor, wanted)
        with visitor.downloads.writing(_file_name(records, wanted.what)) as writing:
            for share in written(writing.download.path, records, wanted.what):
                visitor.touch()
                news.share(share)
                if writing.stopped:
                    break
        if writing.download.path.exists():
            news.ready(writing.download)
        else:
            news.stopped()


def stop(studio: "Studio", visitor: "Visitor", message: Mapping[str, Any]) -> None:
    """End the export that is under way."""
    visitor.downloads.stop()


COMMANDS: Mapping[str, Command] = {"export": Command(export), "export-stop": Command(stop, quick=True)}


def add_routes(app: FastAPI, studio: "Studio") -> None:
    """Let the app give out the files."""

    @app.get("/studio/downloads/{token}/{name}")
    def download(token: str, name: str) -> FileResponse:
        for visitor in studio.visitors.everyone():
            path = visitor.downloads.find(token, name)
            if path is not None:
                return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], filename=name, headers=HEADERS)
        raise HTTPException(404, "This file is gone. Ask for it again on the page it came from.")


def written(path: Path, records: Records, what: What) -> Iterator[float]:
    """Write runs to a file, their pictures drawn in a simulation of its own; yields the share that is done."""
    if what == "csv":
        yield from run_files.write_text(path, run_files.joints_csv(*records))
    elif what == "json":
        yield from run_files.write_text(path, run_files.settings_json(*records))
    else:
        env = make_env(records[0].settings.task)
        try:
            yield from _drawn(path, env, records, what)
        finally:
            env.close()


def _drawn(path: Path, env: AlohaEnv, records: Records, what: What) -> Iterator[float]:
    if what == "hdf5":
        return run_files.write_hdf5(path, env, records[0].episode)
    if len(records) == 1:
        return run_videos.write_video(path, env, records[0])
    one, other = records
    captions = (f"A {short(one.settings.policy)}", f"B {short(other.settings.policy)}")
    return run_videos.write_pair_video(path, env, (one, other), captions, parting(one.episode, other.episode))


def _records(visitor: "Visitor", wanted: Wanted) -> Records:
    if wanted.page == "run":
        records = (visitor.last_run,) if visitor.last_run is not None else ()
    else:
        records = visitor.last_pair or ()
    if not records:
        raise NothingToExport(wanted.page)
    if wanted.what == "hdf5" and len(records) > 1:
        raise NotOfPairs()
    return records


def _file_name(records: Records, what: What) -> str:
    settings = records[0].settings
    policies = "-against-".join(short(record.settings.policy) for record in records)
    return f"{UNSAFE.sub('-', f'{settings.task}-seed{settings.seed}-{policies}')[:MAX_NAME]}.{what}"


def _link(settings: RunSettings) -> str | None:
    """The query of a link, unless the link could not be opened again."""
    query = settings.as_query()
    try:
        RunSettings.from_query(query)
    except OftDemoError:
        return None
    return query


class _News:
    """What the page is told of a file that is being written."""

    def __init__(self, board: Board, wanted: Wanted):
        self._board, self._slot = board, f"{wanted.page}-export"
        self._what: What = wanted.what
        self._told_at = -math.inf

    def share(self, share: float) -> None:
        """How far it is; the page need not hear of every moment."""
        now = time.monotonic()
        if now - self._told_at >= NEWS_SECONDS:
            self._told_at = now
            self._post(share=round(share, 3), note=NOTES[self._what])

    def ready(self, download: Download) -> None:
        """The file can be had."""
        self._post(url=download.url, name=download.path.name)

    def stopped(self) -> None:
        """There will be no file."""
        self._post(note="Stopped; no file was made.")

    @contextmanager
    def of_failure(self) -> Iterator[None]:
        """Tell the page of an error too, so that it does not wait for ever."""
        try:
            yield
        except OftDemoError as error:
            self._post(error=str(error))
            raise
        except Exception:
            self._post(error="The file could not be written; the app's log on the server says why.")
            raise

    def _post(self, **values: object) -> None:
        self._board.post(self._slot, Data.of({"what": self._what, **values}))
