"""Servers on loopback, in this process or in one that can be killed."""

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from wire_fakes import FakeServed, running

from oft_demo.types import CAMERAS, Observation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def served():
    """A policy for a server of a test's own."""
    return FakeServed()


@pytest.fixture(scope="module")
def lasting():
    """A policy and the host and port of its server, which many tests ask since none changes it."""
    policy = FakeServed()
    with running(policy) as place:
        yield policy, place


@pytest.fixture
def place(lasting):
    """Host and port of a server."""
    return lasting[1]


@pytest.fixture
def asked(lasting):
    """The policy that is served at `place`, asked nothing so far."""
    lasting[0].queries.clear()
    return lasting[0]


@pytest.fixture
def observation():
    generator = np.random.default_rng(3)
    images = {camera: generator.integers(0, 256, (48, 64, 3), np.uint8) for camera in CAMERAS}
    return Observation(images, generator.normal(size=14).astype(np.float32))


@pytest.fixture
def start_process():
    """Start a server in a process of its own; gives the process and its host and port."""
    with contextlib.ExitStack() as stack:

        def start(*arguments):
            command = [sys.executable, str(Path(__file__).with_name("wire_fakes.py")), *arguments]
            process = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
            )
            stack.callback(process.kill)
            return process, f"127.0.0.1:{int(process.stdout.readline())}"

        yield start
