"""Policy directories: whole ones load, damaged ones say what is wrong."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy import available, load, save
from oft_demo.policy.checkpoint import FILES, read


def edit(directory, name, change):
    path = directory / name
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def reweigh(directory, change):
    path = directory / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


def test_a_loaded_policy_acts_as_the_saved_network(policy_directory, make_model, observation):
    first, second = (load(policy_directory).act(observation, "cook the corn").targets for _ in range(2))
    assert (first == second).all()
    saved, loaded = make_model().state_dict(), read(policy_directory).model.state_dict()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_half_precision_halves_the_file_and_changes_little(policy_directory, observation):
    parts = read(policy_directory)
    small = policy_directory.with_name("half")
    save(small, parts.model, parts.config, parts.tokenizer, parts.statistics, parts.settings, parts.card, half=True)
    sizes = [(path / "model.safetensors").stat().st_size for path in (small, policy_directory)]
    assert sizes[0] < 0.7 * sizes[1]
    targets = [load(path).act(observation, "cook the corn").targets for path in (small, policy_directory)]
    torch.testing.assert_close(*map(torch.from_numpy, targets), rtol=0, atol=0.05)


def test_saving_again_replaces_and_leaves_nothing_behind(policy_directory):
    parts = read(policy_directory)
    save(policy_directory, parts.model, parts.config, parts.tokenizer, parts.statistics, parts.settings, "new card")
    assert load(policy_directory).card == "new card"
    assert [path.name for path in policy_directory.parent.iterdir()] == ["tiny"]


def test_unfinished_saves_are_not_offered(policy_directory):
    shutil.copytree(policy_directory, policy_directory.with_name("other.part"))
    (policy_directory.parent / "empty").mkdir()
    assert available(policy_directory.parent) == {"tiny": policy_directory}
    assert available(policy_directory / "nowhere") == {}


def test_the_fingerprint_follows_the_weights(policy_directory):
    before = load(policy_directory).fingerprint
    assert len(before) == 12
    reweigh(policy_directory, lambda weights: weights["projector.fc3.bias"].add_(1))
    assert load(policy_directory).fingerprint != before


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(policy_directory, name):
    (policy_directory / name).unlink()
    with pytest.raises(InvalidCheckpoint, match=f"tiny: found no {name}"):
        load(policy_directory)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_a_file_cut_short_is_named(policy_directory, name):
    path = policy_directory / name
    path.write_text(path.read_text()[:-40])
    with pytest.raises(InvalidCheckpoint, match="tokenizer" if name.startswith("tokenizer") else name):
        load(policy_directory)


@pytest.mark.parametrize("keep", [3, 200, -100])
def test_weights_cut_short_are_said_to_be_so(policy_directory, keep):
    path = policy_directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InvalidCheckpoint, match=r"model\.safetensors that is damaged"):
        load(policy_directory)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("projector.fc3.bias"), r"without projector\.fc3\.bias"),
        (lambda w: w.update(extra=torch.zeros(1)), "with the unknown extra"),
        (lambda w: w.update({"projector.fc3.bias": torch.zeros(7)}), r"shape \[7\]; expected shape \[16\]"),
        (lambda w: w["projector.fc3.bias"].fill_(torch.nan), r"projector\.fc3\.bias that is no number"),
    ],
)
def test_wrong_weights_are_named(policy_directory, change, message):
    reweigh(policy_directory, change)
    with pytest.raises(InvalidCheckpoint, match=message):
        load(policy_directory)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", lambda v: v.pop("language"), "config.json without 'language'"),
        ("config.json", lambda v: v.update(surprise=1), "surprise"),
        ("config.json", lambda v: v.update(image_size=17), "multiple of patch"),
        ("policy.json", lambda v: v.update(film=False), "film is False but config.json says True"),
        ("policy.json", lambda v: v.update(replan_after=9), "replan_after is 9 but a chunk has 5 rows"),
        ("policy.json", lambda v: v.update(cameras=["cam_high"]), "1 cameras but config.json says 3"),
        ("policy.json", lambda v: v.update(unnorm_key="other"), "without 'other'"),
        ("dataset_statistics.json", lambda v: v["tests"].pop("proprio"), "without 'proprio'"),
        ("dataset_statistics.json", lambda v: v["tests"]["action"]["min"].pop(), "rows of different lengths"),
    ],
)
def test_wrong_values_are_named(policy_directory, name, change, message):
    edit(policy_directory, name, change)
    with pytest.raises(InvalidCheckpoint, match=message):
        load(policy_directory)


def test_a_directory_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(InvalidCheckpoint, match="nowhere: found no such directory"):
        load(tmp_path / "nowhere")
