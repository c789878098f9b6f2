"""Takes of an env without physics, and an acceptance whose pictures cost nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from taking import FAKE_PROGRAM, Folder, record_take

from oft_demo.recording.acceptance import Acceptance


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with takes/ and episodes/ in it, as the app has them."""
    return tmp_path


@pytest.fixture
def take(data: Path) -> str:
    """A finished take of 50 steps."""
    return record_take(data / "takes", 50)


@pytest.fixture
def accepting(data: Path) -> Iterator[Callable[..., Acceptance]]:
    """Starts an acceptance of the folder, as the app does."""
    started: list[Acceptance] = []

    def start(**arguments: object) -> Acceptance:
        arguments = {"program": FAKE_PROGRAM, **arguments}
        started.append(Acceptance(Folder(data / "episodes"), data / "takes", **arguments))
        return started[-1]

    yield start
    for acceptance in started:
        acceptance.close()
