"""The records of a take's journal: how they are laid down, and how they are taken up again from any file.

8 bytes       OFTTAKE1
each record   uint32 length, uint32 CRC-32 of kind and content that goes on from the record before, uint8 kind,
              content: kind 1 the header and kind 3 a note (JSON), kind 2 a step (timeline.step_type)
"""

import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

from oft_demo.data.hdf5 import layout
from oft_demo.data.timeline import Note, TakeHeader
from oft_demo.errors import OftDemoError

MAGIC = b"OFTTAKE1"
HEADER, STEP, NOTE = 1, 2, 3
FRONT = struct.Struct("<IIB")
MAX_RECORD = 2**20  # [bytes]; a step of the largest scene has a few thousand


class InvalidJournal(OftDemoError):
    """A journal from which nothing can be recovered."""

    def __init__(self, path: Path, found: str, expected: str):
        super().__init__(f"Cannot read the take {path.parent.name}: found {found}; expected {expected}.")


class Framing:
    """Puts records one behind the other."""

    def __init__(self) -> None:
        self._check = 0

    def frame(self, kind: int, content: bytes) -> bytes:
        """The bytes of the next record."""
        self._check = zlib.crc32(content, zlib.crc32(bytes((kind,)), self._check))
        return FRONT.pack(len(content), self._check, kind) + content


def header_content(header: TakeHeader) -> bytes:
    """The content of the first record."""
    return json.dumps(asdict(header), ensure_ascii=False).encode()


def note_content(note: Note) -> bytes:
    """The content of a note."""
    return json.dumps(note, ensure_ascii=False).encode()


def whole_records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each record up to the first that is torn or damaged."""
    if file.read(len(MAGIC)) != MAGIC:
        return
    check = 0
    while len(front := file.read(FRONT.size)) == FRONT.size:
        length, stated, kind = FRONT.unpack(front)
        content = file.read(length) if length <= MAX_RECORD else b""
        check = zlib.crc32(content, zlib.crc32(bytes((kind,)), check))
        if len(content) != length or check != stated:
            return
        yield kind, content


def parse_header(path: Path, content: bytes) -> TakeHeader:
    """The first record; raises InvalidJournal."""
    values = _json(content)
    wanted: dict[str, Callable[[Any], bool]] = {
        "take_id": _is_text,
        "task": _is_text,
        "instruction": _is_text,
        "seed": _is_count,
        "state_size": lambda size: _is_count(size) and size <= layout.MAX_STATE_SIZE,
        "started": lambda value: isinstance(value, float) and math.isfinite(value),
        "render_fingerprint": _is_text,
        "control_hz": lambda value: _is_count(value) and 1 <= value <= layout.MAX_HZ,
        "provenance": lambda value: isinstance(value, dict) and all(map(_is_text, (*value, *value.values()))),
    }
    assert set(wanted) == {each.name for each in fields(TakeHeader)}
    if values is None or set(values) != set(wanted):
        raise InvalidJournal(path, "a first record that is no header", "a journal of this version of OFT Demo")
    for name, fits in wanted.items():
        if not fits(values[name]):
            raise InvalidJournal(path, f"{name} = {values[name]!r:.60}", "a header of a take")
    return TakeHeader(**values)


def parse_note(content: bytes, length: int) -> Note | None:
    """A note that fits a take of this length so far, or None."""
    note = _json(content) or {}
    at_step = _is_count(note.get("step")) and note["step"] <= length
    texts = {
        "event": ("kind", "text"),
        "segment": ("text",),
        "instruction": ("text",),
        "rewind": ("branch",),
    }
    what = note.get("what")
    if what == "end":
        return note
    if not isinstance(what, str) or what not in texts or not at_step:
        return None
    if what == "instruction" and not (note.get("named", "") is None or _is_text(note.get("named"))):
        return None
    return note if all(_is_text(note.get(name)) for name in texts[what]) else None


def _json(content: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= layout.MAX_TEXT


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53
