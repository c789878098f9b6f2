"""What finding, listing and labelling episodes costs where there are very many."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from oft_demo.bench.lines import Bar, Heading, Line, Row
from oft_demo.bench.timing import median_seconds
from oft_demo.data.catalog import Catalog
from oft_demo.data.catalog.entries import Search
from oft_demo.data.catalog.synthetic import fill_index

MOST_MS = 100.0  # of a search, at 100,000 episodes
SEARCHES = {
    "everything, newest first": Search(),
    "a word that all have": Search(text="put"),
    "two words, longest first": Search(text="yel cor", order="longest"),
    "a rare word": Search(text="shelf 77"),
    "words and filters": Search(text="pepper", success=True, quality_at_least=3, source="human"),
    "a tag, most hints first": Search(tags=("slow",), order="worst"),
    "filters that nothing passes": Search(success=True, operator="nobody", hint="jerk"),
    "the two-thousandth page": Search(offset=99_950),
}


def catalogue(episodes: int = 100_000) -> Iterator[Line]:
    """Searches, one label and one bulk edit in a catalogue of so many synthetic episodes."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        fill_index(directory, episodes)
        catalog = Catalog(directory, in_background=True)
        catalog.search(Search())
        yield Heading(f"Catalogue of {episodes:,} episodes")
        for name, search in SEARCHES.items():
            milliseconds = 1e3 * median_seconds(lambda search=search: catalog.search(search), 15)
            yield Bar(f"search: {name}", milliseconds, "ms", at_most=MOST_MS)
        qualities = iter(range(10**6))
        one = 1e3 * median_seconds(lambda: catalog.annotate("episode_7", {"quality": next(qualities) % 5 + 1}), 15)
        yield Row("labelling one episode, on disk", one, "ms")
        many = [f"episode_{number}" for number in range(min(1000, episodes))]
        bulk = 1e3 * median_seconds(lambda: catalog.annotate(many, {"notes": f"note {next(qualities)}"}), 3)
        yield Row(f"labelling {len(many)} episodes at once", bulk, "ms")
        yield Row("totals, after a change", 1e3 * _after_a_change(catalog), "ms")
        yield Row("opening the catalogue and the first search", 1e3 * _opening(directory), "ms")
        size = sum(path.stat().st_size for path in directory.glob("catalog.sqlite3*"))
        yield Row("the database", size / 1e6, "MB")
        catalog.close()


def _after_a_change(catalog: Catalog) -> float:
    """Seconds of `totals` where they cannot be remembered."""
    catalog.annotate("episode_7", {"notes": "another"})
    started = time.perf_counter()
    catalog.totals()
    return time.perf_counter() - started


def _opening(directory: Path) -> float:
    """Seconds until somebody who starts the app sees the first page."""
    started = time.perf_counter()
    catalog = Catalog(directory, in_background=True)
    catalog.search(Search())
    seconds = time.perf_counter() - started
    catalog.close()
    return seconds
