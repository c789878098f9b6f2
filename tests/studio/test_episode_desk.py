"""Uploads that wait, exports that are made, and that no name leads out of their folders."""

import io
import zipfile

import pytest

from oft_demo.errors import OftDemoError
from oft_demo.studio.episode_desk import Desk
from oft_demo.studio.episode_zip import zip_of


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.mark.parametrize("name", ["../../etc/passwd.hdf5", "a\\b\\c.hdf5", "/tmp/x.hdf5"])
def test_of_an_uploaded_path_only_the_name_is_kept(desk, name, tmp_path):
    upload = desk.place(name, "me")
    assert upload.path.resolve().is_relative_to(tmp_path)
    assert upload.path.name == name.replace("\\", "/").rpartition("/")[2]


@pytest.mark.parametrize("name", ["notes.txt", "", ".hdf5", ".hidden.hdf5", "x" * 300 + ".hdf5", "a\0.hdf5"])
def test_other_names_are_refused(desk, name):
    with pytest.raises(OftDemoError, match="HDF5"):
        desk.place(name, "me")


def test_an_upload_is_found_by_its_token_until_it_is_forgotten(desk):
    upload = desk.place("episode_0.hdf5", "me")
    upload.path.write_bytes(b"1")
    assert desk.upload(upload.token) == upload
    desk.forget(upload)
    assert desk.upload(upload.token) is None
    assert not upload.path.exists()


def test_uploads_of_an_earlier_run_are_removed(tmp_path):
    left = Desk(tmp_path).place("episode_0.hdf5", "me")
    left.path.write_bytes(b"1")
    Desk(tmp_path)
    assert not left.path.exists()


def test_a_visitor_makes_one_export_at_a_time_and_can_stop_it(desk):
    with desk.exporting("me") as stopping:
        with pytest.raises(OftDemoError, match="being made"), desk.exporting("me"):
            pass
        with desk.exporting("another"):
            pass
        desk.stop_export("me")
        assert stopping.is_set()
    with desk.exporting("me") as stopping:
        assert not stopping.is_set()


@pytest.mark.parametrize("name", ["..", ".", "", "act/../..", ".hidden", "half.part", "missing"])
def test_only_finished_exports_are_given_out(desk, name):
    (desk.exports / "act").mkdir(parents=True)
    (desk.exports / "half.part").mkdir()
    (desk.exports / ".hidden").mkdir()
    assert desk.finished("act") == desk.exports / "act"
    assert desk.finished(name) is None


def test_a_link_out_of_the_folder_is_no_export(desk, tmp_path):
    desk.exports.mkdir()
    (desk.exports / "away").symlink_to(tmp_path)
    assert desk.finished("away") is None


def test_an_export_as_zip_holds_every_file_and_no_links(desk, tmp_path):
    folder = desk.exports / "act"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "episode_0.hdf5").write_bytes(b"x" * 3_000_000)
    (folder / "manifest.jsonl").write_text("{}\n")
    (folder / "away").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("secret")
    pieces = list(zip_of(folder))
    assert max(map(len, pieces)) < 1.1 * 2**20
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["act/manifest.jsonl", "act/train/episode_0.hdf5"]
        assert archive.read("act/train/episode_0.hdf5") == b"x" * 3_000_000
