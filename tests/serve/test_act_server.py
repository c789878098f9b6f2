"""The server's `/act`, asked by HTTP as official clients do and as nobody should."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient
from wire_fakes import FakeServed, eventually, running

from oft_demo.serve import json_numpy
from oft_demo.serve.app import create_app
from oft_demo.serve.command import ServeOptions, main
from oft_demo.serve.desk import FAULT
from oft_demo.serve.gate import Access, TokenNeeded, UnusableToken
from oft_demo.serve.listening import CannotListen, listen
from oft_demo.serve.role import Limits
from oft_demo.types import Query

STATE = np.arange(14) / 10
PICTURE = np.zeros((20, 30, 3), np.uint8)


def question(**changes):
    keys = {"full_image": PICTURE, "left_wrist_image": PICTURE + 1, "right_wrist_image": PICTURE + 2}
    return {**keys, "state": STATE, "instruction": "put the corn into the pot", **changes}


def post(place, payload, **headers):
    body = payload if isinstance(payload, bytes) else json_numpy.dumps(payload).encode()
    return httpx.post(f"http://{place}/act", content=body, headers=headers, trust_env=False, timeout=20)


def test_a_flat_question_gets_a_list_of_rows(place, asked):
    reply = post(place, question())
    rows = json_numpy.loads(reply.text)
    assert reply.status_code == 200
    assert len(rows) == asked.chunk_length
    assert all(row.shape == (14,) and row.dtype.str == "<f8" for row in rows)
    assert np.array_equal(np.stack(rows), STATE + np.arange(5)[:, None])


def test_an_encoded_question_gets_a_string_of_json(place):
    said = json.loads(post(place, {"encoded": json_numpy.dumps(question())}).text)
    assert isinstance(said, str)
    assert np.array_equal(np.stack(json_numpy.loads(said)), STATE + np.arange(5)[:, None])


def test_pictures_keep_the_order_of_their_keys_and_other_keys_do_not_matter(place, asked):
    post(place, question(unnorm_key="of another robot", extra=3))
    post(place, {"zweiter_wrist": PICTURE + 5, "state": STATE, "a_wrist": PICTURE + 4, **question()})
    assert [image[0, 0, 0] for image in asked.queries[0].images] == [0, 1, 2]
    assert len(asked.queries) == 1  # four wrist pictures are two more than this policy has cameras


def test_a_policy_of_one_camera_does_not_look_at_wrist_pictures():
    served = FakeServed(cameras=("cam_high",))
    with running(served) as place:
        assert post(place, question(left_wrist_image="not even a picture")).json() != "error"
    assert len(served.queries[0].images) == 1


def test_the_policy_gets_raw_numbers_in_double_precision_and_the_words_as_they_are(place, asked):
    post(place, question(state=np.arange(14, dtype=np.int32), instruction="  Put the CORN "))
    assert asked.queries[0].state.dtype == np.float64
    assert asked.queries[0].instruction == "  Put the CORN "


def test_received_pictures_are_prepared_by_the_policy(place, asked, monkeypatch):
    monkeypatch.setattr(asked, "receive", lambda image: image[:16, :16])
    post(place, question())
    assert [image.shape for image in asked.queries[0].images] == [(16, 16, 3)] * 3


def array(dtype="|u1", shape=(20, 30, 3), data="AAAA"):
    return {"__numpy__": data, "dtype": dtype, "shape": list(shape)}


WRONG = {
    "no JSON": (b"\x80\x04pickle", "no JSON"),
    "nothing": (b"", "no JSON"),
    "a list": (b"[1]", "a list"),
    "encoded and more": ({"encoded": "{}", "state": 1}, "encoded"),
    "encoded twice": ({"encoded": json.dumps({"encoded": "{}"})}, "number of pictures"),
    "no picture": ({"state": STATE, "instruction": "go"}, "number of pictures"),
    "no full image": (question(full_image=None), "a picture is None"),
    "objects": (question(full_image=array("|O")), "dtype"),
    "too few bytes": (question(full_image=array()), "data"),
    "no base64": (question(full_image=array(shape=(1, 1, 3), data="!!!!")), "base64"),
    "floats": (question(full_image=PICTURE / 255), "float64 of shape"),
    "grey": (question(full_image=PICTURE[..., 0]), "shape [20, 30]"),
    "tiny": (question(full_image=PICTURE[:8]), "16 to 4096 pixels"),
    "huge": (question(full_image=np.zeros((1, 5000, 3), np.uint8)), "16 to 4096 pixels"),
    "no state": (question(state=None), "state is None"),
    "written out": (question(state=STATE.tolist()), "14 finite numbers"),
    "short state": (question(state=STATE[:13]), "shape [13]"),
    "endless state": (question(state=STATE + np.inf), "14 finite numbers"),
    "words as joints": (question(state=np.array([True] * 14)), "14 finite numbers"),
    "no instruction": (question(instruction=" "), "a sentence"),
    "number": (question(instruction=3), "a sentence"),
    "novel": (question(instruction="a" * 201), "201 characters"),
    "not finite": (question(instruction="nan"), "not finite"),
}


@pytest.mark.parametrize(("payload", "reason"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_answered_is_an_error_with_status_200_and_a_reason(place, payload, reason):
    reply = post(place, payload)
    assert reply.status_code == 200
    assert reply.text == '"error"'
    assert reason in reply.headers["x-error"]
    assert "Traceback" not in reply.headers["x-error"]
    assert "total;dur=" in reply.headers["server-timing"]
    assert post(place, question()).json() != "error"


def test_a_fault_of_the_policy_is_kept_from_the_client(place, caplog):
    reply = post(place, question(instruction="explode"))
    assert reply.text == '"error"'
    assert reply.headers["x-error"] == FAULT
    assert "secret" not in str(reply.headers)
    assert "secret path" in caplog.text  # the log has it all


def test_a_reason_in_other_letters_fits_into_a_header(place):
    payload = question(full_image=array("日本\r\nSet-Cookie: a=b"))
    reply = post(place, payload)
    assert "dtype" in reply.headers["x-error"]
    assert "set-cookie" not in reply.headers


def test_every_answer_says_where_the_time_went(place):
    parts = post(place, question()).headers["server-timing"].split(", ")
    assert [part.split(";dur=")[0] for part in parts] == ["prepare", "queue", "infer", "total"]
    assert all(float(part.split("=")[1]) >= 0 for part in parts)


def test_requests_that_arrive_while_one_is_planned_share_the_next_pass(served):
    with running(served, Limits(batch=3)) as place, ThreadPoolExecutor(5) as clients:
        served.shut()
        replies = [clients.submit(post, place, question())]
        assert served.busy.wait(10)
        replies += [clients.submit(post, place, question(state=STATE + number)) for number in range(1, 5)]
        eventually(lambda: served.planner.waiting == 4)
        served.open.set()
        answers = [json_numpy.loads(reply.result().text) for reply in replies]
    assert served.batches == [1, 3, 1]
    assert [round(rows[0][0]) for rows in answers] == [0, 1, 2, 3, 4]
    assert served.threads == {"planner"}


def test_a_bad_query_does_not_spoil_the_answers_of_its_batch(served):
    with running(served) as place, ThreadPoolExecutor(3) as clients:
        served.shut()
        first = clients.submit(post, place, question())
        assert served.busy.wait(10)
        others = [clients.submit(post, place, question(instruction=text)) for text in ("explode", "go")]
        eventually(lambda: served.planner.waiting == 2)
        served.open.set()
        assert [reply.result().json() == "error" for reply in (first, *others)] == [False, True, False]
    assert served.batches == [1, 2, 1, 1]


def test_who_comes_when_all_places_are_taken_is_told_so_at_once(served):
    with running(served, Limits(batch=1, waiting=1)) as place, ThreadPoolExecutor(2) as clients:
        served.shut()
        first = clients.submit(post, place, question())
        assert served.busy.wait(10)
        second = clients.submit(post, place, question())
        eventually(lambda: served.planner.waiting == 1)
        third = post(place, question())
        assert third.json() == "error"
        assert "busy" in third.headers["x-error"]
        served.open.set()
        assert first.result().json() != "error"
        assert second.result().json() != "error"
        assert post(place, question()).json() != "error"


def test_a_client_that_leaves_takes_its_question_out_of_the_queue(served):
    with running(served, Limits(batch=1, waiting=1)) as place, ThreadPoolExecutor(1) as clients:
        served.shut()
        first = clients.submit(post, place, question())
        assert served.busy.wait(10)
        body = json_numpy.dumps(question()).encode()
        with socket.create_connection(place.split(":")) as impatient:
            impatient.sendall(b"POST /act HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            eventually(lambda: served.planner.waiting == 1)
        eventually(lambda: served.planner.waiting == 0)
        served.open.set()
        assert first.result().json() != "error"
        assert post(place, question()).json() != "error"
    assert len(served.queries) == 2


def test_health_and_metadata_are_told_while_a_policy_thinks(served):
    with running(served) as place, ThreadPoolExecutor(1) as clients:
        served.shut()
        reply = clients.submit(post, place, question())
        assert served.busy.wait(10)
        health = httpx.get(f"http://{place}/healthz", trust_env=False)
        assert (health.status_code, health.text) == (200, "OK\n")
        told = httpx.get(f"http://{place}/metadata", trust_env=False).json()
        served.open.set()
        reply.result()
    assert told == {
        "name": "fake",
        "fingerprint": "f0",
        "cameras": ["cam_high", "cam_left_wrist", "cam_right_wrist"],
        "chunk_length": 5,
        "action_dim": 14,
        "proprio_dim": 14,
        "replan_after": 3,
        "image_size": 96,
        "film": True,
        "pictures": "area",
        "protocols": ["act", "openpi"],
        "about": {"Parameters": "2.3 M"},
    }


def test_a_body_that_is_too_large_is_refused_by_its_length_and_while_it_is_read(served):
    with running(served, Limits(body_bytes=1000)) as place:
        declared = post(place, b"x" * 1001)
        unbounded = httpx.post(f"http://{place}/act", content=iter([b"x" * 600] * 2), trust_env=False)
        fitting = post(place, b"x" * 1000)
    for reply in (declared, unbounded):
        assert reply.json() == "error"
        assert "at most 1000 are read" in reply.headers["x-error"]
    assert "no JSON" in fitting.headers["x-error"]


def test_a_body_that_does_not_come_is_not_waited_for(served):
    with running(served, Limits(body_seconds=0.1)) as place, socket.create_connection(place.split(":")) as slow:
        slow.sendall(b"POST /act HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\nx")
        assert b"was not sent within 0.1 s" in slow.recv(10_000)


def test_without_the_token_nothing_but_health_is_told():
    with running(FakeServed(), access=Access("secret")) as place:
        refused = [post(place, question(), Authorization=header) for header in ("", "Bearer wrong", "Basic secret")]
        refused.append(httpx.get(f"http://{place}/metadata", trust_env=False))
        accepted = [post(place, question(), Authorization=f"{scheme} secret") for scheme in ("Bearer", "Api-Key")]
        assert httpx.get(f"http://{place}/healthz", trust_env=False).text == "OK\n"
    assert [(reply.status_code, reply.json()) for reply in refused] == [(401, "error")] * 4
    assert "Authorization: Bearer" in refused[0].headers["x-error"]
    assert all(reply.json() != "error" for reply in accepted)


def test_pages_of_other_sites_and_names_that_only_point_here_are_refused(place):
    assert post(place, question(), Origin="http://evil.example").status_code == 403
    assert post(place, question(), Host="evil.example").status_code == 403
    assert post(place, question(), Host="localhost:99").status_code == 200


def test_a_server_that_others_reach_wants_a_token():
    for host in ("0.0.0.0", "::", "192.168.1.2", "robot.local", ""):
        with pytest.raises(TokenNeeded, match="--token"):
            Access.on(host, None)
        assert Access.on(host, "secret") == Access("secret", loopback=False)
    for host in ("127.0.0.1", "localhost", "::1"):
        assert Access.on(host, None) == Access(None, loopback=True)
    with pytest.raises(UnusableToken):
        Access.on("127.0.0.1", "two words")
    with pytest.raises(TokenNeeded):
        main(ServeOptions(host="0.0.0.0"))


def test_a_taken_port_is_an_error_with_advice(place):
    with pytest.raises(CannotListen, match="--port"):
        listen("127.0.0.1", int(place.split(":")[1]))


def test_a_rehearsal_is_over_before_the_first_client_is_heard(served):
    app = create_app(served, rehearsal=Query((PICTURE,) * 3, STATE, "warm up"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert served.batches == [1]
        assert client.get("/healthz").text == "OK\n"
    assert not app.state.desk.planner.alive
