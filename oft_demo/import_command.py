"""`python -m oft_demo import`: take ALOHA HDF5 files of other programs into a directory of episodes."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from .errors import OftDemoError
from .settings import Settings


class NoFiles(OftDemoError):
    """Nothing to take in."""

    def __init__(self, sources: tuple[Path, ...]):
        listed = ", ".join(str(source) for source in sources)
        super().__init__(f"There are no .hdf5 files in {listed}. Name files, or directories that hold some.")


@dataclass(frozen=True)
class ImportOptions:
    """Check files and take the good ones in; the others are named with the reason and left alone."""

    sources: tyro.conf.Positional[tuple[Path, ...]]  # files, or directories with files
    into: Path = Settings.data  # the directory of episodes
    instruction: str | None = None  # default: the folder's name, as openvla-oft does it
    task: str = ""
    swap_channels: bool = False  # where pictures come out blue instead of red
    check: bool = False  # only say what is in the files
    by: str = ""  # who takes them in


def main(options: ImportOptions) -> int:
    """Import with a progress bar; the exit status is 1 where a file was refused."""
    from tqdm import tqdm

    from .data.catalog import Catalog
    from .data.importing import import_files

    paths = _files(options.sources)
    if options.check:
        return _check(paths)
    catalog = Catalog(options.into)
    refused = added = 0
    try:
        imported = import_files(
            paths,
            catalog,
            swap_channels=options.swap_channels,
            instruction=options.instruction,
            task=options.task,
            by=options.by,
        )
        for one in tqdm(imported, total=len(paths), unit="file", file=sys.stderr, disable=None):
            if one.name is None:
                refused += 1
                print(f"{one.path}: refused. {one.reason}", file=sys.stderr)
            else:
                added += 1
                print(f"{one.path} -> {one.name}")
    finally:
        catalog.close()
    print(f"{added} episodes added to {options.into}, {refused} files refused and left alone")
    return 1 if refused else 0


def _check(paths: list[Path]) -> int:
    from .data.importing import inspect

    refused = 0
    for path in paths:
        try:
            print(f"{path}: {inspect(path).sentence}")
        except OftDemoError as error:
            refused += 1
            print(f"{path}: refused. {error}", file=sys.stderr)
    return 1 if refused else 0


def _files(sources: tuple[Path, ...]) -> list[Path]:
    files = list[Path]()
    for source in sources:
        files += sorted(source.rglob("*.hdf5")) if source.is_dir() else [source]
    if not files:
        raise NoFiles(sources)
    return files
