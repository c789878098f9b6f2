"""A folder as one zip file that is sent while it is made."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

BLOCK = 2**20  # [bytes] read at once


def zip_of(folder: Path) -> Iterator[bytes]:
    """A folder as a zip, a piece at a time: nothing of it is written to the disk again."""
    pieces = _Pieces()
    with zipfile.ZipFile(cast(IO[bytes], pieces), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            entry = zipfile.ZipInfo.from_file(path, Path(folder.name) / path.relative_to(folder))
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    target.write(block)
                    yield pieces.taken()
    yield pieces.taken()


def folder_bytes(folder: Path) -> int:
    """How much an export takes on the disk."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class _Pieces:
    """A file that cannot be gone back in: what is written is handed on."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it for whoever asks next."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """Everything since the last call."""
        taken, self._written = b"".join(self._written), []
        return taken
