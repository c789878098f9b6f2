"""What the Episodes tab loads over HTTP."""

import itertools
import struct

import cv2
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from toy_episodes import LENGTH, studio_of

from oft_demo.sim import make_env
from oft_demo.studio.episode_files import add_routes, fitted, packed
from oft_demo.studio.screen import jpeg

HOME = "http://127.0.0.1:7860"


@pytest.fixture
def studio(tmp_path, visitors):
    return studio_of(tmp_path / "data", visitors)


@pytest.fixture
def client(studio):
    app = FastAPI()
    add_routes(app, studio)
    with TestClient(app, base_url=HOME) as client:
        yield client


def unpacked(data):
    """The pictures of a block."""
    (count,) = struct.unpack_from("<I", data)
    lengths = struct.unpack_from(f"<{count}I", data, 4)
    ends = np.cumsum([4 + 4 * count, *lengths])
    return [cv2.imdecode(np.frombuffer(data[a:b], np.uint8), 0) for a, b in itertools.pairwise(ends)]


def test_a_search_gives_entries_and_how_many_there_are(client):
    found = client.get("/studio/catalog/search?limit=1&order=oldest").json()
    assert found["total"] == 2
    assert [entry["name"] for entry in found["entries"]] == ["episode_0"]
    assert found["entries"][0]["length"] == LENGTH


def test_a_search_that_makes_no_sense_is_answered_with_a_sentence(client):
    answer = client.get("/studio/catalog/search?order=random")
    assert answer.status_code == 422
    assert "newest" in answer.json()["detail"]


def test_totals_count_and_say_what_can_be_chosen(client, studio):
    studio.catalog.annotate(("episode_0",), {"tags": ("clean",)}, "me", None)
    totals = client.get("/studio/catalog/totals").json()
    assert totals["episodes"] == 2
    assert totals["hours"] == pytest.approx(2 * LENGTH / 50 / 3600)
    assert totals["choices"]["tag"] == ["clean"]
    assert np.shape(totals["limits"]) == (14, 2)
    assert np.shape(totals["joint_low"]) == (14,)


def test_the_history_names_who_changed_what(client, studio):
    studio.catalog.annotate(("episode_1",), {"quality": 4}, "Ada", None)
    change = client.get("/studio/catalog/history?name=episode_1").json()["changes"][0]
    assert (change["by"], change["names"], change["undone"]) == ("Ada", ["episode_1"], False)
    assert client.get("/studio/catalog/history?name=episode_0").json()["changes"] == []


def test_a_block_holds_every_second_picture_of_a_second(client):
    pictures = unpacked(client.get("/studio/episodes/episode_0/frames/cam_high/0.bin").content)
    assert len(pictures) == 25
    assert [round(picture.mean()) for picture in pictures[:4]] == pytest.approx([0, 2, 4, 6], abs=1)


def test_the_last_block_ends_with_the_episode(client):
    pictures = unpacked(client.get("/studio/episodes/episode_0/frames/cam_left_wrist/1.bin").content)
    assert [round(picture.mean()) for picture in pictures] == pytest.approx([50, 52, 54, 56, 58], abs=1)


def test_one_picture_is_a_jpeg_that_a_browser_may_keep(client):
    answer = client.get("/studio/episodes/episode_0/frame/cam_high/40.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), 0).mean() == pytest.approx(40, abs=1)


@pytest.mark.parametrize(
    "path",
    [
        "frame/cam_high/999.jpg",
        "frame/cam_low/0.jpg",
        "frames/..%2Fstates/0.bin",
    ],
)
def test_pictures_that_are_not_there_are_not_found(client, path):
    assert client.get(f"/studio/episodes/episode_0/{path}").status_code in (404, 422)


@pytest.mark.parametrize("name", ["..%2Fsecret", "%2Fetc%2Fpasswd", "missing", "episode_0.hdf5"])
@pytest.mark.parametrize("what", ["", "/entry", "/series", "/poses", "/ending", "/frame/cam_high/0.jpg"])
def test_only_listed_episodes_are_known(client, name, what):
    assert client.get(f"/studio/episodes/{name}{what}").status_code == 404


def test_poses_are_those_of_the_recorded_states(client, studio):
    poses = np.frombuffer(client.get("/studio/episodes/episode_0/poses").content, "<f4")
    series = client.get("/studio/episodes/episode_0/series").json()
    frames = poses.reshape(-1, len(series["scene"]["bodies"]), 7)
    assert len(frames) == len(series["qpos"][0]) == LENGTH // 2
    episode = studio.catalog.read("episode_0", images=False)
    env = make_env(episode.task)
    env.restore(episode.states[2 * 29])
    np.testing.assert_allclose(frames[29], env.poses(), atol=1e-5)
    env.close()


def test_a_trimmed_episode_is_shown_from_where_it_begins_now(client, studio):
    before = client.get("/studio/episodes/episode_0/entry").json()
    studio.catalog.trim("episode_0", 20, 40, "me")
    entry = client.get("/studio/episodes/episode_0/entry").json()
    assert entry["length"] == 20
    assert entry["content"] != before["content"]
    first = unpacked(client.get("/studio/episodes/episode_0/frames/cam_high/0.bin").content)
    assert [round(picture.mean()) for picture in first] == pytest.approx(list(range(20, 40, 2)), abs=1)
    assert client.get("/studio/episodes/episode_0/series").json()["length"] == 20


def test_the_ending_suggests_nothing_where_nothing_was_done(client):
    ending = client.get("/studio/episodes/episode_0/ending").json()
    assert dict(ending["places"])["yellow corn"].startswith("on the table")
    assert (ending["success"], ending["fulfilled"]) == (False, [])


def test_the_file_can_be_had_as_it_is(client, studio):
    answer = client.get("/studio/episodes/episode_0")
    assert answer.content == studio.catalog.path_of("episode_0").read_bytes()


def test_pictures_are_made_smaller_and_never_larger():
    picture = np.zeros((480, 640, 3), np.uint8)
    assert fitted(picture, 320).shape == (240, 320, 3)
    assert fitted(picture, 5000).shape == (480, 640, 3)
    assert fitted(picture[:24, :32], 320).shape == (24, 32, 3)


def test_packed_pictures_can_be_told_apart():
    pictures = [jpeg(np.full((8, 8, 3), value, np.uint8)) for value in (10, 200)]
    assert [round(picture.mean()) for picture in unpacked(packed(pictures))] == pytest.approx([10, 200], abs=2)
