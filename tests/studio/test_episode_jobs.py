"""Exports and imports from the Episodes tab, and who may send files."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from toy_episodes import studio_of

from oft_demo.data.exporting import ExportProgress, Finding, Report
from oft_demo.errors import InvalidEpisode
from oft_demo.studio import episode_jobs, episode_transfers
from oft_demo.studio.episode_commands import COMMANDS
from oft_demo.studio.episode_files import add_routes

HOME = "http://127.0.0.1:7860"
RED = np.full((24, 32, 3), (250, 10, 10), np.uint8)


@pytest.fixture
def studio(tmp_path, visitors):
    return studio_of(tmp_path / "data", visitors)


@pytest.fixture
def ada(visitors):
    return visitors.get("ada")


@pytest.fixture
def importing(monkeypatch):
    """What data/importing.py does, for files that say "good" or "bad"."""

    def inspect(path):
        if path.read_bytes() != b"good":
            raise InvalidEpisode(path, "no qpos", "an ALOHA episode")
        return SimpleNamespace(
            length=50,
            cameras=("top", "cam_high"),
            control_hz=50,
            has_states=False,
            compressed=False,
            sentence="A good one.",
        )

    def import_files(paths, catalog, *, swap_channels, instruction, by):
        for index, path in enumerate(paths):
            fine = path.is_file() and not index
            yield SimpleNamespace(path=path, name="episode_9" if fine else None, reason=None if fine else "it went bad")

    fake = SimpleNamespace(
        inspect=inspect, import_files=import_files, preview=lambda path, camera: (RED, RED[:, :, ::-1].copy())
    )
    monkeypatch.setattr(episode_transfers, "importing", fake)
    monkeypatch.setattr(episode_jobs, "importing", fake)


@pytest.fixture
def client(studio, importing):
    app = FastAPI()
    add_routes(app, studio)
    with TestClient(app, base_url=HOME) as client:
        yield client


def do(studio, visitor, name, /, **message):
    """What the page's dispatcher does with a command."""
    COMMANDS[f"episodes-{name}"].handle(studio, visitor, {"by": "Ada", **message})


def told(visitor, slot):
    """What a page was told last."""
    return json.loads(visitor.board.content(f"episodes-{slot}").json)


def send(client, visitor, name="episode_0.hdf5", data=b"good", **headers):
    """What the page does with a file."""
    given = {"origin": HOME, "X-Studio-Ticket": visitor.ticket, **headers}
    return client.post(f"/studio/import?name={name}", content=data, headers=given)


# ------------------------------------------------------------------------------------------------------------ imports


def test_a_good_file_waits_and_a_bad_one_is_refused_with_the_reason_and_removed(client, ada, studio, tmp_path):
    good, bad = send(client, ada), send(client, ada, data=b"bad")
    assert (good.status_code, good.json()["sentence"], good.json()["preview"]) == (200, "A good one.", True)
    assert "no qpos" in bad.json()["reason"]
    assert "token" not in bad.json()
    waiting = [path for path in (tmp_path / "data" / ".uploads").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in waiting] == [b"good"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"origin": "https://evil.example"}, 403), ({"origin": ""}, 403), ({"X-Studio-Ticket": "guessed"}, 401)],
)
def test_other_pages_cannot_send_files(client, ada, tmp_path, headers, status):
    assert send(client, ada, **headers).status_code == status
    assert not list((tmp_path / "data").rglob("*.hdf5.part"))
    assert not (tmp_path / "data" / ".uploads").exists()


def test_a_file_beyond_the_limit_is_refused_whatever_it_declares(client, ada, monkeypatch, tmp_path):
    monkeypatch.setattr(episode_transfers, "MAX_UPLOAD_BYTES", 3)
    answer = send(client, ada, data=iter([b"go", b"od"]))
    assert "larger" in answer.json()["reason"]
    assert not [path for path in (tmp_path / "data" / ".uploads").rglob("*") if path.is_file()]


def test_the_preview_shows_the_picture_both_ways(client, ada):
    token = send(client, ada).json()["token"]
    stored, swapped = (client.get(f"/studio/import/{token}/preview.jpg?swap={swap}").content for swap in (0, 1))
    assert stored != swapped
    assert client.get("/studio/import/guessed/preview.jpg").status_code == 404


