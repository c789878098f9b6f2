"""The official server's recorded answers, given again by ours over real HTTP."""

import json
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn

from oft_demo.parity import load_case, read_case
from oft_demo.serve import json_numpy
from oft_demo.serve.app import create_app

CASE = Path(__file__).parents[1] / "cases" / "aloha_film"


@pytest.fixture(scope="module")
def case():
    return read_case(CASE)


@pytest.fixture(scope="module")
def url(case):
    server = uvicorn.Server(uvicorn.Config(create_app(load_case(case)), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def body(case):
    """The last query, as the official client sends it."""
    query = case.queries[-1]
    pictures = {name.removeprefix("payload_"): case.recorded(query, name) for name in case.payload_names(query)}
    state = case.expected[query.prefix + "state_raw"]
    return json_numpy.dumps({**pictures, "state": state, "instruction": query.instruction})


def recorded(name):
    return json_numpy.loads((CASE / name).read_text())


def assert_same(found, expected):
    assert len(found) == len(expected) == 25
    for row, other in zip(found, expected, strict=True):
        assert (row.dtype.str, row.shape) == (other.dtype.str, other.shape) == ("<f8", (14,))
        np.testing.assert_allclose(row, other, atol=5e-5)


def test_the_plain_body_gets_the_recorded_answer(url, body):
    answer = httpx.post(f"{url}/act", content=body, timeout=60)
    assert answer.status_code == 200
    assert_same(json_numpy.loads(answer.text), recorded("act_response.json"))


def test_the_encoded_body_gets_the_recorded_answer_as_text(url, body):
    answer = httpx.post(f"{url}/act", content=json.dumps({"encoded": body}), timeout=60)
    text = answer.json()
    assert isinstance(text, str)
    assert_same(json_numpy.loads(text), json_numpy.loads(json.loads((CASE / "act_response_encoded.json").read_text())))


def test_asking_twice_does_not_change_the_answer(url, body):
    first, second = (httpx.post(f"{url}/act", content=body, timeout=60).text for _ in range(2))
    assert first == second
