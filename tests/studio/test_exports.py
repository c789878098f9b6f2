"""Downloads of runs: written beside what goes on, had by whoever asked for them, removed with the visitor."""

import json
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from oft_demo import rollout
from oft_demo.errors import OftDemoError, UnknownName
from oft_demo.run_record import RecordedChunk, RunRecord
from oft_demo.run_settings import RunSettings
from oft_demo.studio import exports
from oft_demo.studio.board import Board
from oft_demo.studio.downloads import Downloads, DownloadUnderWay
from oft_demo.take import Take

RED = "put the red pepper into the pot"


@pytest.fixture
def record(toy):
    """A run of the toy policy."""
    env = toy.Env("put_x_into_pot")
    env.reset(7)
    take, scores, chunks = Take(env, 7), [], []
    for step in rollout.run(toy.Policy("quick"), env, RED, max_steps=20):
        take.add(step)
        scores.append(step.score)
        if step.chunk is not None:
            chunks.append(RecordedChunk(step.index, step.chunk))
    settings = RunSettings("put_x_into_pot", 7, "http://host:1/../a policy", "", RED)
    return RunRecord(settings, take.episode(), tuple(scores), tuple(chunks), "stopped")


@pytest.fixture
def envs(toy, monkeypatch):
    """The simulations that were made to draw in."""
    made = []

    def make_env(task):
        env = toy.Env(task)
        env.display = lambda camera="display", size=(480, 640): np.full((*size, 3), 90, np.uint8)
        made.append(env)
        return env

    monkeypatch.setattr(exports, "make_env", make_env)
    return made


@pytest.fixture
def visitor():
    found = SimpleNamespace(board=Board(), downloads=Downloads(), last_run=None, last_pair=None, touch=lambda: None)
    yield found
    found.downloads.close()


@pytest.fixture
def studio(visitor):
    stranger = SimpleNamespace(downloads=Downloads())
    return SimpleNamespace(visitors=SimpleNamespace(everyone=lambda: [stranger, visitor]))


@pytest.fixture
def client(studio):
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=10)
    exports.add_routes(app, studio)
    return TestClient(app)


def told(visitor, page="run", slot="export"):
    return json.loads(visitor.board.content(f"{page}-{slot}").json)


def export(studio, visitor, what, page="run"):
    exports.export(studio, visitor, {"do": "export", "page": page, "what": what})
    return told(visitor, page)


@pytest.mark.parametrize("what", ["csv", "json", "mp4", "hdf5"])
def test_a_file_of_the_last_run_can_be_had_by_its_address(studio, visitor, client, record, envs, what):
    visitor.last_run = record
    ready = export(studio, visitor, what)
    assert ready["name"] == f"put_x_into_pot-seed7-http-host-1-..-a-policy.{what}"
    answer = client.get(ready["url"])
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{ready["name"]}"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-encoding"] == "identity"
    assert len(answer.content) == int(answer.headers["content-length"]) > 100
    assert all(env.closed for env in envs)


def test_a_pair_becomes_one_file(studio, visitor, client, record, envs):
    visitor.last_pair = (record, record)
    for what in ("mp4", "csv", "json"):
        ready = export(studio, visitor, what, "compare")
        assert "-against-" in ready["name"]
        assert client.get(ready["url"]).status_code == 200
    with pytest.raises(OftDemoError, match="MP4"):
        export(studio, visitor, "hdf5", "compare")


def test_without_a_run_there_is_nothing_to_download(studio, visitor):
    for page in ("run", "compare"):
        with pytest.raises(exports.NothingToExport):
            export(studio, visitor, "csv", page)


def test_a_command_is_checked_at_the_border(studio, visitor, record):
    visitor.last_run = record
    with pytest.raises(UnknownName, match="mp4"):
        export(studio, visitor, "../exe")
    with pytest.raises(UnknownName, match="compare"):
        export(studio, visitor, "csv", "listen")
    with pytest.raises(UnknownName):
        exports.export(studio, visitor, {})


def test_addresses_that_were_not_given_out_lead_nowhere(studio, visitor, client, record):
    visitor.last_run = record
    url = export(studio, visitor, "csv")["url"]
    *_, token, name = url.split("/")
    for wrong in (f"{token}/other.csv", f"{token}x/{name}", f"ü/{name}", f"%2e%2e/{name}"):
        assert client.get(f"/studio/downloads/{wrong}").status_code == 404
    visitor.downloads.close()
    assert client.get(url).status_code == 404


def slowly(gate):
    """A way to write that waits in the middle."""

    def written(path, records, what):
        path.parent.mkdir(parents=True)
        part = path.with_name(path.name + ".part")
        part.touch()
        try:
            yield 0.5
            gate.wait(10)
            yield 0.6
            part.rename(path)
            yield 1.0
        except GeneratorExit:
            part.unlink()
            raise

    return written


