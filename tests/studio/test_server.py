"""The server beside gradio: who may open the live channel and what files it gives away."""

import json

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from oft_demo.settings import Settings
from oft_demo.studio.board import Markup
from oft_demo.studio.scenes import scene_of
from oft_demo.studio.server import create_app, same_origin
from oft_demo.studio.studio import Studio

HOME = "http://127.0.0.1:7860"
CHANNEL = "ws://127.0.0.1:7860/studio/live"


@pytest.fixture
def studio(tmp_path, shelf, visitors, monkeypatch):
    studio = Studio(Settings(data=tmp_path))
    studio.shelf, studio.visitors = shelf, visitors
    monkeypatch.setattr(studio, "warm_up", lambda: None)
    return studio


@pytest.fixture
def client(studio):
    with TestClient(create_app(studio), base_url=HOME) as client:
        yield client


def test_the_page_opens(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "Tell the robot what to do" in page.text
    assert "/studio/web/studio.js" in page.text


def test_the_page_asks_nothing_of_other_hosts(client):
    text = client.get("/").text
    assert "fonts.googleapis.com" not in text
    assert "cdn" not in client.get("/studio/web/studio.js").text


def test_another_host_name_is_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_only_files_of_the_page_and_listed_episodes_are_served(client, tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    assert client.get("/studio/web/studio.css").status_code == 200
    assert client.get("/studio/web/missing.js").status_code == 404
    assert client.get("/studio/web/..%2F..%2Fapp.py").status_code == 404
    for name in ("secret.txt", "..%2Fapp.py", "%2Fetc%2Fpasswd", "labels.json"):
        assert client.get(f"/studio/episodes/{name}").status_code == 404


def test_a_ticket_opens_the_live_channel_of_its_visitor(client, visitors):
    visitor, other = visitors.get("one"), visitors.get("other")
    other.board.post("run-status", Markup("of the other"))
    visitor.board.post("run-status", Markup("mine"))
    with client.websocket_connect(CHANNEL, headers={"origin": HOME}) as channel:
        channel.send_text(json.dumps({"ticket": visitor.ticket, "narrow": True}))
        assert next(texts(channel)) == {"slot": "run-status", "html": "mine"}
    assert visitor.narrow


def texts(channel, patience=20):
    """The messages that are JSON; after so many signs of life without any, it is time to give up."""
    while patience:
        message = channel.receive()
        if message["type"] == "websocket.close":
            raise WebSocketDisconnect(message["code"])
        content = json.loads(message["text"]) if "text" in message else {}
        patience -= "beat" in content
        if "slot" in content:
            yield content


@pytest.fixture
def channel(client, visitors):
    """The live channel of a visitor whose page is open."""
    with client.websocket_connect(CHANNEL, headers={"origin": HOME}) as channel:
        channel.send_text(json.dumps({"ticket": visitors.get("one").ticket, "narrow": False}))
        yield channel


def until(channel, slot, text):
    return next(each for each in texts(channel) if each["slot"] == slot and text in json.dumps(each))


def test_a_page_that_opens_is_shown_a_scene_and_the_first_policy(channel):
    scene = until(channel, "run-scene", "")["data"]
    assert scene["task"] == "put_x_into_pot"
    assert "the card of quick" in until(channel, "run-card", "the card")["html"]


def test_commands_run_a_policy_and_tell_of_mistakes(channel):
    asked = {"do": "run", "policy": "quick", "task": "put_x_into_pot", "seed": "3"}
    channel.send_text(json.dumps({**asked, "instruction": " "}))
    until(channel, "run-status", "instruction is empty")
    channel.send_text(json.dumps({**asked, "instruction": "put the red pepper into the pot", "rows": "1"}))
    assert until(channel, "run-badge", "success")
    channel.send_text(json.dumps({"do": "pause"}))
    until(channel, "run-status", "Press Run first")


@pytest.mark.parametrize("text", ["not json", "[1]", '{"do": "fly"}', '{"do": ["run"]}', "[" * 9000])
def test_messages_that_make_no_sense_are_passed_over(channel, text):
    channel.send_text(text)
    channel.send_text(json.dumps({"do": "scene", "page": "nowhere"}))
    until(channel, "run-status", "no page")


def test_a_message_that_is_too_long_ends_the_connection(channel):
    channel.send_text("x" * 20_000)
    with pytest.raises(WebSocketDisconnect) as closed:
        list(texts(channel))
    assert closed.value.code == 1009


def test_the_scene_of_a_task_is_served_under_its_digest_only(client):
    url = scene_of("transfer_cube").url
    found = client.get(url)
    assert found.status_code == 200
    assert found.content[:4] == b"glTF"
    assert "immutable" in found.headers["cache-control"]
    for wrong in (url.replace(".glb", "0.glb"), "/studio/scenes/juggle-0.glb", "/studio/scenes/..%2Fapp.py"):
        assert client.get(wrong).status_code == 404


def test_who_finds_no_seat_is_told_so(client, visitors):
    for name in ("one", "other"):
        visitors.get(name).env("put_x_into_pot")
    third = visitors.get("third")
    with client.websocket_connect(CHANNEL, headers={"origin": HOME}) as channel:
        channel.send_text(json.dumps({"ticket": third.ticket, "narrow": False}))
        assert until(channel, "seats", "taken")["data"]["taken"] is True


@pytest.mark.parametrize("hello", ['{"ticket": "guess", "narrow": false}', "not json", "[]", '{"ticket": 3}'])
def test_without_a_valid_ticket_the_channel_is_closed(client, hello):
    with client.websocket_connect(CHANNEL, headers={"origin": HOME}) as channel:
        channel.send_text(hello)
        with pytest.raises(WebSocketDisconnect) as closed:
            channel.receive_text()
    assert closed.value.code == 4401


def test_a_page_of_another_origin_cannot_open_the_channel(client):
    foreign = {"origin": "http://evil.example"}
    with pytest.raises(WebSocketDisconnect):
        client.websocket_connect(CHANNEL, headers=foreign).__enter__()


def test_origin_and_host_must_agree():
    assert same_origin("http://127.0.0.1:7860", "127.0.0.1:7860")
    assert not same_origin("http://127.0.0.1:9999", "127.0.0.1:7860")
    assert not same_origin(None, "127.0.0.1:7860")
    assert not same_origin("null", "127.0.0.1:7860")
