"""Turns takes into episodes in the background, one after the other, and knows which takes wait for a decision."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.durable import is_held
from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.pictures import ALOHA_IMAGE_SIZE
from oft_demo.recording.accepting import LOCK, Accepted, Doing, Episodes, TakeInUse, accept_take
from oft_demo.recording.drawers import PROGRAM, Drawers, DrawersClosed
from oft_demo.recording.drawing import View
from oft_demo.recording.folders import TAKE_ID, erase, restore_folder, take_folders
from oft_demo.recording.jobs import AcceptProgress, Jobs
from oft_demo.recording.journal import JOURNAL
from oft_demo.recording.orders import Order, name_of, read_order, write_order
from oft_demo.recording.recovery import FoundTake, FoundTakes, sweep
from oft_demo.types import CAMERAS

LINGER_SECONDS = 60.0  # that idle processes are kept for the next take
CLOSE_SECONDS = 10.0
log = logging.getLogger(__name__)


class Acceptance:
    """One for an app; any thread may call it."""

    def __init__(
        self,
        catalog: Episodes,
        takes: Path,
        workers: int = 2,
        changed: Callable[[], None] = lambda: None,
        program: Sequence[str] = PROGRAM,
    ):
        """Orders that an earlier run left behind are carried out; `changed` is called whenever a list changes.

        `program` are the arguments of the Python that draws, in `workers` processes.
        """
        self._catalog = catalog
        self._takes = takes
        self._tell_others = changed
        self._jobs = Jobs()
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._drawers = Drawers(workers, program)
        self._found = FoundTakes(takes)
        self._closing = False
        sweep(takes, catalog.directory)
        for folder in reversed(take_folders(takes)):
            order = read_order(folder)
            if order is not None and not is_held(folder / LOCK):
                self._enqueue(folder.name, order)
        self._thread = threading.Thread(target=self._work, name="acceptance", daemon=True)
        self._thread.start()

    def submit(
        self,
        take_id: str,
        annotation: Annotation = Annotation(),  # noqa: B008  it is frozen
        cameras: tuple[str, ...] = CAMERAS,
        image_size: tuple[int, int] = ALOHA_IMAGE_SIZE,
    ) -> None:
        """Have a take drawn and written; comes back at once. Raises UnknownName; one in work is left to it."""
        folder = self._folder(take_id)
        order = Order(annotation, View(cameras, image_size), name_of(folder))
        if self._jobs.is_active(take_id):
            return
        with contextlib.suppress(OSError):  # what the disk refuses is said where the take is written
            write_order(folder, order)
            restore_folder(folder)
        self._enqueue(take_id, order)

    def progress(self) -> tuple[AcceptProgress, ...]:
        """The takes that wait, are in work, have failed, or were done lately; in the order they came."""
        return self._jobs.progress()

    def pending(self) -> tuple[FoundTake, ...]:
        """The takes on disk that wait for a decision."""
        known = {each.take_id for each in self.progress() if each.stage != "done"}
        return tuple(found for found in self._found() if found.take_id not in known)

    def retry(self, take_id: str) -> None:
        """Once more a take that failed; what was drawn is not drawn again."""
        folder = self._folder(take_id)
        order = self._jobs.order(take_id) or read_order(folder) or Order()
        self._enqueue(take_id, order.named(name_of(folder)))

    def restore(self, take_id: str) -> None:
        """Take a discarded take back; it waits for a decision then."""
        restore_folder(self._folder(take_id))
        self._changed()

    def drop(self, take_id: str) -> None:
        """Remove a take from disk for good; raises TakeInUse for one in work."""
        folder = self._folder(take_id)
        if self._jobs.is_active(take_id) or is_held(folder / JOURNAL) or is_held(folder / LOCK):
            raise TakeInUse(take_id)
        erase(folder)
        self._jobs.forget(take_id)
        self._changed()

    def close(self) -> None:
        """End the work; what is not written stays on disk, and goes on with the next Acceptance."""
        self._closing = True
        self._waiting.put(None)
        self._drawers.close()
        self._thread.join(CLOSE_SECONDS)

    def _folder(self, take_id: str) -> Path:
        folder = self._takes / take_id
        if not TAKE_ID.fullmatch(take_id) or not folder.is_dir():
            raise UnknownName("take", take_id[:60], (each.name for each in take_folders(self._takes)[:8]))
        return folder

    def _enqueue(self, take_id: str, order: Order) -> None:
        if self._jobs.add(take_id, order):
            self._waiting.put(take_id)
            self._changed()

    def _work(self) -> None:
        while not self._closing:
            try:
                take_id = self._waiting.get(timeout=LINGER_SECONDS)
            except queue.Empty:
                self._drawers.rest()
                continue
            if take_id is not None and not self._closing:
                self._carry_out(take_id)

    def _carry_out(self, take_id: str) -> None:
        started = time.monotonic()
        folder, order = self._takes / take_id, self._jobs.order(take_id)
        if order is None or not folder.is_dir():  # dropped, or another process has written it
            self._jobs.forget(take_id)
            self._changed()
            return
        try:
            accepted = self._followed(take_id, accept_take(folder, order, self._catalog, self._drawers))
        except DrawersClosed:
            return
        except OftDemoError as error:
            self._tell(take_id, stage="failed", sentence=str(error))
        except Exception as error:
            log.exception("The take %s could not be accepted", take_id)
            sentence = f"Something unforeseen went wrong ({error!r:.200}). The take is kept; try again."
            self._tell(take_id, stage="failed", sentence=sentence)
        else:
            self._tell(take_id, stage="done", episode=accepted.name, sentence=_said(accepted, started))

    def _followed(self, take_id: str, doing: Generator[Doing, None, Accepted]) -> Accepted:
        """Carry it out, telling how far it is."""
        while True:
            try:
                stage, done, total = next(doing)
            except StopIteration as end:
                return end.value
            if self._closing:
                doing.close()
                raise DrawersClosed()
            if stage == "drawing" or done in (0, total):
                self._tell(take_id, stage=stage, done=done, total=total)

    def _tell(self, take_id: str, **news: Any) -> None:
        self._jobs.tell(take_id, **news)
        self._changed()

    def _changed(self) -> None:
        try:
            self._tell_others()
        except Exception:  # whoever looks on cannot stop the work
            log.exception("A list of takes could not be shown")


def _said(accepted: Accepted, started: float) -> str:
    seconds = time.monotonic() - started
    return (
        f"Written as {accepted.name}: {accepted.length} steps, {accepted.size_bytes / 1e6:.0f} MB, in {seconds:.0f} s."
    )