def begun(studio, visitor):
    """An export that waits in the middle."""
    thread = threading.Thread(target=exports.export, args=(studio, visitor, {"page": "run", "what": "mp4"}))
    thread.start()
    while not visitor.downloads.busy:
        assert thread.is_alive()
    return thread


def test_a_second_file_has_to_wait_for_the_first(studio, visitor, record, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(exports, "written", slowly(gate))
    visitor.last_run = record
    thread = begun(studio, visitor)
    assert told(visitor) == {"what": "mp4", "share": 0.0, "note": "Drawing the video"}
    with pytest.raises(DownloadUnderWay, match=r"a-policy\.mp4 is being written"):
        export(studio, visitor, "csv")
    assert told(visitor)["what"] == "csv"
    assert "is being written" in told(visitor)["error"]
    gate.set()
    thread.join(5)
    assert told(visitor)["name"].endswith(".mp4")
    assert visitor.downloads.find(*told(visitor)["url"].split("/")[-2:])


def test_a_file_that_is_stopped_is_not_made(studio, visitor, record, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(exports, "written", slowly(gate))
    visitor.last_run = record
    thread = begun(studio, visitor)
    exports.stop(studio, visitor, {"do": "export-stop"})
    gate.set()
    thread.join(5)
    assert told(visitor) == {"what": "mp4", "note": "Stopped; no file was made."}
    monkeypatch.undo()
    assert export(studio, visitor, "csv")["url"]


def test_leaving_ends_what_is_being_written_and_removes_everything(studio, visitor, record, monkeypatch):
    gate = threading.Event()
    visitor.last_run = record
    export(studio, visitor, "csv")
    kept = visitor.downloads.find(*told(visitor)["url"].split("/")[-2:])
    monkeypatch.setattr(exports, "written", slowly(gate))
    thread = begun(studio, visitor)
    threading.Timer(0.05, gate.set).start()
    visitor.downloads.close()
    thread.join(5)
    assert not kept.parent.parent.exists()


def test_an_error_is_told_to_the_page_and_to_the_status_line(studio, visitor, record, monkeypatch):
    visitor.last_run = record

    def failing(path, records, what):
        yield 0.1
        raise error

    monkeypatch.setattr(exports, "written", failing)
    error = UnknownName("task", "x", ())
    with pytest.raises(UnknownName):
        export(studio, visitor, "mp4")
    assert told(visitor)["error"] == str(error)
    error = ValueError("inside")
    with pytest.raises(ValueError, match="inside"):
        export(studio, visitor, "mp4")
    assert "log" in told(visitor)["error"]
    assert "inside" not in told(visitor)["error"]


def write(downloads, name, size):
    with downloads.writing(name) as writing:
        writing.download.path.parent.mkdir(parents=True)
        writing.download.path.write_bytes(b"x" * size)
    return writing.download


def test_the_oldest_files_make_room_for_new_ones():
    downloads = Downloads(max_files=2, max_bytes=100)
    first, second, third = (write(downloads, "a", size) for size in (10, 10, 10))
    assert downloads.find(first.token, "a") is None
    assert not first.path.parent.exists()
    assert downloads.find(second.token, "a")
    large = write(downloads, "a", 95)
    assert downloads.find(third.token, "a") is None
    assert downloads.find(large.token, "a")
    too_large = write(downloads, "a", 200)  # what was just asked for is not taken away
    assert downloads.find(too_large.token, "a")
    assert len(list(too_large.path.parent.parent.iterdir())) == 1
    downloads.close()


def test_no_folder_is_made_before_the_first_file():
    downloads = Downloads()
    downloads.close()
    with downloads.writing("a") as writing:
        assert downloads.find(writing.download.token, "a") is None
    assert downloads.find(writing.download.token, "a") is None
    downloads.close()
    assert not writing.download.path.parent.parent.exists()


def test_a_run_is_offered_with_the_link_that_repeats_it(visitor, record):
    exports.offer(visitor.board, "run", (record,))
    assert RunSettings.from_query(told(visitor, slot="link")["query"]) == record.settings
    exports.offer(visitor.board, "run", ())
    assert told(visitor, slot="link") is None
    exports.offer(visitor.board, "compare", (record, record))
    assert told(visitor, "compare", "link") == {"query": None}


def test_a_link_that_could_not_be_opened_is_not_offered(visitor, record):
    changes = tuple((step, f"put it {step}") for step in range(1, 100))
    settings = RunSettings("put_x_into_pot", 7, "aloha-mini", "", RED, changes)
    many = RunRecord(settings, record.episode, record.scores, record.chunks, "stopped")
    exports.offer(visitor.board, "run", (many,))
    assert told(visitor, slot="link") == {"query": None}
