"""Long work of the Episodes tab: exports to a folder, and adding uploaded files."""

import math
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oft_demo import exporting
from oft_demo.data import importing
from oft_demo.data.exporting.role import FORMATS, ExportOptions, Report
from oft_demo.errors import OftDemoError, checked_instruction, checked_seed
from oft_demo.studio.board import Board, Data
from oft_demo.studio.episode_choice import chosen
from oft_demo.studio.episode_desk import EXPORTS, Upload
from oft_demo.studio.episode_news import tell_everyone
from oft_demo.studio.episode_requests import (
    InvalidRequest,
    folder_of,
    person_of,
    texts_of,
)
from oft_demo.studio.episode_zip import folder_bytes

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio
    from oft_demo.studio.visitors import Visitor

Message = Mapping[str, Any]

NEWS_SECONDS = 0.2  # [s] between two messages about how far it is
RATES = (50, 25)  # [Hz]
EXAMPLE = "put the yellow corn into the pot"


class ExportStopped(OftDemoError):
    """The person pressed Stop."""

    def __init__(self) -> None:
        super().__init__("Stopped; nothing was kept of it.")


# ------------------------------------------------------------------------------------------------------------ exports


def export_chosen(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Write the chosen episodes, or all that a search finds, in the format of another tool."""
    news = _News(visitor.board, "episodes-export")
    try:
        with studio.desk.exporting(visitor.ticket) as stopping:
            options = _options(studio, message)
            names = chosen(studio, message)
            report = None
            items = exporting.exportables(studio.catalog, names, options)
            with closing(exporting.export(items, options)) as exports:  # stopped, it takes away what it wrote
                for progress in exports:
                    visitor.touch()
                    report = progress.report or report
                    news.progress(progress.done, progress.total, progress.sentence)
                    if stopping.is_set() and progress.report is None:
                        raise ExportStopped()
            news.end("done", _sentence(report), **_whereabouts(studio, options.out), report=_report_json(report))
    except OftDemoError as error:
        news.end("stopped" if isinstance(error, ExportStopped) else "failed", str(error))
    except Exception:
        news.end("failed", "The export failed; the app's log on the server says why.")
        raise


def stop_export(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """End the export that is under way."""
    studio.desk.stop_export(visitor.ticket)


def _options(studio: "Studio", message: Message) -> ExportOptions:
    kind, hz = str(message.get("format")), message.get("hz")
    if kind not in FORMATS:
        raise InvalidRequest("The format", kind, ", ".join(FORMATS))
    if hz not in RATES:
        raise InvalidRequest("The rate", hz, "50 or 25 Hz")
    share = message.get("validation_share", 0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise InvalidRequest("The share for validation", share, "a number from 0 to below 1")
    folder = folder_of(message, f"{kind}-{datetime.now():%Y%m%d-%H%M%S}")
    out = studio.desk.exports / folder
    if out.exists():
        raise InvalidRequest("The folder", folder, "a name that is not taken yet")
    return ExportOptions(
        format=kind, out=out, hz=hz, seed=checked_seed(message.get("seed", 0)), validation_share=float(share)
    )


def _whereabouts(studio: "Studio", out: Path) -> dict[str, Any]:
    shown = Path(studio.settings.data.name) / EXPORTS / out.name
    return {"where": f"{shown}/", "url": f"/studio/exports/{out.name}.zip", "bytes": folder_bytes(out)}


def _sentence(report: Report | None) -> str:
    if report is None:
        return "Exported."
    return "Exported and checked." if report.ok else "Exported, but the check found something wrong."


def _report_json(report: Report | None) -> dict[str, Any] | None:
    if report is None:
        return None
    findings = [asdict(finding) for finding in report.findings]
    return {"format": report.format, "checked_for": report.checked_for, "ok": report.ok, "findings": findings}


# ------------------------------------------------------------------------------------------------------------ imports


def import_uploads(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Add the uploaded files that are good; the others are named with the reason."""
    news = _News(visitor.board, "episodes-import")
    uploads = _uploads(studio, visitor, message)
    results = list[dict[str, Any]]()
    try:
        given = message.get("instruction")
        instruction = checked_instruction(given, EXAMPLE) if given else None
        paths = {upload.path: upload.token for upload in uploads}
        news.progress(0, len(paths), "Adding ...", results=results)
        for item in importing.import_files(
            list(paths),
            studio.catalog,
            swap_channels=message.get("swap") is True,
            instruction=instruction,
            by=person_of(message),
        ):
            visitor.touch()
            results.append({"token": paths[item.path], "name": item.name, "reason": item.reason})
            news.progress(len(results), len(paths), f"{len(results)} of {len(paths)} files", results=results)
        news.end("done", _imported_sentence(results), results=results)
    except OftDemoError as error:
        news.end("failed", str(error), results=results)
    finally:
        for upload in uploads:
            studio.desk.forget(upload)
        tell_everyone(studio, [each["name"] for each in results if each["name"]])


def forget_uploads(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """The window was closed: the files that wait are not wanted."""
    for upload in _uploads(studio, visitor, message):
        studio.desk.forget(upload)


def _uploads(studio: "Studio", visitor: "Visitor", message: Message) -> list[Upload]:
    """Those of the named uploads that this visitor sent."""
    found = [studio.desk.upload(token) for token in texts_of(message, "tokens")]
    return [upload for upload in found if upload is not None and upload.owner == visitor.ticket]


def _imported_sentence(results: list[dict[str, Any]]) -> str:
    added = sum(each["name"] is not None for each in results)
    left = len(results) - added
    sentence = f"{added} {'episode' if added == 1 else 'episodes'} added"
    return f"{sentence}, {left} {'file' if left == 1 else 'files'} left alone." if left else f"{sentence}."


# --------------------------------------------------------------------------------------------------------------- news


class _News:
    """What a dialog of the page is told of work that takes a while."""

    def __init__(self, board: Board, slot: str):
        self._board, self._slot = board, slot
        self._told_at = -math.inf

    def progress(self, done: int, total: int, sentence: str, **more: Any) -> None:
        """How far it is; the page need not hear of every moment."""
        now = time.monotonic()
        if now - self._told_at >= NEWS_SECONDS:
            self._told_at = now
            self._post(state="running", done=done, total=total, sentence=sentence, **more)

    def end(self, state: str, sentence: str, **more: Any) -> None:
        """What became of it."""
        self._post(state=state, sentence=sentence, **more)

    def _post(self, **values: Any) -> None:
        self._board.post(self._slot, Data.of({"id": self._board.epoch(), **values}))
