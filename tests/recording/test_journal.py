"""Tests of the journal on disk: torn, flipped and hostile bytes, and disks that refuse."""

import errno
import json
import os
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oft_demo.data.durable import is_held
from oft_demo.data.timeline import TakeHeader, end_note, event_note, rewind_note, segment_note, step_type
from oft_demo.recording import journal as journal_module
from oft_demo.recording.journal import Journal, read_journal
from oft_demo.recording.journal_records import FRONT, MAGIC, InvalidJournal

STATE = 5
HEADER = TakeHeader("20260101-000000-abcdef", "put_x_into_pot", "put the corn into the pot", 3, STATE, 1.5)


def step(number: int) -> np.ndarray:
    record = np.zeros((), step_type(STATE))
    record["action"], record["state"] = number, number
    return record


def write(directory: Path, steps: int = 10) -> Path:
    journal = Journal.create(directory, HEADER)
    journal.note(segment_note(0, "reach"))
    for number in range(steps):
        journal.step(step(number))
    journal.note(event_note(steps, "mark", "here"))
    journal.note(end_note())
    assert journal.close(10)
    return journal.path


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def offsets(path: Path) -> list[int]:
    """Where each record begins, and the end."""
    content, places = path.read_bytes(), [len(MAGIC)]
    while places[-1] < len(content):
        places.append(places[-1] + FRONT.size + FRONT.unpack_from(content, places[-1])[0])
    return places


def test_what_was_written_is_read(tmp_path: Path):
    contents = read_journal(write(tmp_path / "take"))
    timeline = contents.timeline
    assert (timeline.header, timeline.length, contents.lost_bytes, contents.recovered) == (HEADER, 10, 0, False)
    assert [record["action"][0] for record in timeline.records()] == list(range(10))
    assert (timeline.segments[0].text, timeline.events[0].text) == ("reach", "here")


def test_a_journal_cut_off_anywhere_gives_all_whole_records_before(tmp_path: Path):
    path = write(tmp_path / "take", steps=3)
    content, places = path.read_bytes(), offsets(path)
    steps_before = [0, 0, 0, 1, 2, 3, 3, 3]  # after the header, the segment, three steps, the event and the end
    for length in range(places[1], len(content) + 1, 7):
        path.write_bytes(content[:length])
        whole = sum(1 for place in places[1:] if place <= length)
        contents = read_journal(path)
        assert contents.timeline.length == steps_before[whole]
        assert contents.lost_bytes == length - places[whole]
        assert contents.recovered == (length < len(content))


def test_without_a_whole_header_nothing_can_be_read(tmp_path: Path):
    path = write(tmp_path / "take")
    content, places = path.read_bytes(), offsets(path)
    for length in (0, 5, len(MAGIC), places[1] - 1):
        path.write_bytes(content[:length])
        with pytest.raises(InvalidJournal, match="whole first record"):
            read_journal(path)
    with pytest.raises(InvalidJournal, match="cannot be read"):
        read_journal(tmp_path / "nothing" / "journal")


def test_a_flipped_bit_ends_the_reading_and_never_reaches_a_step(tmp_path: Path):
    path = write(tmp_path / "take")
    content, places = bytearray(path.read_bytes()), offsets(path)
    random = np.random.default_rng(0)
    for place in random.integers(places[1], len(content), 200):
        flipped = content.copy()
        flipped[place] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        contents = read_journal(path)
        record = next(index for index, start in enumerate(places) if start > place) - 1
        assert contents.lost_bytes == len(content) - places[record]
        assert [each["action"][0] for each in contents.timeline.records()] == list(range(contents.timeline.length))


def test_a_record_taken_out_of_the_middle_is_noticed(tmp_path: Path):
    path = write(tmp_path / "take")
    content, places = path.read_bytes(), offsets(path)
    path.write_bytes(content[: places[5]] + content[places[6] :])
    assert read_journal(path).timeline.length == 3


def framed(*records: tuple[int, bytes]) -> bytes:
    """A journal with right checksums and whatever else."""
    content, check = MAGIC, 0
    for kind, record in records:
        check = zlib.crc32(record, zlib.crc32(bytes((kind,)), check))
        content += struct.pack("<IIB", len(record), check, kind) + record
    return content


def header(**changed: object) -> bytes:
    return json.dumps({**{**vars(HEADER), "provenance": {}}, **changed}).encode()


