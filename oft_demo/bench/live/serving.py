"""The app in a process of its own, whose processor time and memory can be told from those of its visitors."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS = 60.0
QUIET_SECONDS = 0.5
TICK = os.sysconf("SC_CLK_TCK")  # of processor time, a second


@dataclass(frozen=True)
class Served:
    """A running app, and the tickets of visitors who are expected."""

    process: subprocess.Popen[str]
    port: int
    tickets: tuple[str, ...]

    @property
    def origin(self) -> str:
        """What a browser would send as its origin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def channel(self) -> str:
        """The address of the live channel."""
        return f"ws://127.0.0.1:{self.port}/studio/live"

    @property
    def processor_seconds(self) -> float:
        """Processor time that it took so far [s]."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def megabytes(self) -> float:
        """Memory that it holds [MB]."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
        return int(resident) * 1024 / 1e6


@contextmanager
def served(visitors: int, policy: str) -> Iterator[Served]:
    """The app, ready to be visited by so many."""
    port = _free_port()
    command = [sys.executable, "-m", "oft_demo.bench.live.server", str(port), str(visitors), policy]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        tickets = tuple(json.loads(process.stdout.readline()))
        app = Served(process, port, tickets)
        _wait_for(app)
        _settle(app)
        yield app
    finally:
        process.terminate()
        process.wait(30)


def _settle(app: Served) -> None:
    """Wait until what the app prepares at its start is done."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        before = app.processor_seconds
        time.sleep(QUIET_SECONDS)
        if app.processor_seconds - before < 0.1 * QUIET_SECONDS:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(app: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"{app.origin}/studio/web/studio.css", timeout=2.0).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline or app.process.poll() is not None:
                raise
            time.sleep(0.2)
