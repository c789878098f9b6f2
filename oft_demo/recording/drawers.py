"""Processes that draw pictures, which give way to everything else on the machine."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeAlias

from oft_demo.errors import OftDemoError
from oft_demo.workers import ONE_THREAD

ATTEMPTS = 3  # at one question, before processes that die of it are believed
ANSWER_SECONDS = 180.0  # longer than that and a process hangs
PROGRAM = ("-m", "oft_demo.recording.drawing_process")
PACKAGE_ROOT = Path(__file__).resolve().parents[2]

Question: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = dict[str, Any]


class DrawersClosed(OftDemoError):
    """The app ends while pictures are drawn; that goes on at its next start."""

    def __init__(self) -> None:
        super().__init__("Drawing was interrupted because the app ends. It goes on at the next start.")


class DrawersDied(OftDemoError):
    """Processes that draw end before they answer."""

    def __init__(self) -> None:
        super().__init__(
            f"Drawing failed: the process that draws ended {ATTEMPTS} times without an answer, often for want of "
            "memory. The take is kept as it was recorded; free some memory and try again."
        )


class ProcessDied(Exception):
    """One process has ended."""


class DrawingProcess:
    """One process; one thread at a time may ask it."""

    def __init__(self, program: Sequence[str] = PROGRAM):
        paths = os.pathsep.join(filter(None, (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is for the app, which then ends its processes
            text=True,
        )

    def ask(self, question: Question) -> Answer:
        """Wait for the answer; raises ProcessDied."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        patience = threading.Timer(ANSWER_SECONDS, self._process.kill)
        patience.start()
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:  # a pipe without a reader, and an end in the middle of a line
            raise ProcessDied from error
        finally:
            patience.cancel()

    def end(self) -> None:
        """End it at once, whatever it does; what it writes appears whole or not at all."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                continue  # something was still to be sent


class Drawers:
    """Some processes, started when they are needed; any thread may ask."""

    def __init__(self, workers: int, program: Sequence[str] = PROGRAM):
        self.workers = workers
        self._program = program
        self._lock = threading.Lock()
        self._running = set[DrawingProcess]()
        self._idle: queue.LifoQueue[DrawingProcess | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._closed = False

    def ask(self, question: Question) -> Answer:
        """One answer, from another process where one dies of it; raises DrawersDied and DrawersClosed."""
        for _ in range(ATTEMPTS):
            process = self._idle.get()
            try:
                process = process or self._start()
                return process.ask(question)
            except ProcessDied:
                if process is not None:
                    self._end(process)
                process = None
            finally:
                self._idle.put(process)
        raise DrawersClosed() if self._closed else DrawersDied()

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, Answer]]:
        """All of them, as they come."""
        with ThreadPoolExecutor(self.workers, thread_name_prefix="drawing") as threads:
            asked = {threads.submit(self.ask, question): question for question in questions}
            try:
                for answer in as_completed(asked):
                    yield asked[answer], answer.result()
            finally:
                for answer in asked:
                    answer.cancel()

    def rest(self) -> None:
        """End the processes that do nothing; others are started when they are needed."""
        resting = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        for process in resting:
            if process is not None:
                self._end(process)
            self._idle.put(None)

    def close(self) -> None:
        """End all processes for good, and what they are doing."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            self._end(process)

    def _start(self) -> DrawingProcess:
        with self._lock:
            if self._closed:
                raise DrawersClosed()
            process = DrawingProcess(self._program)
            self._running.add(process)
            return process

    def _end(self, process: DrawingProcess) -> None:
        process.end()
        with self._lock:
            self._running.discard(process)
