"""Tests of what happens to the directory itself: files that come and go, damaged databases, disks that refuse."""

import contextlib
import json
import logging
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from catalog_people import LENGTH, fill, make_episode, names_of

from oft_demo.data.catalog import Catalog, examining, files, old_labels, watching
from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.database import LabelsNotKept
from oft_demo.data.catalog.entries import Search
from oft_demo.data.catalog.opening import NAME
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.errors import InvalidData, UnknownName

NOBODY = 65534


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return fill(tmp_path)


def listed(catalog: Catalog) -> list[str]:
    return [summary.name for summary in catalog.episodes()]


def replace_file(path: Path, **labels) -> None:
    path.unlink()
    write_episode(path, make_episode(**labels))


def test_files_that_appear_change_and_vanish_are_noticed(catalog: Catalog):
    assert len(listed(catalog)) == 3
    write_episode(catalog.directory / "episode_7.hdf5", make_episode(7))
    (catalog.directory / "episode_0.hdf5").unlink()
    replace_file(catalog.directory / "episode_1.hdf5", seed=1, length=30)
    assert {summary.name: summary.length for summary in catalog.episodes()} == {
        "episode_1": 30,
        "episode_2": LENGTH,
        "episode_7": LENGTH,
    }
    assert catalog.search(Search()).total == 3


def test_a_file_that_is_asked_for_by_name_is_never_stale(catalog: Catalog):
    for length in (30, 40, 50):
        replace_file(catalog.directory / "episode_1.hdf5", seed=1, length=length)
        assert catalog.entry("episode_1").summary.length == length
        assert catalog.read("episode_1", images=False).length == length


def test_files_are_read_once_even_across_restarts(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    assert len(listed(catalog)) == 3
    monkeypatch.setattr(examining, "opened", lambda path, kind: pytest.fail(f"{path} is read again"))
    assert len(listed(catalog)) == 3
    assert len(listed(Catalog(catalog.directory))) == 3
    catalog.annotate("episode_0", {"quality": 3})


def test_very_many_files_are_read_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "QUICK", 2)
    monkeypatch.setattr(watching, "BATCH", 2)
    fill(tmp_path, 7)
    catalog = Catalog(tmp_path, in_background=True)
    first = catalog.search(Search())
    assert first.total + first.unread >= 5
    assert first.total < 7
    assert len(listed(catalog)) == 7  # which waits for all of them
    again = catalog.search(Search())
    assert (again.total, again.unread) == (7, 0)
    catalog.close()


def test_processes_that_open_a_directory_at_once_agree(tmp_path: Path):
    fill(tmp_path, 12)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(count, [tmp_path] * 3) == [12] * 3
    assert not list(tmp_path.glob("*damaged*"))


def count(directory: Path) -> int:
    return len(Catalog(directory).episodes())


def test_labels_that_a_recording_brings_along_are_taken_over(tmp_path: Path):
    told = json.dumps({"quality": 4, "tags": ["slow"], "notes": 7, "spans": [["x", 0, 1]]})
    catalog = fill(tmp_path, 1, provenance={"annotation": told})
    assert catalog.entry("episode_0").annotation == Annotation(quality=4, tags=("slow",))
    catalog.annotate("episode_0", {"quality": 2}, "anna")
    catalog.close()
    for path in tmp_path.glob(f"{NAME}*"):
        path.unlink()
    assert Catalog(tmp_path).entry("episode_0").annotation == Annotation(quality=4, tags=("slow",))


def test_a_forked_process_opens_the_database_itself(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 1})
    child = multiprocessing.get_context("fork").Process(target=catalog.annotate, args=("episode_1", {"quality": 2}))
    child.start()
    child.join()
    assert child.exitcode == 0
    catalog.annotate("episode_2", {"quality": 3})
    assert [catalog.entry(name).annotation.quality for name in listed(catalog)] == [1, 2, 3]


