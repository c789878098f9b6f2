"""A policy over the wire: the same answers, in time, or an error and a robot that holds still."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contracts import PolicyContract
from fakes import FakeEnv
from fastapi import FastAPI, Request, Response
from websockets.sync.server import serve as serve_websocket
from wire_fakes import FakeServed, running, serving

from oft_demo import rollout
from oft_demo.policy import MissingCamera, openvla_images
from oft_demo.serve import (
    InvalidAddress,
    InvalidAnswer,
    RefusedByServer,
    ServerChanged,
    ServerLost,
    StaleAnswer,
    UnsuitableServer,
    connect,
    json_numpy,
    wire,
)
from oft_demo.serve.gate import Access
from oft_demo.serve.introduction import padded
from oft_demo.serve.listening import listen
from oft_demo.serve.msgpack_numpy import packed, unpacked
from oft_demo.serve.role import Limits
from oft_demo.types import CAMERAS, Observation

RECORDED = Path(__file__).resolve().parents[1] / "cases" / "aloha_film" / "act_response.json"
BOTH = pytest.mark.parametrize("scheme", ["http", "ws"])
PATIENT = 60.0  # [s]; what is noticed long before is not noticed because of the age of the answer
GO = "put the corn into the pot"


class FakeEnvWithPictures(FakeEnv):
    def observe(self, cameras=CAMERAS):
        seen = super().observe(cameras)
        return replace(seen, images={camera: np.zeros((24, 32, 3), np.uint8) for camera in seen.images})


@pytest.fixture(params=["http", "ws"])
def remote(request, place):
    with connect(f"{request.param}://{place}") as remote:
        yield remote


class TestRemotePolicy(PolicyContract):
    @pytest.fixture
    def policy(self, remote):
        return remote


def test_the_served_policy_is_asked_what_the_robot_sees(remote, asked, observation):
    chunk = remote.act(observation, GO)
    (query,) = asked.queries
    assert np.array_equal(query.state, observation.joints.astype(np.float64))
    assert query.instruction == GO
    for camera, image in zip(CAMERAS, query.images, strict=True):
        assert np.array_equal(image, observation.images[camera])
    assert np.allclose(chunk.targets, observation.joints + np.arange(5)[:, None])
    assert chunk.dt == pytest.approx(0.04)


def test_it_is_known_by_what_the_server_says_of_it(remote):
    assert (remote.name, remote.fingerprint, remote.cameras) == ("fake", "f0", CAMERAS)
    assert (remote.chunk_length, remote.replan_after, remote.film) == (5, 3, True)


def test_the_latency_is_told_by_stage(remote, observation):
    latency_ms = remote.act(observation, GO).latency_ms
    assert latency_ms.keys() == {"images", "network", "server", "total"}
    assert min(latency_ms.values()) >= 0
    assert latency_ms["network"] + latency_ms["server"] + latency_ms["images"] <= latency_ms["total"]


@BOTH
def test_an_official_policy_gets_what_the_official_client_would_send(scheme, observation):
    served = FakeServed(pictures="openvla")
    with running(served) as place, connect(f"{scheme}://{place}") as remote:
        remote.act(observation, GO)
    expected = openvla_images.client_picture(observation.images["cam_high"], served.image_size)
    assert np.array_equal(served.queries[0].images[0], expected)


@BOTH
def test_a_camera_that_was_not_observed_is_missed(scheme, place):
    with connect(f"{scheme}://{place}") as remote, pytest.raises(MissingCamera):
        remote.act(Observation({}, np.zeros(14, np.float32)), GO)


@BOTH
def test_a_token_opens_the_door(scheme, observation):
    with running(FakeServed(), access=Access("secret")) as place:
        with connect(f"{scheme}://{place}", token="secret") as remote:
            remote.act(observation, GO)
        for wrong in (None, "wrong"):
            with pytest.raises(RefusedByServer, match="token is needed"):
                connect(f"{scheme}://{place}", token=wrong)


@BOTH
def test_a_refusal_is_told_with_its_reason_and_the_next_question_is_answered(scheme, place, observation):
    with connect(f"{scheme}://{place}") as remote:
        with pytest.raises(RefusedByServer, match="201 characters"):
            remote.act(observation, "a" * 201)
        with pytest.raises(RefusedByServer, match="internal error"):
            remote.act(observation, "explode")
        assert len(remote.act(observation, GO).targets) == 5


@BOTH
def test_a_busy_server_refuses(scheme, served, observation):
    with running(served, Limits(batch=1, waiting=0)) as place, ThreadPoolExecutor(1) as robots:
        one, other = (connect(f"{scheme}://{place}", answer_within=PATIENT) for _ in range(2))
        served.shut()
        asking = robots.submit(one.act, observation, GO)
        assert served.busy.wait(10)
        with other, pytest.raises(RefusedByServer, match="busy"):
            other.act(observation, GO)
        served.open.set()
        with one:
            assert len(asking.result().targets) == 5


@BOTH
def test_an_answer_that_is_late_is_never_given_nor_taken_for_a_later_one(scheme, served, observation):
    with running(served) as place, connect(f"{scheme}://{place}") as remote:
        remote.answer_within = 0.2
        served.shut()
        with pytest.raises(StaleAnswer, match=r"0\.2 s"):
            remote.act(observation, GO)
        remote.answer_within = PATIENT
        served.open.set()
        later = Observation(observation.images, observation.joints + 100)
        assert remote.act(later, GO).targets[0] == pytest.approx(later.joints)
    assert len(served.queries) == 2


@BOTH
def test_an_answer_whose_reading_took_too_long_is_late_too(scheme, place, observation, monkeypatch):
    with connect(f"{scheme}://{place}") as remote:
        check = remote._checked

        def slowly(reply):
            remote.answer_within = 1e-9
            return check(reply)

        monkeypatch.setattr(remote, "_checked", slowly)
        with pytest.raises(StaleAnswer):
            remote.act(observation, GO)


@BOTH
def test_a_server_that_thinks_for_long_is_not_taken_for_lost(scheme, served, observation):
    with running(served) as place, connect(f"{scheme}://{place}", answer_within=PATIENT) as remote:
        served.shut()
        threading.Timer(2 * wire.PROBE_INTERVAL + 0.1, served.open.set).start()
        assert len(remote.act(observation, GO).targets) == 5


def test_a_loss_is_noticed_within_two_seconds():
    assert wire.PROBE_INTERVAL + wire.PROBE_SECONDS + wire.CANCELLING_SECONDS < wire.LOST_WITHIN
    assert wire.CONNECT_SECONDS + wire.CANCELLING_SECONDS < wire.LOST_WITHIN


@BOTH
def test_nobody_there(scheme):
    with listen("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ServerLost, match="cannot be reached"):
        connect(f"{scheme}://127.0.0.1:{port}")


@BOTH
def test_a_host_that_does_not_answer(scheme):
    with socket.socket() as deaf, contextlib.ExitStack() as stack:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):  # the queue of the deaf one is full, so that the next call is not even put through
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        with pytest.raises(ServerLost, match=r"does not answer|not said anything"):
            connect(f"{scheme}://127.0.0.1:{deaf.getsockname()[1]}")


@BOTH
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_nothing_more_is_applied_once_a_server_dies_or_freezes_while_it_thinks(scheme, blow, start_process):
    process, place = start_process("think")
    env, steps = FakeEnvWithPictures(), []
    with connect(f"{scheme}://{place}", answer_within=PATIENT) as remote:
        threading.Timer(0.5, os.kill, (process.pid, blow)).start()
        with pytest.raises(ServerLost, match="holds still"):
            steps.extend(rollout.run(remote, env, GO))
    assert env.steps == 2 * remote.replan_after  # the rows of the first chunk, and no other
    assert env.drawn == [0, env.steps]


@BOTH
def test_after_a_loss_the_next_question_connects_again(scheme, served, observation):
    with running(served) as place:
        remote = connect(f"{scheme}://{place}")
        remote.act(observation, GO)
    with remote:
        with pytest.raises(ServerLost):
            remote.act(observation, GO)
        with running(served, port=int(place.split(":")[1])):
            assert len(remote.act(observation, GO).targets) == 5


@BOTH
def test_another_policy_at_the_same_address_does_not_take_over(scheme, served, observation):
    with running(served) as place:
        remote = connect(f"{scheme}://{place}")
    other = running(FakeServed(fingerprint="f1"), port=int(place.split(":")[1]))
    with remote, other, pytest.raises(ServerChanged, match="fake"):
        remote.act(observation, GO)


@BOTH
def test_nothing_more_is_applied_when_an_answer_is_late(scheme, served):
    env, rows = FakeEnvWithPictures(), []
    with running(served) as place, connect(f"{scheme}://{place}", answer_within=0.5) as remote:
        steps = rollout.run(remote, env, GO)
        rows.append(next(steps).row)
        served.shut()
        with pytest.raises(StaleAnswer):
            rows.extend(step.row for step in steps)
    assert rows == [0, 0, 1, 1, 2, 2]
    assert env.steps == 2 * remote.replan_after


@BOTH
def test_a_policy_of_another_robot_is_not_connected_to(scheme):
    with running(FakeServed(action_dim=7)) as place, pytest.raises(UnsuitableServer, match="7 actions"):
        connect(f"{scheme}://{place}")


@BOTH
def test_after_closing_nothing_is_asked(scheme, place, observation):
    remote = connect(f"{scheme}://{place}")
    remote.close()
    remote.close()
    with pytest.raises(ServerLost, match="closed here"):
        remote.act(observation, GO)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("aloha-mini", "begin with"),
        ("ftp://host", "begin with"),
        ("http://", "a host"),
        ("http://host:port", "port"),
        ("http://host:99999", "[Pp]ort"),
        ("http://me:secret@host", "token"),
        ("http://host/?token=1", "nothing else"),
    ],
)
def test_what_is_no_address_is_said_so(url, why):
    with pytest.raises(InvalidAddress, match=why) as error:
        connect(url)
    assert "secret" not in str(error.value)


def test_the_client_needs_neither_torch_nor_the_server():
    code = "import sys, oft_demo.serve; assert not {'torch', 'fastapi', 'uvicorn', 'mujoco'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Other servers


@contextlib.contextmanager
def official(answer, asked=None):
    """A server with nothing but /act, as vla-scripts/deploy.py has it; gives its URL."""
    app = FastAPI()

    @app.post("/act")
    def act(payload: dict) -> Response:
        if asked is not None:
            asked.append(json_numpy.loads(json.dumps(payload)))
        return Response(answer, media_type="application/json")

    with listen("127.0.0.1", 0) as free, serving(app, Limits(), free):
        yield f"http://127.0.0.1:{free.getsockname()[1]}"


def test_an_official_server_answers_as_recorded_and_gets_the_official_pictures(observation):
    asked = []
    with official(RECORDED.read_text(), asked) as url, connect(url + "/act") as remote:
        chunk = remote.act(observation, GO)
        assert (remote.chunk_length, remote.replan_after, remote.film, remote.cameras) == (25, 25, None, CAMERAS)
    expected = np.load(RECORDED.with_name("expected_fp32.npz"))["q2_actions"]
    assert np.allclose(chunk.targets, expected, atol=1e-3)
    assert list(asked[0]) == ["full_image", "left_wrist_image", "right_wrist_image", "state", "instruction"]
    for key, camera in zip(asked[0], CAMERAS, strict=False):
        assert np.array_equal(asked[0][key], openvla_images.client_picture(observation.images[camera]))
    assert asked[0]["state"].dtype == np.float64
    assert chunk.latency_ms["server"] > 0


ROWS = [np.zeros(14)] * 25
BAD_ANSWERS = {
    "too few rows": json_numpy.dumps(ROWS[1:]),
    "another robot": json_numpy.dumps([np.zeros(7)] * 25),
    "whole numbers": json_numpy.dumps([np.zeros(14, int)] * 25),
    "not finite": json_numpy.dumps([*ROWS[1:], np.full(14, np.nan)]),
    "too large": json_numpy.dumps([*ROWS[1:], np.full(14, 1e300)]),
    "no arrays": json.dumps([[0.0] * 14] * 25),
    "nothing": "[]",
    "null": "null",
    "no JSON": "<html>",
    "objects": json.dumps([{"__numpy__": "gASVAAAA", "dtype": "|O", "shape": [1]}] * 25),
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_an_answer_that_is_no_chunk_is_never_given(answer, observation):
    with official(answer) as url, connect(url) as remote, pytest.raises(InvalidAnswer):
        remote.act(observation, GO)


def test_an_official_error_has_no_reason(observation):
    with official('"error"') as url, connect(url) as remote, pytest.raises(RefusedByServer, match="look into its log"):
        remote.act(observation, GO)


@pytest.mark.parametrize("key", ["cameras", "chunk_length", "film", "name", "image_size", "protocols", "about"])
def test_metadata_that_make_no_sense_are_refused(key):
    app, metadata = FastAPI(), {"cameras": ["a"], "protocols": ["act"], "fingerprint": "", "name": "a", "film": True}
    sizes = {"chunk_length": 5, "action_dim": 14, "proprio_dim": 14, "replan_after": 5, "image_size": 96}

    @app.get("/metadata")
    def describe(request: Request) -> dict:
        return {**metadata, **sizes, "pictures": "area", key: -1}

    with listen("127.0.0.1", 0) as free, serving(app, Limits(), free), pytest.raises(InvalidAnswer, match=key):
        connect(f"http://127.0.0.1:{free.getsockname()[1]}")


@contextlib.contextmanager
def openpi(*answers, asked=None):
    """A server of openpi's protocol with metadata of its own; gives its URL."""

    def talk(channel):
        channel.send(packed({"reset_pose": [0.0]}))
        for answer, message in zip(answers, channel, strict=False):
            if asked is not None:
                asked.append(unpacked(message))
            channel.send(answer)

    with serve_websocket(talk, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_an_openpi_server_gets_padded_pictures_and_may_answer_with_any_number_of_rows(observation):
    asked = []
    answer = packed({"actions": np.ones((50, 14), np.float32), "server_timing": {"infer_ms": 0.01}})
    with openpi(answer, asked=asked) as url, connect(url) as remote:
        chunk = remote.act(observation, GO)
        assert (remote.chunk_length, remote.replan_after, remote.film) == (50, 10, None)
    assert chunk.targets.shape == (50, 14)
    assert chunk.dt == pytest.approx(0.02)
    assert chunk.latency_ms["server"] == pytest.approx(0.01)
    assert asked[0]["images"]["cam_high"].shape == (3, 224, 224)
    assert asked[0]["prompt"] == GO


def test_of_a_traceback_only_the_last_line_is_told(observation):
    server = openpi("Traceback (most recent call last):\n  File x\nKeyError: 'state'\n")
    with server as url, connect(url) as remote, pytest.raises(RefusedByServer, match="KeyError: 'state'") as error:
        remote.act(observation, GO)
    assert "Traceback" not in str(error.value)


@pytest.mark.parametrize(
    "answer", [b"\xc1", packed(3), packed({}), packed({"actions": [1.0]}), packed({"actions": np.zeros((5, 7))})]
)
def test_a_message_that_is_no_chunk_is_never_given(answer, observation):
    with openpi(answer) as url, connect(url) as remote, pytest.raises(InvalidAnswer):
        remote.act(observation, GO)


def test_a_padded_picture_keeps_its_proportions():
    square = padded(np.full((48, 64, 3), 200, np.uint8), 224)
    assert square.shape == (224, 224, 3)
    assert (square[28:196] == 200).all()
    assert not square[:28].any()
    assert not square[196:].any()
