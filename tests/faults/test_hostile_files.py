"""Tests that damaged and hostile files are refused with a reason, soon and without much memory."""

from pathlib import Path

import pytest
from data.hostile import ROUNDS, check_all, numbers_of


def test_hostile_files_are_refused_with_a_reason(round_number: int, tmp_path: Path):
    if round_number >= ROUNDS:
        pytest.skip("every file was given already")
    outcomes = check_all(numbers_of(round_number), tmp_path)
    assert [outcome for outcome in outcomes if not outcome.fine] == []