def test_labels_wait_for_a_file_that_comes_back(catalog: Catalog, tmp_path: Path):
    catalog.annotate("episode_1", {"quality": 4})
    path = catalog.directory / "episode_1.hdf5"
    path.rename(tmp_path / "away")
    assert len(listed(catalog)) == 2
    with pytest.raises(UnknownName):
        catalog.entry("episode_1")
    (tmp_path / "away").rename(path)
    assert catalog.entry("episode_1").annotation.quality == 4


def test_files_that_come_back_as_they_were_are_not_read_again(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    assert len(listed(catalog)) == 3
    away = catalog.directory / "away"
    away.mkdir()
    for path in catalog.directory.glob("*.hdf5"):
        path.rename(away / path.name)
    assert listed(catalog) == []
    for path in away.iterdir():
        path.rename(catalog.directory / path.name)
    monkeypatch.setattr(examining, "opened", lambda path, kind: pytest.fail(f"{path} is read again"))
    assert len(listed(catalog)) == 3
    assert catalog.search(Search(text="corn")).total == 3


def test_another_recording_of_the_same_name_has_no_labels(catalog: Catalog):
    catalog.annotate("episode_1", {"success": True})
    catalog.trim("episode_1", 0, 30)
    path = catalog.directory / "episode_1.hdf5"
    path.unlink()
    assert len(listed(catalog)) == 2
    write_episode(path, make_episode(99))
    entry = catalog.entry("episode_1")
    assert (entry.success, entry.summary.length) == (False, LENGTH)
    assert catalog.history()[0].kind == "replaced"


def test_the_same_recording_with_other_pictures_keeps_its_labels(catalog: Catalog):
    catalog.annotate("episode_1", {"quality": 4})
    path = catalog.directory / "episode_1.hdf5"
    path.unlink()
    pictures = ({"cam_high": np.zeros((8, 8, 3), np.uint8)} for _ in range(LENGTH))
    write_episode(path, make_episode(1), pictures)
    assert catalog.entry("episode_1").annotation.quality == 4
    assert catalog.entry("episode_1").summary.cameras == ("cam_high",)


def test_a_file_named_like_a_part_gets_another_name(catalog: Catalog):
    first, _ = catalog.split("episode_1", 20)
    write_episode(catalog.directory / f"{first}.hdf5", make_episode(50))
    assert {first, f"{first}_a"} <= set(listed(catalog))
    assert catalog.read(first, images=False).length == 20
    assert catalog.path_of(f"{first}_a").stem == first


def test_names_that_are_no_plain_text_are_left_out(catalog: Catalog):
    for name in (b"\xff.hdf5", b"line\nbreak.hdf5", b".hidden.hdf5"):
        (catalog.directory / os.fsdecode(name)).write_bytes(b"")
    (catalog.directory / "folder.hdf5").mkdir()
    assert len(listed(catalog)) == 3
    assert catalog.damaged() == ()


def test_a_database_from_elsewhere_leads_to_no_other_file(catalog: Catalog, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.mkdir()
    write_episode(secret / "episode_0.hdf5", make_episode(5))
    catalog.trim("episode_1", 0, 30)
    with contextlib.closing(sqlite3.connect(catalog.directory / NAME)) as connection, connection:
        for table, column in (("labels", "value"), ("entries", "entry")):
            connection.execute(
                f"UPDATE {table} SET {column} = replace({column}, '\"episode_1\", 0', '\"secret/episode_0\", 0')"
            )
    catalog.close()
    with pytest.raises(UnknownName):
        Catalog(catalog.directory).read("episode_1")


def test_the_index_is_made_again_from_the_files(catalog: Catalog):
    catalog.annotate("episode_0", {"quality": 4, "tags": ["slow"]})
    parts = catalog.split("episode_1", 20)
    catalog.trim("episode_2", 0, 30)
    before = [catalog.entry(name) for name in listed(catalog)]
    assert catalog.rebuild() == 4
    assert [catalog.entry(name) for name in listed(catalog)] == before
    assert set(parts) < set(listed(catalog))
    assert names_of(catalog.search(Search(text="slow")).entries) == ["episode_0"]


def test_a_missing_database_is_made_again(catalog: Catalog):
    assert len(listed(catalog)) == 3
    for path in catalog.directory.glob(f"{NAME}*"):
        path.unlink()
    assert len(listed(catalog)) == 3
    assert catalog.annotate("episode_0", {"quality": 3}).names == ("episode_0",)
    assert Catalog(catalog.directory).entry("episode_0").annotation.quality == 3


def test_a_file_that_is_no_database_is_moved_aside(catalog: Catalog, caplog: pytest.LogCaptureFixture):
    (catalog.directory / NAME).write_bytes(b"nothing of the kind" * 1000)
    with caplog.at_level(logging.WARNING):
        assert len(listed(catalog)) == 3
    (aside,) = catalog.directory.glob(f"{NAME}.damaged-*")
    assert aside.read_bytes().startswith(b"nothing of the kind")
    assert aside.name in caplog.text


def test_a_database_of_something_else_is_moved_aside(catalog: Catalog):
    with contextlib.closing(sqlite3.connect(catalog.directory / NAME)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks(address)")
    assert len(listed(catalog)) == 3
    assert len(list(catalog.directory.glob(f"{NAME}.damaged-*"))) == 1


def test_a_database_that_is_a_link_is_not_followed(catalog: Catalog, tmp_path: Path):
    (catalog.directory / NAME).symlink_to(tmp_path / "elsewhere")
    assert len(listed(catalog)) == 3
    assert not (tmp_path / "elsewhere").exists()


def test_a_database_of_a_newer_version_is_left_alone(catalog: Catalog):
    with contextlib.closing(sqlite3.connect(catalog.directory / NAME)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(InvalidData, match="newer version"):
        catalog.episodes()
    assert (catalog.directory / NAME).exists()


def test_labels_are_saved_from_a_damaged_database(catalog: Catalog, caplog: pytest.LogCaptureFixture):
    catalog.annotate("episode_1", {"quality": 4, "notes": "keep me"})
    catalog.trim("episode_2", 0, 30)
    catalog.close()
    path = catalog.directory / NAME
    with contextlib.closing(sqlite3.connect(path)) as connection:
        query = "SELECT pageno FROM dbstat WHERE name = 'episodes'"
        try:
            (page,) = connection.execute(query).fetchone()
        except sqlite3.OperationalError:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'episodes'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)
    again = Catalog(catalog.directory)
    assert {summary.name: summary.length for summary in again.episodes()}["episode_2"] == 30
    assert again.entry("episode_1").annotation.quality == 4
    assert len(list(catalog.directory.glob(f"{NAME}.damaged-*"))) == 1


def test_a_database_that_is_damaged_while_it_is_open_is_replaced(catalog: Catalog):
    catalog.annotate("episode_1", {"quality": 4})
    catalog.close()
    assert len(listed(catalog)) == 3
    path = catalog.directory / NAME
    connection = catalog._database._open()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA cache_size = 1")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (path.stat().st_size - 4096))
    assert len(listed(catalog)) == 3
    assert catalog.search(Search()).total == 3
    assert catalog.annotate("episode_2", {"quality": 2}).names == ("episode_2",)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere; take its rights away for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that can be read by everybody and written by nobody."""
    directory = Path("/tmp") / f"oft-demo-{os.getpid()}-read-only"
    directory.mkdir()
    yield directory
    directory.chmod(0o755)
    shutil.rmtree(directory)


def test_a_read_only_directory_is_listed_with_its_labels(read_only: Path):
    catalog = fill(read_only)
    catalog.annotate("episode_1", {"quality": 4})  # still in the log beside the database
    write_episode(read_only / "episode_9.hdf5", make_episode(9))
    copy = (read_only / f"{NAME}-wal").read_bytes()
    catalog.close()
    (read_only / f"{NAME}-wal").write_bytes(copy)
    read_only.chmod(0o555)
    with as_nobody():
        again = Catalog(read_only)
        assert len(listed(again)) == 4
        assert again.entry("episode_1").annotation.quality == 4
        assert again.search(Search(quality_at_least=4)).total == 1
        with pytest.raises(LabelsNotKept, match="cannot be written"):
            again.annotate("episode_1", {"quality": 5})
        assert again.entry("episode_1").annotation.quality == 4
        again.close()
    read_only.chmod(0o755)
    assert Catalog(read_only).annotate("episode_1", {"quality": 5}).names == ("episode_1",)


def test_a_directory_without_database_that_cannot_be_written_is_listed(read_only: Path):
    fill(read_only)
    read_only.chmod(0o555)
    with as_nobody():
        again = Catalog(read_only)
        assert len(listed(again)) == 3
        with pytest.raises(LabelsNotKept):
            again.delete("episode_0")
    assert not (read_only / NAME).exists()


def test_a_directory_that_appears_later_is_found(tmp_path: Path):
    catalog = Catalog(tmp_path / "later")
    assert catalog.search(Search()).total == 0
    fill(tmp_path / "later")
    assert len(listed(catalog)) == 3
    assert catalog.annotate("episode_0", {"quality": 3}).names == ("episode_0",)
    assert (tmp_path / "later" / NAME).exists()


def label_until_it_fails(catalog: Catalog, names: list[str]) -> None:
    for number in range(200):
        catalog.annotate(names, {"notes": f"{number} " + "x" * 3900})


def test_labels_on_a_full_disk_are_refused_whole(catalog: Catalog):
    names = listed(catalog)
    catalog.annotate(names, {"notes": "before"})
    connection = catalog._database._open()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LabelsNotKept, match="the disk is full"):
        label_until_it_fails(catalog, names)
    notes = {catalog.entry(name).annotation.notes[:6] for name in names}
    assert len(notes) == 1
    last = [change for change in catalog.history(limit=1)]
    assert last[0].sentence.startswith("episode_0")
    assert catalog.search(Search(text=notes.pop())).total == 3
    connection.execute("PRAGMA max_page_count = 1000000")
    assert catalog.annotate(names, {"notes": "after"}).names == tuple(names)


def test_a_small_disk_that_fills_up_loses_nothing(tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this user cannot mount a file system")
    try:
        catalog = fill(disk)
        names = listed(catalog)
        catalog.annotate(names, {"notes": "before"}, "anna")
        (disk / "filler").write_bytes(b"\0" * (shutil.disk_usage(disk).free - 8192))
        with pytest.raises(LabelsNotKept):
            label_until_it_fails(catalog, names)
        assert len({catalog.entry(name).annotation.notes for name in names}) == 1
        (disk / "filler").unlink()
        assert catalog.annotate(names, {"notes": "after"}, "anna").names == tuple(names)
        assert {Catalog(disk).entry(name).annotation.notes for name in names} == {"after"}
        catalog.close()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_old_labels_that_are_too_large_are_refused(catalog: Catalog, monkeypatch: pytest.MonkeyPatch):
    (catalog.directory / old_labels.LABELS_FILE).write_text('{"episode_0": {"success": true}}')
    monkeypatch.setattr(old_labels, "MAX_BYTES", 10)
    with pytest.raises(InvalidData, match=r"labels\.json"):
        catalog.episodes()


def test_numbers_are_free_unless_a_file_has_them(tmp_path: Path):
    for name in ("episode_0.hdf5", "episode_2.hdf5", "episode_x.hdf5"):
        (tmp_path / name).touch()
    found = [path.stem for path, _ in zip(files.free_paths(tmp_path, ["episode_3.hdf5"]), range(3), strict=False)]
    assert found == ["episode_1", "episode_4", "episode_5"]
