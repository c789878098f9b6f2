"""robomimic's get_dataset_info.py and SequenceDataset, written again here, read the export."""

import json

import h5py
import numpy as np

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.exporting.robomimic import unscaled


def dataset_info(path, filter_key=None):
    """As get_dataset_info.py, its last check as the last value."""
    with h5py.File(path, "r") as file:
        where = file[f"mask/{filter_key}"] if filter_key else None
        demos = [name.decode("utf-8") for name in np.array(where)] if where is not None else list(file["data"])
        demos = sorted(demos, key=lambda name: int(name[5:]))
        lengths = [file[f"data/{demo}/actions"].shape[0] for demo in demos]
        low = min(file[f"data/{demo}/actions"][()].min() for demo in demos)
        high = max(file[f"data/{demo}/actions"][()].max() for demo in demos)
        assert [file[f"data/{demo}"].attrs["num_samples"] for demo in demos] == lengths
        return demos, lengths, json.loads(file["data"].attrs["env_args"]), -1 <= low <= high <= 1


def transition(path, demo, step, cameras=("cam_high",)):
    """As SequenceDataset fetches one, from a file opened as it opens it."""
    with h5py.File(path, "r", swmr=True, libver="latest") as file:
        found = {key: file[f"data/{demo}/{key}"][step] for key in ("actions", "rewards", "dones", "states")}
        for group in ("obs", "next_obs"):
            for key in ("qpos", *cameras):
                found[f"{group}/{key}"] = file[f"data/{demo}/{group}/{key}"][step]
    return found


def test_robomimic_reads_demos_and_the_scale_leads_back_to_targets(exported, example, shown):
    examples = [example(0, length=4), example(1, length=6, success=False)]
    out, report = exported("robomimic", examples, picture_size=(120, 160))
    assert report.ok
    demos, lengths, env_args, within = dataset_info(out / "demo.hdf5")
    assert (demos, lengths, within) == (["demo_0", "demo_1"], [4, 6], True)
    assert {"env_name", "type", "env_kwargs"} <= set(env_args)
    with h5py.File(out / "demo.hdf5", "r") as file:
        assert file["data"].attrs["total"] == 10
    found = transition(out / "demo.hdf5", "demo_1", 2)
    assert np.allclose(unscaled(found["actions"], env_args), examples[1].episode.action[2], atol=1e-5)
    assert np.array_equal(found["next_obs/qpos"], examples[1].episode.qpos[3])
    assert np.array_equal(found["states"], examples[1].episode.states[2])
    assert found["obs/cam_high"].shape == (120, 160, 3)
    following = transition(out / "demo.hdf5", "demo_1", 3)
    assert np.array_equal(found["next_obs/cam_high"], following["obs/cam_high"])
    assert not np.array_equal(found["obs/cam_high"], following["obs/cam_high"])


def test_pictures_at_full_size_are_those_that_were_seen(exported, example, shown):
    out, _ = exported("robomimic", [example(0, length=3)])
    last = transition(out / "demo.hdf5", "demo_0", 2)
    assert np.array_equal(last["obs/cam_high"], shown("cam_high", 2))
    assert np.array_equal(last["next_obs/cam_high"], shown("cam_high", 2))


def test_only_a_success_is_rewarded(exported, example):
    out, _ = exported("robomimic", [example(0), example(1, success=False)], pictures=False)
    with h5py.File(out / "demo.hdf5", "r") as file:
        assert file["data/demo_0/rewards"][()].tolist() == [0, 0, 0, 0, 0, 1]
        assert not file["data/demo_1/rewards"][()].any()
        assert file["data/demo_1/dones"][()].tolist() == [0, 0, 0, 0, 0, 1]


def test_filter_keys_name_the_split_the_outcome_and_the_operator(exported, example):
    people = [Annotation(operator=name) for name in ("Ada", "../Bob", "Ada", None)]
    examples = [example(number, annotation=said, success=number != 1) for number, said in enumerate(people)]
    out, _ = exported("robomimic", examples, pictures=False, validation_share=0.25)
    path = out / "demo.hdf5"
    with h5py.File(path, "r") as file:
        assert sorted(file["mask"]) == ["failure", "operator_ada", "operator_bob", "success", "train", "valid"]
    assert dataset_info(path, "operator_ada")[0] == ["demo_0", "demo_2"]
    assert dataset_info(path, "failure")[0] == ["demo_1"]
    train, valid = dataset_info(path, "train")[0], dataset_info(path, "valid")[0]
    assert (len(train), len(valid)) == (3, 1)
    assert sorted(train + valid) == dataset_info(path)[0]


def test_raw_actions_come_with_a_plain_warning(exported, example):
    action = np.full((6, 14), 1.16, np.float32)
    out, report = exported("robomimic", [example(0, action=action)], scaled=False, pictures=False)
    *_, env_args, within = dataset_info(out / "demo.hdf5")
    assert not within
    assert "action_scale" not in env_args
    assert report.ok
    assert any("get_dataset_info.py will refuse" in finding.sentence for finding in report.findings)


def test_a_joint_that_never_moves_divides_by_nothing(exported, example):
    out, report = exported("robomimic", [example(0, action=np.ones((6, 14), np.float32))], pictures=False)
    assert report.ok
    with h5py.File(out / "demo.hdf5", "r") as file:
        assert np.isfinite(file["data/demo_0/actions"][()]).all()
