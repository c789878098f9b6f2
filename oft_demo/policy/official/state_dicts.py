"""State dicts in `.pt` files: nothing but tensors, mapped into memory and read where they are used."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from oft_demo.policy.official.complaints import UnusableFile
from oft_demo.policy.official.shards import PIECE

MAX_INDEX_BYTES = 1 << 24  # of the part that lists the tensors; the largest published component has 0.2 MB
WRAPPER = "module."  # what distributed training puts before every name


@dataclass(frozen=True)
class MappedTensor:
    """A tensor of a `.pt` file."""

    path: Path
    key: str  # as in the file
    value: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return tuple(self.value.shape)

    @property
    def bytes_read(self) -> int:
        """Its size in the file."""
        return self.value.nbytes

    def fill(self, target: Tensor) -> Iterator[int]:
        """Copy it into a tensor of its shape; yields how many bytes were read."""
        flat, source = target.view(-1), self.value.reshape(-1)
        for first in range(0, len(flat), PIECE):
            piece = source[first : first + PIECE]
            flat[first : first + PIECE].copy_(piece)
            yield piece.nbytes

    def sample(self, places: int, width: int) -> bytes:
        """A few bytes from several places."""
        flat = self.value.reshape(-1)
        count = max(width // flat.dtype.itemsize, 1)
        starts = sorted({min(len(flat) * place // places, max(len(flat) - count, 0)) for place in range(places)})
        return b"".join(flat[start : start + count].view(torch.uint8).numpy().tobytes() for start in starts)


def read_state_dict(path: Path) -> dict[str, MappedTensor]:
    """The tensors of a file by their names without `module.`; raises UnusableFile, and runs no code of the file."""
    _check_archive(path)
    try:
        values = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise _refused(path) from error
    except Exception as error:  # torch raises whatever a damaged file makes its parts raise
        reason = str(error).partition("\n")[0]
        raise UnusableFile(
            path.parent, path.name, f"that does not load ({reason})", "tensors by their names"
        ) from error
    if not isinstance(values, dict) or not values:
        found = f"that holds a {type(values).__name__}"
        raise UnusableFile(path.parent, path.name, found, "tensors by their names")
    return {str(key).removeprefix(WRAPPER): _checked(path, key, value) for key, value in values.items()}


def _check_archive(path: Path) -> None:
    """Refuse what would be read as something else than it says, or would not fit into memory before it is looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        found, advice = "that is damaged, cut short or of another format", "Download it again"
        raise UnusableFile(path.parent, path.name, found, "a zip archive as torch.save writes it", advice) from error
    index = [entry for entry in entries if entry.filename.endswith(".pkl")]
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise UnusableFile(path.parent, path.name, "that is compressed", "tensors as torch.save writes them")
    if sum(entry.file_size for entry in index) > MAX_INDEX_BYTES:
        found = "with a list of tensors that is too large"
        raise UnusableFile(path.parent, path.name, found, f"at most {MAX_INDEX_BYTES} bytes of names and sizes")


def _refused(path: Path) -> UnusableFile:
    try:
        asked = ", ".join(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))[:5])
    except Exception:  # of a file that is wrong in more than one way
        asked = ""
    found = f"that runs code when it is loaded{f' ({asked})' if asked else ''} and was refused"
    advice = "A .pt file from elsewhere can do anything to this machine; ask its author for plain tensors"
    return UnusableFile(path.parent, path.name, found, "tensors and nothing else", advice)


def _checked(path: Path, key: object, value: object) -> MappedTensor:
    if not isinstance(key, str) or not isinstance(value, Tensor):
        found = f"with {key!r}, which is a {type(value).__name__}"
        raise UnusableFile(path.parent, path.name, found, "tensors by their names")
    if value.layout != torch.strided or not value.is_floating_point() or value.device.type != "cpu":
        found = f"with {key} of type {str(value.dtype).removeprefix('torch.')}"
        raise UnusableFile(path.parent, path.name, found, "a dense tensor of real numbers")
    return MappedTensor(path, key, value.detach())
