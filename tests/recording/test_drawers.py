"""Tests of the processes that draw: how they answer, and how they end."""

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from taking import FAKE_PROGRAM, SIZE, wait_until

from oft_demo.recording import drawers as drawers_module
from oft_demo.recording.drawers import Drawers, DrawersClosed, DrawersDied, DrawingProcess
from oft_demo.recording.drawing_process import answer

QUESTION = {"do": "fingerprint", "size": [1, 2]}


def process_of(drawers: Drawers) -> DrawingProcess:
    (process,) = drawers._running
    return process


def test_a_process_answers_again_and_again():
    drawers = Drawers(1, FAKE_PROGRAM)
    assert drawers.ask(QUESTION) == drawers.ask(QUESTION) == {"fingerprint": "fake [1, 2]"}
    process_of(drawers)  # one has done both
    drawers.close()


def test_processes_end_with_the_app(tmp_path: Path):
    drawers = Drawers(1, FAKE_PROGRAM)
    drawers.ask(QUESTION)
    running = process_of(drawers)._process
    assert running.stdin is not None
    running.stdin.close()  # which is what the end of the app looks like from there
    assert running.wait(30) == 0
    drawers.close()


def test_resting_processes_are_ended_and_others_come_when_asked():
    drawers = Drawers(1, FAKE_PROGRAM)
    drawers.ask(QUESTION)
    first = process_of(drawers)
    drawers.rest()
    assert first._process.poll() is not None
    assert drawers.ask(QUESTION)
    drawers.close()


def test_a_killed_process_is_replaced():
    drawers = Drawers(1, FAKE_PROGRAM)
    drawers.ask(QUESTION)
    os.kill(process_of(drawers)._process.pid, signal.SIGKILL)
    assert drawers.ask(QUESTION)
    drawers.close()


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drawers_module, "ANSWER_SECONDS", 0.05)
    drawers = Drawers(1, ("-c", "import time; time.sleep(60)"))
    with pytest.raises(DrawersDied, match="3 times"):
        drawers.ask(QUESTION)
    drawers.close()


def test_closing_ends_what_is_being_drawn():
    drawers = Drawers(1, ("-c", "import time; time.sleep(60)"))
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            drawers.ask(QUESTION)
        except DrawersClosed as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: bool(drawers._running))
    drawers.close()
    thread.join(30)
    assert len(ended) == 1
    with pytest.raises(DrawersClosed):
        drawers.ask(QUESTION)


def test_what_goes_wrong_in_a_process_comes_back_as_words(tmp_path: Path):
    np.save(tmp_path / "states.npy", np.zeros((2, 3)))
    question = {
        "do": "draw",
        "task": "no_such_task",
        "states": str(tmp_path / "states.npy"),
        "start": 0,
        "stop": 2,
        "cameras": ["cam_high"],
        "size": SIZE,
        "block": str(tmp_path / "0.block"),
        "key": "",
    }
    assert "no task named 'no_such_task'" in answer(question)["error"]
    assert "state" in answer({**question, "task": "put_x_into_pot"})["error"]
    assert answer({**question, "states": str(tmp_path / "nothing.npy")})["errno"] == 2
    assert "KeyError" in answer({"do": "draw"})["error"]
