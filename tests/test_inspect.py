"""What `inspect` says of presets, bundled policies and directories."""

import json
from dataclasses import replace

import pytest

from oft_demo import inspect_command, policy
from oft_demo.errors import InvalidCheckpoint, UnknownName
from oft_demo.inspect_command import InspectOptions, PromptLength, devices, find, main
from oft_demo.policy import cost
from oft_demo.policy.floors import DEVICES, Device

OFFICIAL = {
    "model_type": "openvla",
    "timm_model_ids": ["vit_large_patch14_reg4_dinov2.lvd142m", "vit_so400m_patch14_siglip_224"],
    "image_sizes": [224, 224],
    "use_fused_vision_backbone": True,
    "image_resize_strategy": "resize-naive",
    "text_config": {"model_type": "llama", "vocab_size": 32064, "pad_token_id": 32000},
}
PREPROCESSOR = {"means": [[0.5] * 3] * 2, "stds": [[0.5] * 3] * 2}


@pytest.fixture(autouse=True)
def quick_probe(monkeypatch):
    def this_cpu(dtype):
        return Device(f"this CPU, {dtype}", 1e11, 1e10, "made up", dtype.itemsize)

    monkeypatch.setattr(inspect_command.probe, "this_cpu", this_cpu)


@pytest.fixture
def official_directory(tmp_path):
    """A published checkpoint's sizes, without any of its weights."""

    def make(**facts):
        files = {"config.json": OFFICIAL, "preprocessor_config.json": PREPROCESSOR, "policy.json": facts}
        for name, values in files.items():
            (tmp_path / name).write_text(json.dumps(values))
        return tmp_path

    return make


@pytest.fixture
def own_directory(tmp_path):
    def make(**changes):
        (tmp_path / "config.json").write_text(json.dumps({**policy.aloha_mini().to_json(), **changes}))
        return tmp_path

    return make


def inspected(capsys, target, *, gpu=None, prompt_tokens=40):
    assert main(InspectOptions(str(target), prompt_tokens=prompt_tokens, gpu=gpu, json=True)) == 0
    return json.loads(capsys.readouterr().out)


def row(text, start):
    """The line of a table, without its columns."""
    return next(" ".join(line.split()) for line in text.splitlines() if line.startswith(start))


def test_the_aloha_preset_has_the_published_figures(capsys):
    assert main(InspectOptions("aloha")) == 0
    text = capsys.readouterr().out
    assert "25 rows of 14 actions" in text
    assert "1161 tokens: 1 start + 768 patches + 1 joints + 40 prompt + 350 action slots + 1 stop" in text
    assert row(text, "action head").startswith("action head 269 M 537 MB 269 MB")
    assert row(text, "proprio projector").startswith("proprio projector 16.8 M")
    assert row(text, "FiLM, computed").startswith("FiLM, computed once an instruction 438 M")
    assert "all 51 blocks: 456 M" in text
    assert "built for 49" in text
    assert row(text, "needed in").startswith("needed in every query 7.52 G 15.0 GB 7.52 GB 16.973 100.0 %")
    assert row(text, "H200  ").startswith("H200 788 4.3 21.5 ms 3.50 ms 21.5 ms compute measured")


def test_the_lines_of_the_parts_add_up(capsys):
    found = inspected(capsys, "aloha")
    assert sum(found["parameters"].values()) == found["parameters_total"]
    assert sum(found["flops"].values()) == found["flops_total"]
    once = found["parameters"]["film"] + found["parameters"]["embeddings"]
    assert found["parameters_read_in_every_query"] == found["parameters_total"] - once
    assert found["bytes_bf16"] == 2 * found["bytes_int8"] == 2 * found["parameters_total"]


@pytest.mark.parametrize(("name", "rows", "actions", "images"), [("libero", 8, 7, 2), ("bridge", 5, 7, 1)])
def test_other_presets_are_the_same_network_with_other_ends(capsys, name, rows, actions, images):
    found = inspected(capsys, name)
    assert [found["config"][key] for key in ("chunk_length", "action_dim", "images")] == [rows, actions, images]
    assert "film" not in found["parameters"]
    assert found["parameters"]["action_head"] == pytest.approx(151e6, rel=0.01)


def test_a_preset_without_film_says_nothing_about_unused_blocks(capsys):
    main(InspectOptions("libero"))
    assert "unused" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["aloha-mini", "aloha-mini-nofilm"])
def test_bundled_policies_are_found_by_name(capsys, name):
    found = inspected(capsys, name)
    assert found["kind"] == "bundled policy"
    assert found["parameters_total"] < 5e6
    assert ("film" in found["parameters"]) == (name == "aloha-mini")