@pytest.mark.parametrize(
    "first",
    [
        b"[]",
        b"no json",
        b"[" * 100_000,
        header(state_size=10**9),
        header(state_size=-1),
        header(seed="three"),
        header(started=float("nan")),
        header(control_hz=0),
        header(provenance={"operator": 3}),
        header(more=1),
        header(task="x" * 20_000),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, first: bytes):
    path = tmp_path / "journal"
    path.write_bytes(framed((1, first)))
    with pytest.raises(InvalidJournal):
        read_journal(path)


@pytest.mark.parametrize(
    "record",
    [
        (2, b"a step of another size"),
        (3, b'{"what": "rewind", "step": 99, "branch": ""}'),
        (3, b'{"what": "rewind", "step": -1, "branch": ""}'),
        (3, b'{"what": "rewind", "step": true, "branch": ""}'),
        (3, b'{"what": "event", "step": 0, "kind": 3, "text": ""}'),
        (3, b'{"what": "segment", "step": 0}'),
        (3, b'{"what": "instruction", "step": 0, "text": "", "named": 3}'),
        (3, b'{"what": "dance"}'),
        (3, b"null"),
        (9, b""),
        (1, header()),
    ],
)
def test_a_record_that_makes_no_sense_ends_the_reading(tmp_path: Path, record: tuple[int, bytes]):
    path = tmp_path / "journal"
    path.write_bytes(framed((1, header()), (2, step(0).tobytes()), record, (2, step(1).tobytes())))
    contents = read_journal(path)
    assert contents.timeline.length == 1
    assert contents.lost_bytes > 0


def test_a_record_that_claims_gigabytes_is_not_read(tmp_path: Path):
    path = tmp_path / "journal"
    path.write_bytes(framed((1, header())) + struct.pack("<IIB", 2**32 - 1, 0, 2) + bytes(100))
    assert read_journal(path).timeline.length == 0


def test_a_rewind_stays_in_the_file(tmp_path: Path):
    journal = Journal.create(tmp_path / "take", HEADER)
    for number in range(6):
        journal.step(step(number))
    journal.note(rewind_note(2, ""))
    journal.step(step(10))
    journal.note(end_note())
    assert journal.close(10)
    assert [each["action"][0] for each in read_journal(journal.path).timeline.records()] == [0, 1, 10]
    assert len(offsets(journal.path)) == 11


def test_a_second_is_promised():
    assert journal_module.SYNC_SECONDS <= 0.5  # leaves the disk as much again


def test_a_journal_is_held_until_it_is_closed(tmp_path: Path):
    journal = Journal.create(tmp_path / "take", HEADER)
    wait_until(journal.path.exists)
    wait_until(lambda: is_held(journal.path))
    journal.close(10)
    assert not is_held(journal.path)


def test_steps_reach_the_file_at_once_and_are_durable_when_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal_module, "SYNC_SECONDS", 3600.0)
    journal = Journal.create(tmp_path / "take", HEADER)
    wait_until(journal.path.exists)
    wait_until(lambda: not journal._kept)  # the header is synced at once, the next things after an hour
    journal.step(step(0))
    wait_until(lambda: read_journal(journal.path).timeline.length == 1)
    assert journal.durable == 0
    journal.close(10)
    assert journal.durable == 1


def test_steps_become_durable_while_others_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal_module, "SYNC_SECONDS", 0.02)
    journal = Journal.create(tmp_path / "take", HEADER)
    seen = set[int]()

    def synced() -> bool:
        journal.step(step(0))
        seen.add(journal.durable)
        return len(seen) > 3

    wait_until(synced)
    journal.close(10)


@pytest.mark.parametrize("call", ["pwrite", "fdatasync", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_for_a_while_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
):
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.02)
    refusing, real = [True], getattr(os, call)

    def sometimes(*arguments: object) -> object:
        if refusing[0]:
            raise OSError(number, os.strerror(number))
        return real(*arguments)

    monkeypatch.setattr(os, call, sometimes)
    journal = Journal.create(tmp_path / "take", HEADER)
    for each in range(20):
        journal.step(step(each))
    wait_until(lambda: journal.trouble is not None)
    assert "in memory" in str(journal.trouble)
    assert ("full" in str(journal.trouble)) == (number == errno.ENOSPC)
    assert journal.durable == 0
    assert not journal.close(0.1)
    refusing[0] = False
    assert journal.close(10)
    assert journal.durable == 20
    contents = read_journal(journal.path)
    assert (contents.timeline.length, contents.lost_bytes) == (20, 0)


def test_a_write_that_is_cut_short_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.01)
    real, calls = os.pwrite, [0]

    def short(handle: int, data: bytes, offset: int) -> int:
        calls[0] += 1
        if calls[0] % 3 == 0:
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data[:100], offset)

    monkeypatch.setattr(os, "pwrite", short)
    assert read_journal(write(tmp_path / "take")).timeline.length == 10
    assert calls[0] > 10
