"""`python -m oft_demo serve`, started from a shell and asked by both protocols."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oft_demo import policy
from oft_demo.serve import RefusedByServer, connect
from oft_demo.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def urls():
    """The addresses that the server says it can be reached at."""
    command = [sys.executable, "-m", "oft_demo", "serve", "--policy", "aloha-mini", "--port", "0"]
    environment = {**os.environ, "OFT_DEMO_TOKEN": "secret"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        words = process.stdout.readline().split()
        yield [word for word in words if "://" in word]
        process.terminate()


@pytest.fixture(scope="module")
def local():
    return policy.load(Settings.policies / "aloha-mini")


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_served_policy_acts_as_it_does_here(urls, local, observation, protocol):
    with connect(urls[protocol], token="secret", answer_within=30) as remote:
        chunk = remote.act(observation, "put the yellow corn into the pot")
        assert (remote.name, remote.fingerprint, remote.cameras) == (local.name, local.fingerprint, local.cameras)
        assert (remote.chunk_length, remote.replan_after) == (local.chunk_length, local.replan_after)
    expected = local.act(observation, "put the yellow corn into the pot")
    assert np.allclose(chunk.targets, expected.targets, atol=1e-5)
    assert chunk.dt == expected.dt


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_token_of_the_environment_is_needed(urls, protocol):
    with pytest.raises(RefusedByServer, match="token"):
        connect(urls[protocol])