def test_the_small_sizes_need_no_policy_on_disk(tmp_path):
    assert find("aloha-mini", tmp_path).config == policy.aloha_mini()


def test_a_directory_of_ours_is_read_from_its_config(own_directory, capsys):
    found = inspected(capsys, own_directory(images=2))
    expected = cost.parameters(replace(policy.aloha_mini(), images=2))
    assert (found["kind"], found["config"]["images"]) == ("policy directory", 2)
    assert found["parameters"] == expected


def test_an_official_directory_needs_no_weights(official_directory, capsys):
    found = inspected(capsys, official_directory(preset="aloha"))
    assert found["kind"] == "official directory"
    assert found["parameters"]["trunk"] == inspected(capsys, "aloha")["parameters"]["trunk"]
    assert found["film_parameters_official"] == pytest.approx(456e6, rel=1e-3)


def test_denoising_runs_the_trunk_in_every_step(official_directory, capsys):
    directory = official_directory(preset="aloha", head="diffusion", denoising_steps=10)
    found = inspected(capsys, directory)
    once = inspected(capsys, "aloha")["flops"]["trunk"]
    assert found["passes"] == 11
    assert found["flops"]["trunk"] == pytest.approx(10 * once, rel=0.01)
    assert "noisy_action_projector" in found["parameters"]
    main(InspectOptions(str(directory)))
    assert "in each of 10 denoising steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("facts", "passes"), [({"head": "discrete"}, 1), ({"head": "autoregressive", "chunk_length": 1}, 14)]
)
def test_words_need_a_word_head(official_directory, capsys, facts, passes):
    directory = official_directory(preset="aloha", **facts)
    found = inspected(capsys, directory)
    assert found["passes"] == passes
    assert found["parameters"]["lm_head"] == 32064 * 4096
    assert "action_head" not in found["parameters"]
    main(InspectOptions(str(directory)))
    assert "word head" in capsys.readouterr().out


def test_a_longer_prompt_is_more_work(capsys):
    short, long = (inspected(capsys, "aloha-mini", prompt_tokens=count) for count in (10, 100))
    assert short["flops_total"] < long["flops_total"]


@pytest.mark.parametrize("spelling", ["RTX 4090", "rtx4090", "rtx-4090"])
def test_a_gpu_is_found_in_any_spelling(capsys, spelling):
    (only,) = inspected(capsys, "aloha-mini", gpu=spelling)["floors"]
    assert only["device"] == "RTX 4090"


def test_without_a_name_every_gpu_is_listed():
    assert devices(None) == DEVICES


def test_an_unknown_gpu_names_the_known_ones():
    with pytest.raises(UnknownName, match=r"no GPU named 'B300'.*A100, H200, H200 data sheet, RTX 4090"):
        devices("B300")


def test_the_cpu_is_measured_in_what_the_policy_would_use(capsys):
    names = {name: [cpu["device"] for cpu in inspected(capsys, name)["cpu"]] for name in ("aloha", "aloha-mini")}
    assert names["aloha-mini"] == ["this CPU, torch.float32"]
    assert names["aloha"] == ["this CPU, torch.float32", "this CPU, torch.bfloat16"]


def test_an_unknown_target_names_the_known_ones():
    with pytest.raises(UnknownName, match=r"aloha, aloha-mini, aloha-mini-nofilm, bridge, libero"):
        find("no-such-policy")


@pytest.mark.parametrize("count", [0, -3, 513])
def test_a_prompt_that_no_policy_reads_is_refused(count):
    with pytest.raises(PromptLength, match=f"prompt of {count} tokens"):
        main(InspectOptions("aloha", prompt_tokens=count))


def test_an_empty_directory_is_no_policy(tmp_path):
    with pytest.raises(InvalidCheckpoint, match=r"no config\.json"):
        find(str(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": "poetry"}, "head must be one of"),
        ({"depth": 3}, "depth"),
        ({"image_size": 96_000}, "tokens"),
        ({"images": 2.5}, "2.5|tokens"),
        ({"chunk_length": 0}, "does not fit|no network"),
        ({"action_dim": -14}, "no network|weights"),
        ({"language": {**policy.aloha_mini().to_json()["language"], "layers": 10**9}}, "weights|blocks"),
        ({"language": {**policy.aloha_mini().to_json()["language"], "layers": "4"}}, "whole numbers"),
        ({"featurizer": 7}, "does not fit"),
    ],
)
def test_sizes_of_no_network_are_refused_before_one_is_built(own_directory, changes, message):
    with pytest.raises(InvalidCheckpoint, match=message):
        main(InspectOptions(str(own_directory(**changes))))
