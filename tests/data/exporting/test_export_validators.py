"""Validators find what would stop the tools, and survive what is no export at all."""

import json
import shutil

import h5py
import numpy as np
import pytest

from oft_demo.data.exporting import FORMATS, validate


def errors(form, directory):
    report = validate(form, directory)
    assert not report.ok
    return "\n".join(str(finding) for finding in report.findings if finding.level == "error")


@pytest.mark.parametrize("form", FORMATS)
def test_something_else_is_refused_with_a_reason(tmp_path, form):
    assert "not a directory" in errors(form, tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    assert errors(form, tmp_path / "empty")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "episode_0.hdf5").write_bytes(b"no")
    (tmp_path / "odd" / "demo.hdf5").write_bytes(b"no")
    assert errors(form, tmp_path / "odd")


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_says_for_which_tool_it_checked(exported, example, form):
    out, report = exported(form, [example(0)])
    assert report.checked_for
    assert f"{form}: can be read; checked for {report.checked_for}" in str(report)
    assert validate(form, out).ok


def test_gaps_and_unequal_lengths_would_stop_act(exported, example):
    out, _ = exported("act", [example(0, length=4), example(1, length=4), example(2, length=4)])
    other, _ = exported("act", [example(3, length=5)])
    shutil.copy(other / "episode_0.hdf5", out / "episode_1.hdf5")
    assert "needs one length" in errors("act", out)
    (out / "episode_1.hdf5").unlink()
    assert "episode_1.hdf5: is missing" in errors("act", out)


def test_hidden_and_other_files_would_stop_act(exported, example):
    out, _ = exported("act", [example(0)])
    shutil.copy(out / "episode_0.hdf5", out / ".episode_0.hdf5")
    assert "does not belong here" in errors("act", out)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.__delitem__("/observations/effort"), "no /observations/effort"),
        (lambda file: file.create_group("/observations/images/cam_low"), "expected exactly"),
        (lambda file: file.attrs.__delitem__("sim"), "no attribute sim"),
        (lambda file: file.attrs.__setitem__("compress", True), "JPEG"),
        (lambda file: file["/action"].__setitem__((2, 3), np.nan), "not finite at step 2"),
        (lambda file: file["/observations"].move("qpos", "positions"), "no /observations/qpos"),
        (lambda file: relink(file), "no /observations/qvel"),
        (lambda file: declare(file), "declares"),
    ],
)
def test_what_would_stop_readers_of_aloha_files_is_named(exported, example, spoil, said):
    out, _ = exported("act", [example(0)])
    with h5py.File(out / "episode_0.hdf5", "a") as file:
        spoil(file)
    assert said in errors("act", out)


def relink(file):
    del file["/observations/qvel"]
    file["/observations/qvel"] = h5py.SoftLink("/observations/qpos")


def declare(file):
    del file["/action"]
    file.create_dataset("/action", (100_000, 14), np.float32, chunks=(1000, 14))


def test_a_wrong_relative_action_is_found(exported, example):
    out, _ = exported("oft", [example(0)])
    with h5py.File(next(out.glob("*/train/*.hdf5")), "a") as file:
        file["/relative_action"][0, 0] += 1
    assert "relative_action" in errors("oft", out)


def test_a_demo_that_contradicts_itself_is_found(exported, example):
    out, _ = exported("robomimic", [example(0), example(1)], pictures=False)
    with h5py.File(out / "demo.hdf5", "a") as file:
        file["data/demo_0/actions"][0, 0] = 3
        file["mask/train"][0] = b"demo_9"
        file["data"].attrs["total"] = 1
    said = errors("robomimic", out)
    assert "outside -1..1" in said
    assert "demo_9" in said
    assert "says 1 samples" in said


def test_rows_that_do_not_fit_their_videos_are_found(exported, example):
    pytest.importorskip("pyarrow")
    out, _ = exported("lerobot", [example(0), example(1)])
    video = next((out / "videos").rglob("*.mp4"))
    video.write_bytes(video.read_bytes()[:3000])
    assert "episode 0" in errors("lerobot", out)


@pytest.mark.parametrize(
    ("column", "spoil", "said"),
    [
        ("timestamp", lambda values: values + 0.01, "timestamp is not frame_index / fps"),
        ("index", lambda values: values[::-1].copy(), "before the first row"),
        ("episode_index", lambda values: values * 0, "episode_index is not what the position"),
        ("task_index", lambda values: values + 7, "task_index does not lead"),
    ],
)
def test_rows_out_of_their_places_are_found(exported, example, column, spoil, said):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    out, _ = exported("lerobot", [example(0), example(1)], pictures=False)
    path = next((out / "data").rglob("*.parquet"))
    table = parquet.read_table(path)
    place, kind = table.column_names.index(column), table.schema.field(column).type
    spoilt = pyarrow.array(spoil(table[column].to_numpy()), type=kind)
    parquet.write_table(table.set_column(place, column, spoilt), path)
    assert said in errors("lerobot", out)


def test_a_data_set_that_leads_elsewhere_is_not_followed(exported, example, tmp_path):
    pytest.importorskip("pyarrow")
    out, _ = exported("lerobot", [example(0)], pictures=False)
    info = json.loads((out / "meta/info.json").read_text())
    info["data_path"] = "../../{chunk_index}/{file_index}.parquet"
    (out / "meta/info.json").write_text(json.dumps(info))
    assert "leads out" in errors("lerobot", out)


def test_a_manifest_that_lies_is_found(exported, example):
    out, _ = exported("act", [example(0)])
    line = json.loads((out / "manifest.jsonl").read_text())
    (out / "manifest.jsonl").write_text(json.dumps(line | {"file": "../episode_0.hdf5"}) + "\n")
    assert "not there" in errors("act", out)
    (out / "manifest.jsonl").write_text("{")
    assert "manifest.jsonl: cannot be read" in errors("act", out)


@pytest.mark.parametrize("form", FORMATS)
def test_whatever_is_in_the_files_a_validator_answers(exported, example, form):
    out, _ = exported(form, [example(0, length=2), example(1, length=2)])
    random = np.random.default_rng(0)
    for path in [path for path in out.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2], flipped(whole, random), flipped(whole, random)):
            path.write_bytes(damaged)
            assert str(validate(form, out))
        path.write_bytes(whole)
    assert validate(form, out).ok


def flipped(content, random):
    """Some bytes of the first kilobytes, where what describes the rest is, are others."""
    changed = bytearray(content)
    for place in random.integers(0, min(len(changed), 4096), 20):
        changed[place] = random.integers(256)
    return bytes(changed)
