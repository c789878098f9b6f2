"""The server beside gradio: who may open the live channel and what files it gives away."""

import json

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from oft_demo.settings import Settings
from oft_demo.studio.board import Markup
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
    for name in ("secret.txt", "..%2Fapp.py", "%2Fetc%2Fpasswd", "labels.json"):
        assert client.get(f"/studio/episodes/{name}").status_code == 404


def test_a_ticket_opens_the_live_channel_of_its_visitor(client, visitors):
    visitor, other = visitors.get("one"), visitors.get("other")
    other.board.post("run-status", Markup("of the other"))
    visitor.board.post("run-status", Markup("mine"))
    with client.websocket_connect(CHANNEL, headers={"origin": HOME}) as channel:
        channel.send_text(json.dumps({"ticket": visitor.ticket, "narrow": True}))
        first = json.loads(channel.receive_text())
        assert first == {"slot": "run-status", "html": "mine"}
        figures = [json.loads(channel.receive_text())["slot"] for _ in range(3)]
        assert figures == ["run-plot", "compare-plot", "record-plot"]
    assert visitor.narrow


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