def test_good_files_are_added_the_others_named_and_nothing_waits_afterwards(client, studio, ada):
    tokens = [send(client, ada, name=f"episode_{index}.hdf5").json()["token"] for index in range(2)]
    do(studio, ada, "import", tokens=tokens, swap=True, instruction="put the corn into the pot")
    news = told(ada, "import")
    assert news["state"] == "done"
    assert news["sentence"] == "1 episode added, 1 file left alone."
    assert [(each["name"], each["reason"]) for each in news["results"]] == [("episode_9", None), (None, "it went bad")]
    assert all(studio.desk.upload(token) is None for token in tokens)
    assert told(ada, "news")["names"] == ["episode_9"]


def test_nobody_adds_or_removes_what_another_sent(client, studio, ada, visitors):
    token = send(client, ada).json()["token"]
    other = visitors.get("other")
    do(studio, other, "import-forget", tokens=[token])
    do(studio, other, "import", tokens=[token])
    assert told(other, "import")["results"] == []
    assert studio.desk.upload(token) is not None
    do(studio, ada, "import-forget", tokens=[token])
    assert studio.desk.upload(token) is None


def test_words_that_are_no_instruction_add_nothing(client, studio, ada):
    token = send(client, ada).json()["token"]
    do(studio, ada, "import", tokens=[token], instruction="x" * 500)
    assert told(ada, "import")["state"] == "failed"
    assert told(ada, "import")["results"] == []


# ------------------------------------------------------------------------------------------------------------ exports


@pytest.fixture
def exporting(monkeypatch):
    """An exporter that notes what it was asked for."""
    asked = []

    def export(items, options):
        asked.append((tuple(items), options))
        try:
            for done in range(3):
                yield ExportProgress(done, 3, f"{done} of 3")
        except GeneratorExit:
            asked.append("closed")
            raise
        options.out.mkdir(parents=True)
        (options.out / "episode_0.hdf5").write_bytes(b"12345")
        yield ExportProgress(3, 3, "done", Report("act", "ACT 1", (Finding("warning", "episode_0", "is short"),)))

    fake = SimpleNamespace(exportables=lambda catalog, names, options: names, export=export)
    monkeypatch.setattr(episode_jobs, "exporting", fake)
    return asked


WANTED = {"format": "act", "hz": 50, "validation_share": 0.1, "seed": 3, "folder": "mine"}


def test_an_export_says_where_it_lies_and_what_the_check_found(studio, ada, exporting):
    do(studio, ada, "export", **WANTED, names=["episode_1"])
    news = told(ada, "export")
    assert (news["state"], news["where"], news["url"]) == ("done", "data/exports/mine/", "/studio/exports/mine.zip")
    assert news["bytes"] == 5
    assert news["report"]["ok"]
    assert news["report"]["findings"] == [{"level": "warning", "where": "episode_0", "sentence": "is short"}]
    names, options = exporting[0]
    assert names == ("episode_1",)
    assert (options.hz, options.seed, options.validation_share) == (50, 3, 0.1)


def test_all_that_a_search_finds_is_exported(studio, ada, exporting, monkeypatch):
    monkeypatch.setattr("oft_demo.studio.episode_choice.PAGE_OF_SEARCH", 1)
    do(studio, ada, "export", **WANTED, query={"success": "false", "order": "oldest"})
    assert exporting[0][0] == ("episode_0", "episode_1")


def test_an_export_that_is_stopped_keeps_nothing(studio, ada, exporting, monkeypatch):
    monkeypatch.setattr(ada, "touch", lambda: do(studio, ada, "export-stop"))
    do(studio, ada, "export", **WANTED, names=["episode_1"])
    assert told(ada, "export")["state"] == "stopped"
    assert exporting[-1] == "closed"
    assert studio.desk.finished("mine") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "zarr"},
        {"hz": 30},
        {"validation_share": 1},
        {"validation_share": "half"},
        {"seed": -1},
        {"folder": "../up"},
        {"names": None, "query": {"text": "nothing has these words"}},
    ],
)
def test_what_cannot_be_exported_is_said_and_nothing_is_written(studio, ada, exporting, wrong):
    do(studio, ada, "export", **{**WANTED, "names": ["episode_1"], **wrong})
    assert told(ada, "export")["state"] == "failed"
    assert exporting == []
    assert not Path(studio.desk.exports).exists()


def test_a_folder_that_is_there_is_not_written_over(studio, ada, exporting):
    do(studio, ada, "export", **WANTED, names=["episode_1"])
    do(studio, ada, "export", **WANTED, names=["episode_1"])
    assert told(ada, "export")["state"] == "failed"
    assert len(exporting) == 1
