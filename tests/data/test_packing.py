"""Tests of blocks of packed pictures: whole or not there."""

from pathlib import Path

import numpy as np
import pytest

from oft_demo.data.hdf5.packing import pack, read_block, write_block


@pytest.fixture
def frames() -> list[dict[str, bytes]]:
    random = np.random.default_rng(0)
    return [{camera: pack(random.integers(0, 9, (8, 6, 3), dtype=np.uint8)) for camera in ("a", "b")} for _ in range(4)]


def test_a_block_comes_back(tmp_path: Path, frames: list[dict[str, bytes]]):
    write_block(tmp_path / "0.block", "key", frames)
    assert read_block(tmp_path / "0.block", "key", 4) == frames


def test_a_block_of_something_else_is_none(tmp_path: Path, frames: list[dict[str, bytes]]):
    write_block(tmp_path / "0.block", "key", frames)
    assert read_block(tmp_path / "0.block", "other", 4) is None
    assert read_block(tmp_path / "0.block", "key", 3) is None
    assert read_block(tmp_path / "1.block", "key", 4) is None


def test_a_damaged_block_is_none(tmp_path: Path, frames: list[dict[str, bytes]]):
    path = tmp_path / "0.block"
    write_block(path, "key", frames)
    content = path.read_bytes()
    for place in range(0, len(content), 11):
        flipped = bytearray(content)
        flipped[place] ^= 4
        path.write_bytes(flipped)
        assert read_block(path, "key", 4) is None
        path.write_bytes(content[:place])
        assert read_block(path, "key", 4) is None
