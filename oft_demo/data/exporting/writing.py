"""Exports episodes: everything is planned, written beside the goal, checked, and only then there."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from oft_demo.data.exporting.errors import InvalidExport, WriteFailed
from oft_demo.data.exporting.folder import appearing_folder, check_free
from oft_demo.data.exporting.layouts import Layout, open_layout
from oft_demo.data.exporting.manifest import MANIFEST, manifest_line
from oft_demo.data.exporting.planning import at_rate, plan, stride
from oft_demo.data.exporting.role import Exportable, ExportOptions, ExportProgress, Finding, Planned, Written, gathered
from oft_demo.data.exporting.validate import validate
from oft_demo.types import Episode


def export(exportables: Sequence[Exportable], options: ExportOptions) -> Generator[ExportProgress, None, None]:
    """Write the directory `options.out` and yield after every step; the last progress holds the report.

    Nothing is visible before the end, and nothing is left when the iterator is closed before. Raises CannotExport.
    """
    check_free(options.out)
    yield ExportProgress(0, 0, f"looking at {len(exportables)} episodes")
    planned = plan(exportables, options)
    try:
        with appearing_folder(options.out) as directory:
            findings, total = yield from _write(directory, planned, options)
            yield ExportProgress(total, total, "checking")
            report = validate(options.format, directory)
            if not report.ok:
                raise InvalidExport(options.out, [each for each in report.findings if each.level == "error"])
    except (OSError, RuntimeError) as error:  # h5py raises either where the disk is full
        raise WriteFailed(options.out, error) from error
    report = replace(report, findings=(*report.findings, *gathered(findings)))
    yield ExportProgress(total, total, f"{len(planned)} episodes in {options.out.name}", report)


def _write(
    directory: Path, planned: Sequence[Planned], options: ExportOptions
) -> Generator[ExportProgress, None, tuple[list[Finding], int]]:
    findings, done = list[Finding](), 0
    with (
        _closing(open_layout(directory, planned, options)) as layout,
        (directory / MANIFEST).open("w", encoding="utf-8") as manifest,
    ):
        total = sum(layout.total(each) for each in planned)
        for each in planned:
            recorded = each.exportable.episode
            episode = at_rate(recorded, options.hz)
            sentence = f"{each.name} ({each.index + 1} of {len(planned)})"
            with contextlib.closing(layout.write(each, episode, stride(recorded, options.hz))) as steps:
                written = yield from _counted(steps, done, total, sentence)
            done += layout.total(each)
            manifest.write(manifest_line(options.format, each, episode, written) + "\n")
            findings += [*written.findings, *_remarks(each, episode)]
        layout.finish()
    return findings, total


def _counted(
    steps: Generator[None, None, Written], done: int, total: int, sentence: str
) -> Generator[ExportProgress, None, Written]:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        done += 1
        yield ExportProgress(done, total, sentence)


@contextlib.contextmanager
def _closing(layout: Layout) -> Iterator[Layout]:
    """Close the layout's files at the end; on the way out of an error what closing says is not the news."""
    try:
        yield layout
    except BaseException:
        with contextlib.suppress(Exception):
            layout.close()
        raise
    layout.close()


def _remarks(planned: Planned, episode: Episode) -> Iterator[Finding]:
    disturbed = int((~episode.valid.astype(bool)).sum())
    if disturbed:
        sentence = f"{disturbed} steps were driven by a disturbance; no format has a mark for these"
        yield Finding("warning", planned.name, sentence)
    if not planned.success:
        yield Finding("note", planned.name, "is labelled as a failure")
