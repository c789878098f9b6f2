"""The builder script is Python, and with a stand-in for TFDS it makes the steps that openvla-oft expects."""

import importlib.util
import sys
import types

import numpy as np
import pytest

from oft_demo.data.exporting import CannotExport

STEP = {
    "observation",
    "action",
    "discount",
    "reward",
    "is_first",
    "is_last",
    "is_terminal",
    "language_instruction",
}
SEEN = {"image", "left_wrist_image", "right_wrist_image", "low_cam_image", "state"}


class Feature:
    def __init__(self, *content, **settings):
        self.content, self.settings = content[0] if content else None, settings


@pytest.fixture
def tfds(monkeypatch):
    """What the script uses of tensorflow_datasets."""

    class Builder:
        def build(self):
            return {split: list(examples) for split, examples in self._split_generators(None).items()}

    fake = types.ModuleType("tensorflow_datasets")
    names = ("Image", "Tensor", "Scalar", "Text", "Dataset", "FeaturesDict")
    fake.features = types.SimpleNamespace(**dict.fromkeys(names, Feature))
    fake.core = types.SimpleNamespace(
        GeneratorBasedBuilder=Builder,
        Version=str,
        DatasetInfo=lambda builder, description, features: features,
    )
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", fake)
    return fake


def load(out, name="oft_demo_aloha"):
    path = out / name / f"{name}_dataset_builder.py"
    compile(path.read_text(), str(path), "exec")
    spec = importlib.util.spec_from_file_location(f"builder_{out.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_steps_of_every_episode(exported, example, tfds):
    examples = [example(number, length=3 + number) for number in range(4)]
    out, report = exported("rlds", examples, validation_share=0.25, hz=50)
    assert report.ok
    built = load(out).oft_demo_aloha().build()
    assert {split: len(found) for split, found in built.items()} == {"train": 3, "val": 1}
    keys = [key for found in built.values() for key, _ in found]
    assert len(set(keys)) == 4
    for key, sample in built["train"]:
        steps = sample["steps"]
        assert sample["episode_metadata"]["file_path"] == key
        assert set(steps[0]) == STEP
        assert set(steps[0]["observation"]) == SEEN
        assert steps[0]["observation"]["image"].shape == (256, 256, 3)
        assert steps[0]["observation"]["state"].dtype == steps[0]["action"].dtype == np.float32
        assert [step["is_first"] for step in steps] == [True] + [False] * (len(steps) - 1)
        assert [step["reward"] for step in steps] == [0.0] * (len(steps) - 1) + [1.0]
        assert steps[-1]["is_last"]
        assert steps[-1]["is_terminal"]


def test_the_features_are_those_of_openvla_oft(exported, example, tfds):
    out, _ = exported("rlds", [example(0)])
    features = load(out).oft_demo_aloha()._info()
    step = features.content["steps"].content
    assert set(step) == STEP
    observation = step["observation"].content
    assert set(observation) == SEEN
    assert observation["image"].settings == {"shape": (256, 256, 3), "dtype": np.uint8, "encoding_format": "jpeg"}
    assert observation["state"].settings["shape"] == step["action"].settings["shape"] == (14,)


def test_words_come_from_the_manifest_as_they_were_said(exported, example, tfds):
    said = "Put the red/blue pepper, carefully, into the pot"
    out, report = exported("rlds", [example(0, instruction=said)])
    assert not [finding for finding in report.findings if "folder" in finding.sentence]
    (_, sample), *_ = load(out).oft_demo_aloha().build()["train"]
    assert sample["steps"][0]["language_instruction"] == said
    (out / "manifest.jsonl").unlink()
    (_, sample), *_ = load(out).oft_demo_aloha().build()["train"]
    assert sample["steps"][0]["language_instruction"] == "put the red blue pepper carefully into the pot"


def test_a_failure_is_not_rewarded(exported, example, tfds):
    out, _ = exported("rlds", [example(0, success=False)])
    (_, sample), *_ = load(out).oft_demo_aloha().build()["train"]
    assert not any(step["reward"] for step in sample["steps"])


def test_without_the_low_camera_the_script_fills_it_in(exported, example, tfds):
    out, _ = exported("rlds", [example(0)], low_camera=False)
    (_, sample), *_ = load(out).oft_demo_aloha().build()["train"]
    assert not sample["steps"][0]["observation"]["low_cam_image"].any()


def test_the_data_set_has_a_name_that_python_and_tfds_take(exported, example, tfds):
    out, _ = exported("rlds", [example(0)], dataset="corn_2")
    assert load(out, "corn_2").corn_2().build()
    assert "corn_2" in (out / "REGISTER.md").read_text()
    for name in ("../x", "Corn", "2corn", "a b", "", "x" * 500):
        with pytest.raises(CannotExport, match="name"):
            exported("rlds", [example(0)], dataset=name)


def test_the_way_to_register_names_the_rate_of_a_second(exported, example):
    out, _ = exported("rlds", [example(0)], hz=25)
    assert "NUM_ACTIONS_CHUNK = 25" in (out / "REGISTER.md").read_text()
