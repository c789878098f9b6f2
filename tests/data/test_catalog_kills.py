"""Tests that a process may be killed in the middle of an edit."""

from pathlib import Path

import pytest
from catalog_kills import kill_often


def test_a_kill_leaves_every_change_whole(tmp_path: Path, request: pytest.FixtureRequest):
    kill_often(tmp_path, times=int(str(request.config.getoption("--rounds"))))
