"""Tests that a kill at any moment loses nothing that was acknowledged; `make faults` does it more often."""

from pathlib import Path

import pytest
from kills import Work, kill_at_call, kill_once


@pytest.mark.parametrize("work", ["record", "accept"])
def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, work: Work, round_number: int):
    kill_once(work, round_number, tmp_path)


@pytest.mark.parametrize("number", [12, 20, 22, 24, 26])
def test_a_kill_between_two_calls_loses_nothing_and_writes_nothing_twice(tmp_path: Path, number: int):
    kill_at_call(number, tmp_path)
