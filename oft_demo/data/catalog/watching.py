"""Looks at a directory often enough to notice what appears, changes and vanishes, and seldom enough to cost little."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from oft_demo.data.catalog import index, old_labels
from oft_demo.data.catalog.database import CatalogBusy, Database, LabelsNotKept
from oft_demo.data.catalog.files import scan, stamp_of
from oft_demo.data.catalog.index import News

BATCH = 50  # files that are read between two transactions: a program that is killed loses no more of its reading
EVERY = 1.0  # [s] between two looks at all files
SHARE = 20  # a look may take this part of the time: 100,000 files take 0.4 s
NOTICED_SHARE = 10  # the same where the directory itself says that files came or went
SETTLED_NS = 50_000_000  # [ns] within which a directory may change without another time of change
MARKED = 500  # files that are hidden or shown again between two transactions
QUICK = 20  # files that are read while somebody waits for a page; more are read in the background
QUICK_SECONDS = 0.1  # [s] of a look at all files that somebody may wait for
READ_PER_SECOND = 250_000  # files that a look takes in, to guess how long the first will take

logger = logging.getLogger(__name__)


class Watch:
    """Brings the index up to date with the files of a directory; any thread may call it."""

    def __init__(self, directory: Path, database: Database, in_background: bool = False):
        """`in_background`: nobody waits for the reading of many files; lists grow while it goes on."""
        self.directory = directory
        self.in_background = in_background
        self.unread = 0  # files that are known to be new and are still to be read
        self._database = database
        self._looking = threading.RLock()  # one look at a time
        self._looked = -1e9  # [s] when the last look began
        self._took = 0.0  # [s] the last look, without the reading of files
        self._opening = -1  # of the database, which is another one when somebody deleted it
        self._seen_ns: int | None = None  # when the directory had changed last, as of the last look
        self._background: threading.Thread | None = None
        self._stopping = False
        database.renewed = self.glance

    def bring_up_to_date(self) -> None:
        """Look, and read everything that is new; returns when all of it is in the index."""
        with self._looking:
            if self._is_due() or self.unread:
                self._read(self._look())

    def glance(self) -> None:
        """As `bring_up_to_date`, but what takes long is left to the background where that is wanted."""
        if not self.in_background:
            self.bring_up_to_date()
            return
        if not self._is_due() or not self._looking.acquire(blocking=False):
            return
        try:
            if self._expected_seconds() > QUICK_SECONDS:
                self._start_background(None)
                return
            news = self._look()
            if len(news.changed) > QUICK:
                self._start_background(news)
            else:
                self._read(news)
        finally:
            self._looking.release()

    def look_at(self, name: str) -> None:
        """Bring one file up to date, at the cost of asking for its time and size."""
        stamp = stamp_of(self.directory, name)
        query = "SELECT mtime_ns, size FROM files WHERE name = ? AND NOT gone"
        known = self._database.read(lambda connection: connection.execute(query, (name,)).fetchone())
        if stamp is None and known is not None:
            self._mark((name,), gone=True)
        elif stamp is not None and tuple(stamp) != known:
            self._take_in((name,))

    def read_all_again(self) -> None:
        """Read every file, whatever the index says."""
        with self._looking:
            self._looked = -1e9
            self._read(self._look())

    def close(self) -> None:
        """Let the background come to its end; a later look starts it again."""
        self._stopping = True
        if self._background is not None:
            self._background.join()
        self._stopping = False

    def take_over_old_labels(self) -> None:
        """Take over labels.json where that was not done; raises InvalidData where it makes no sense."""
        if self._opening == self._database.opening() or self._database.read(old_labels.is_taken):
            return
        labels = old_labels.read(self.directory)
        self._keep(lambda connection: old_labels.take_over(connection, labels))

    # ------------------------------------------------------------------------------------------------ looking

    def _is_due(self) -> bool:
        self.take_over_old_labels()
        if self._opening != self._database.opening():
            return True
        since = time.monotonic() - self._looked
        if since > max(EVERY, SHARE * self._took):
            return True
        return since > NOTICED_SHARE * self._took and self._seen_ns != _changed_ns(self.directory)

    def _expected_seconds(self) -> float:
        if self._looked > 0:
            return self._took
        (count,) = self._database.read(lambda connection: connection.execute("SELECT count(*) FROM files").fetchone())
        return count / READ_PER_SECOND

    def _look(self) -> News:
        self._opening = self._database.opening()
        started = time.monotonic()
        changed_ns = _changed_ns(self.directory)
        found = scan(self.directory)
        news = self._database.read(lambda connection: index.news(connection, found))
        self._looked, self._took = started, time.monotonic() - started
        recent = changed_ns is not None and time.time_ns() - changed_ns < SETTLED_NS
        self._seen_ns = -1 if recent else changed_ns
        self.unread = len(news.changed)
        return news

    def _read(self, news: News) -> None:
        self._mark(news.gone, gone=True)
        self._mark(news.returned, gone=False)
        for begin in range(0, len(news.changed), BATCH):
            if self._stopping:
                return
            self._take_in(news.changed[begin : begin + BATCH])
            self.unread = max(len(news.changed) - begin - BATCH, 0)
        if news.changed:
            self._keep(lambda connection: index.shelve_parts(connection, self.directory))

    def _mark(self, names: Sequence[str], gone: bool) -> None:
        for begin in range(0, len(names), MARKED):
            some = names[begin : begin + MARKED]
            self._keep(lambda connection, some=some: index.mark(connection, self.directory, some, gone))

    def _take_in(self, names: Sequence[str]) -> None:
        read = list(index.readings(self.directory, names))
        self._keep(lambda connection: index.take_in(connection, self.directory, read))

    def _keep(self, work: Callable[..., object]) -> None:
        try:
            self._database.index(work)
        except (LabelsNotKept, CatalogBusy) as error:  # lists go on with what is known
            logger.warning("The index of %s is not up to date: %s", self.directory, error)

    def _start_background(self, news: News | None) -> None:
        if self._background is not None and self._background.is_alive():
            return
        self._background = threading.Thread(target=self._in_background, args=(news,), name="catalogue", daemon=True)
        self._background.start()

    def _in_background(self, news: News | None) -> None:
        with self._looking:
            try:
                self._read(self._look() if news is None else news)
            except Exception:
                logger.exception("The index of %s is not up to date", self.directory)


def _changed_ns(directory: Path) -> int | None:
    try:
        return directory.stat().st_mtime_ns
    except OSError:
        return None
