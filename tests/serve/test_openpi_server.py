"""The server's websocket, spoken to as openpi's clients do and as nobody should."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from wire_fakes import FakeServed, eventually, running

from oft_demo.serve.desk import FAULT
from oft_demo.serve.gate import Access
from oft_demo.serve.msgpack_numpy import packed, unpacked
from oft_demo.serve.role import Limits
from oft_demo.types import CAMERAS

STATE = np.arange(14) / 10
PICTURE = np.zeros((20, 30, 3), np.uint8)


def question(**changes):
    images = {camera: PICTURE + index for index, camera in enumerate(CAMERAS)}
    return {"state": STATE, "images": images, "prompt": "put the corn into the pot", **changes}


@contextlib.contextmanager
def meeting(place, **headers):
    """A connection whose metadata frame was read."""
    with connect(f"ws://{place}", compression=None, additional_headers=headers, proxy=None) as socket:
        socket.metadata = unpacked(socket.recv(5))
        yield socket


def ask(socket, payload):
    socket.send(packed(payload))
    return unpacked(socket.recv(10))


def test_metadata_come_first_and_every_question_gets_a_chunk(place):
    with meeting(place) as socket:
        first, second = ask(socket, question()), ask(socket, question(state=STATE + 1))
    assert socket.metadata["name"] == "fake"
    assert socket.metadata["cameras"] == list(CAMERAS)
    assert np.array_equal(first["actions"], STATE + np.arange(5)[:, None])
    assert np.array_equal(second["actions"], first["actions"] + 1)
    assert first["server_timing"].keys() == {"prepare_ms", "queue_ms", "infer_ms", "total_ms"}
    assert second["server_timing"]["prev_total_ms"] >= first["server_timing"]["total_ms"]
    assert first["policy_timing"] == {"model_ms": 1.0, "total_ms": 2.0}


def test_pictures_are_found_by_name_with_channels_first_or_last(place, asked):
    images = {"cam_low": PICTURE[..., 0], **{camera: question()["images"][camera] for camera in reversed(CAMERAS)}}
    with meeting(place) as socket:
        ask(socket, question(images=images))
        ask(socket, question(images={camera: images[camera].transpose(2, 0, 1) for camera in CAMERAS}))
    for query in asked.queries:
        assert [image.shape for image in query.images] == [(20, 30, 3)] * 3
        assert [image[0, 0, 0] for image in query.images] == [0, 1, 2]


WRONG = {
    "text": ("hello", "a text frame"),
    "no msgpack": (b"\xc1", "no msgpack"),
    "a number": (packed(3), "a int"),
    "no pictures": (packed({"state": STATE, "prompt": "go"}), "images"),
    "a camera less": (packed(question(images={"cam_high": PICTURE})), "without cam_left_wrist"),
    "objects": (packed(question(state={b"__ndarray__": True, b"data": b"a", b"dtype": "|O", b"shape": [1]})), "dtype"),
    "floats": (packed(question(images=dict.fromkeys(CAMERAS, PICTURE / 255))), "float64"),
    "no prompt": (packed(question(prompt=None)), "a sentence"),
    "no state": (packed(question(state=[0.0] * 14)), "14 finite numbers"),
}


@pytest.mark.parametrize(("message", "reason"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_answered_gets_a_text_frame_and_the_conversation_goes_on(place, message, reason):
    with meeting(place) as socket:
        socket.send(message)
        said = socket.recv(5)
        assert isinstance(said, str)
        assert reason in said
        assert "Traceback" not in said
        assert ask(socket, question())["actions"].shape == (5, 14)


def test_a_fault_of_the_policy_is_kept_from_the_client_and_ends_the_conversation(place):
    with meeting(place) as socket:
        socket.send(packed(question(prompt="explode")))
        assert socket.recv(5) == FAULT
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
    assert closed.value.rcvd.code == 1011
    with meeting(place) as socket:
        assert ask(socket, question())["actions"].shape == (5, 14)


def test_a_frame_that_is_too_large_is_not_read(served):
    with running(served, Limits(body_bytes=1000)) as place, meeting(place) as socket:
        socket.send(b"x" * 1001)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
    assert closed.value.rcvd.code == 1009


def test_questions_of_several_clients_share_a_pass_and_health_is_told_meanwhile(served):
    with running(served) as place, ThreadPoolExecutor(3) as clients, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(meeting(place)) for _ in range(3)]
        served.shut()
        replies = [clients.submit(ask, sockets[0], question())]
        assert served.busy.wait(10)
        replies += [clients.submit(ask, socket, question()) for socket in sockets[1:]]
        eventually(lambda: served.planner.waiting == 2)
        assert httpx.get(f"http://{place}/healthz", trust_env=False).text == "OK\n"
        served.open.set()
        assert all(reply.result()["actions"].shape == (5, 14) for reply in replies)
    assert served.batches == [1, 2]


def test_who_finds_all_places_taken_is_told_so_and_may_ask_again(served):
    with running(served, Limits(batch=1, waiting=0)) as place, meeting(place) as first, meeting(place) as second:
        served.shut()
        first.send(packed(question()))
        assert served.busy.wait(10)
        second.send(packed(question()))
        assert "busy" in second.recv(5)
        served.open.set()
        assert unpacked(first.recv(5))["actions"].shape == (5, 14)
        assert ask(second, question())["actions"].shape == (5, 14)


def test_a_client_that_leaves_takes_its_question_out_of_the_queue(served):
    with running(served, Limits(batch=1)) as place, meeting(place) as first:
        served.shut()
        first.send(packed(question()))
        assert served.busy.wait(10)
        with meeting(place) as second:
            second.send(packed(question()))
            eventually(lambda: served.planner.waiting == 1)
        eventually(lambda: served.planner.waiting == 0)
        served.open.set()
        assert unpacked(first.recv(5))["actions"].shape == (5, 14)
    assert len(served.queries) == 1


def test_questions_sent_ahead_are_answered_in_turn(place):
    with meeting(place) as socket:
        for number in range(4):
            socket.send(packed(question(state=STATE + number)))
        assert [round(unpacked(socket.recv(5))["actions"][0, 0]) for _ in range(4)] == [0, 1, 2, 3]


def test_without_the_token_nobody_gets_in():
    with running(FakeServed(), access=Access("secret")) as place:
        for headers in ({}, {"Authorization": "Api-Key wrong"}):
            with pytest.raises(InvalidStatus) as refused, meeting(place, **headers):
                pass
            assert refused.value.response.status_code == 401
        with meeting(place, Authorization="Api-Key secret") as socket:
            assert ask(socket, question())["actions"].shape == (5, 14)


def test_a_page_of_another_site_cannot_open_the_channel(place):
    with pytest.raises(InvalidStatus) as refused, meeting(place, Origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403
