"""How fast one episode goes out in each format."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oft_demo import record
from oft_demo.bench.lines import Heading, Line, Note, Row
from oft_demo.data.catalog import Catalog
from oft_demo.data.exporting import FORMATS, CannotExport, ExportOptions
from oft_demo.exporting import export, exportables
from oft_demo.types import CAMERAS

SIZE = (480, 640)


def exporting() -> Iterator[Line]:
    """One expert episode with three 640x480 pictures a step, exported from its file, checks and fsync included."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "episodes"
        for _ in record.record_expert("put_x_into_pot", 1, source, first_seed=7):
            pass
        (summary,) = Catalog(source).episodes()
        yield Heading(f"Exporting an episode of {summary.length} steps with {len(CAMERAS)} pictures of 640x480 each")
        for form in FORMATS:
            yield from _one(source, summary.name, ExportOptions(form, Path(folder) / form))


def _one(source: Path, name: str, options: ExportOptions) -> Iterator[Line]:
    catalog, done = Catalog(source), 0
    started = time.perf_counter()
    try:
        for progress in export(exportables(catalog, [name], options), options):
            done = progress.done
    except CannotExport as error:  # pyarrow may not be installed
        yield Note(f"{options.format}: {error}")
        return
    seconds = time.perf_counter() - started
    written = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    yield Row(f"{options.format}, rate", done / seconds, "steps/s")
    yield Row(f"{options.format}, size against raw", written / 1e6, "MB", done * len(CAMERAS) * _raw() / written)


def _raw() -> int:
    return int(np.prod(SIZE)) * 3
