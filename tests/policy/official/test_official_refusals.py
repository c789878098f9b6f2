"""Damaged, hostile and contradictory directories: what is said of each, and that nothing of them runs."""

import json
import os
import pickle
import struct
import zipfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy.official import PRESETS, film_layers

WEIGHTS = "model.safetensors"
BIAS = "projector.fc3.bias"


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def refuses(case, message, **more):
    with pytest.raises(InvalidCheckpoint, match=message):
        case.read(**more)


def reweigh(case, change):
    weights = load_file(case.directory / WEIGHTS)
    change(weights)
    save_file(weights, case.directory / WEIGHTS)


def raw(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(*offsets, dtype="F32", shape=(1,)):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop(BIAS), rf"{WEIGHTS} without {BIAS}; expected all \d+ tensors"),
        (lambda w: w.update(surprise=torch.zeros(1)), "with the unknown surprise"),
        (lambda w: w.update({BIAS: torch.zeros(7)}), rf"{WEIGHTS} with {BIAS} of shape \[7\]; expected shape \[12\]"),
        (lambda w: w[BIAS].fill_(torch.nan), f"a value in {BIAS} that is no number"),
        (lambda w: w[BIAS][:1].fill_(-torch.inf), f"a value in {BIAS} that is no number"),
        (lambda w: w.update({BIAS: torch.zeros(12, dtype=torch.int32)}), f"{BIAS} of type I32; expected one of BF16"),
        (
            lambda w: w.update({"vision_backbone.featurizer.blocks.7.norm1.weight": torch.zeros(24)}),
            r"unknown vision_backbone\.featurizer\.blocks\.7",
        ),
    ],
)
def test_wrong_tensors_are_named(plain_case, change, message):
    reweigh(plain_case, change)
    refuses(plain_case, message)


def test_what_overflows_in_the_chosen_type_is_refused(plain_case):
    reweigh(plain_case, lambda weights: weights.update({BIAS: torch.full((12,), 1e6)}))
    refuses(plain_case, "too large for torch.float16", dtype=torch.float16)


@pytest.mark.parametrize("keep", [0, 5, 2000, -100])
def test_weights_cut_short_are_said_to_be_so(plain_case, keep):
    path = plain_case.directory / WEIGHTS
    path.write_bytes(path.read_bytes()[:keep])
    refuses(plain_case, "model.safetensors that is cut short: .* Download it again")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (struct.pack("<Q", 1 << 40), "cut short: 8 bytes, its header alone has 1099511627776"),
        (raw(b"not json"), "header that does not fit"),
        (raw(b"[1]"), "header that does not fit"),
        (raw(b"[" * 100_000), "header that does not fit"),
        (raw({"a": 1}), "header that does not fit"),
        (raw({"a": entry(0, 4, dtype="F99")}, b"1234"), "a is of type 'F99'"),
        (raw({"a": entry(0, 8)}, b"12345678"), r"a of shape \[1\] and type F32 has 8 bytes"),
        (raw({"a": entry(0, 4, shape=(-1,))}, b"1234"), "no whole numbers"),
        (raw({"a": entry(0, 4, shape=(True,))}, b"1234"), "no whole numbers"),
        (raw({"a": entry(0, 4)}, b"12345678"), "bytes of no tensor: "),
        (raw({"a": entry(0, 1 << 62, shape=(1 << 60,))}), "cut short"),
        (raw({"a": entry(0, 4), "b": entry(0, 4)}, b"12345678"), "b in a wrong place"),
        (raw({"a": entry(4, 8), "b": entry(8, 12)}, b"12345678"), "a in a wrong place"),
    ],
)
def test_headers_are_checked_before_anything_is_read(plain_case, content, message):
    (plain_case.directory / WEIGHTS).write_bytes(content)
    refuses(plain_case, message)


def test_a_huge_header_is_not_read(plain_case, monkeypatch):
    monkeypatch.setattr("oft_demo.policy.official.shards.MAX_HEADER_BYTES", 1000)
    refuses(plain_case, r"with a header of \d+ bytes; expected at most 1000")


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "a\\b.safetensors", "..", 3, "x.pt"])
def test_an_index_may_name_files_beside_it_only(write, name):
    case = write(written={"shard_bytes": 400_000})
    case.edit("model.safetensors.index.json", lambda v: v["weight_map"].update({BIAS: name}))
    refuses(case, "index.json that names .*; expected names of safetensors files in the same directory")


def test_missing_and_doubled_shards_are_named(write):
    case = write(written={"shard_bytes": 400_000})
    first, second = (case.directory / f"model-0000{n}-of-00003.safetensors" for n in (1, 2))
    kept = second.read_bytes()
    second.write_bytes(first.read_bytes())
    refuses(case, "which model-00001-of-00003.safetensors has too")
    second.unlink()
    refuses(case, "no model-00002-of-00003.safetensors; expected the 3 files")
    second.write_bytes(kept)
    case.edit("model.safetensors.index.json", lambda values: values.pop("weight_map"))
    refuses(case, "without a weight_map")


def test_code_in_a_component_is_refused_and_not_run(plain_case, tmp_path):
    made = tmp_path / "made"
    torch.save({"module.fc1.weight": Hostile(made)}, plain_case.path("proprio_projector"))
    refuses(plain_case, r"proprio_projector--70000_checkpoint\.pt that runs code .*mkdir.* and was refused")
    plain_case.path("proprio_projector").write_bytes(pickle.dumps(Hostile(made)))
    refuses(plain_case, "damaged, cut short or of another format")
    assert not made.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(2)], "that holds a list"),
        ({}, "that holds a dict"),
        ({"fc1.weight": 3}, "'fc1.weight', which is a int"),
        ({7: torch.zeros(2)}, "with 7, which is a Tensor"),
        ({"fc1.weight": torch.zeros(2, dtype=torch.int64)}, "fc1.weight of type int64; expected a dense tensor"),
        ({"fc1.weight": torch.eye(3).to_sparse()}, "expected a dense tensor"),
        ({"fc1.weight": torch.zeros(1).expand(10**9, 14)}, r"fc1.weight of shape \[1000000000, 14\]; expected"),
    ],
)
def test_components_hold_named_tensors(plain_case, content, message):
    if isinstance(content, dict) and "fc1.weight" in content:
        content = {**torch.load(plain_case.path("proprio_projector"), weights_only=True), **content}
        content.pop("module.fc1.weight")
    torch.save(content, plain_case.path("proprio_projector"))
    refuses(plain_case, message)


def test_damaged_components_are_named(plain_case):
    path = plain_case.path("action_head")
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    refuses(plain_case, "action_head--70000_checkpoint.pt that is damaged, cut short")
    path.write_bytes(b"")
    refuses(plain_case, "damaged, cut short")
    path.write_bytes(whole)
    squeezed = path.with_name("squeezed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(squeezed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    squeezed.replace(path)
    refuses(plain_case, "that is compressed")


def test_a_component_whose_list_is_huge_is_not_read(plain_case, monkeypatch):
    monkeypatch.setattr("oft_demo.policy.official.state_dicts.MAX_INDEX_BYTES", 100)
    refuses(plain_case, "with a list of tensors that is too large")


@pytest.mark.parametrize("component", ["action_head", "proprio_projector", "vision_backbone"])
def test_a_missing_component_is_named(film_case, component):
    film_case.path(component).unlink()
    refuses(film_case, rf"no {component}--\*_checkpoint\.pt; expected exactly one; .*policy\.json")


def test_several_steps_need_a_choice(plain_case):
    path = plain_case.path("action_head")
    path.with_name("action_head--latest_checkpoint.pt").write_bytes(path.read_bytes())
    refuses(plain_case, r'in 2 files: .* exactly one. Say which: "step" in policy\.json, one of 70000, latest')
    refuses(
        plain_case, r"no action_head--5_checkpoint\.pt; expected one of the steps that are there: 70000, lat", step=5
    )
    plain_case.read(step=70000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"action_dim": 7},
            r"action_head--.* module\.model\.fc2\.weight of 14 rows; expected 7, as .* \"action_dim\": 14 into",
        ),
        (
            {"proprio_dim": 8},
            r"proprio_projector--.* module\.fc1\.weight of 14 columns; expected 8, .* \"proprio_dim\": 14 into",
        ),
        ({"head": "diffusion"}, r"no noisy_action_projector--"),
        ({"film": False}, r"vision_backbone--100000_checkpoint\.pt .* without FiLM; expected no such.* \"film\": true"),
        ({"proprio": False}, r"proprio_projector--.* reads no joints; expected no such file.* \"proprio\": true"),
        ({"head": "autoregressive", "chunk_length": 1, "film": False}, r"vision_backbone--"),
    ],
)
def test_contradictions_say_what_to_write(film_case, changes, message):
    refuses(film_case, message, facts=replace(film_case.facts, **changes))


def test_heads_of_another_kind_are_recognised(write, plain_case):
    denoising = write("denoising", head="diffusion")
    facts = replace(denoising.facts, head="l1")
    kinds = r"noise_predictor\..* of a head of the kind diffusion; expected model\.\* .*l1.* \"head\": \"diffusion\""
    refuses(denoising, kinds, facts=facts)
    path = plain_case.path("proprio_projector")
    path.with_name("noisy_action_projector--70000_checkpoint.pt").write_bytes(path.read_bytes())
    facts = replace(plain_case.facts, head="diffusion")
    refuses(plain_case, r"with module\.model\..* of a head of the kind l1.* \"head\": \"l1\"", facts=facts)


def test_a_head_of_another_language_model_is_recognised(plain_case, film_case):
    plain_case.path("action_head").write_bytes(film_case.path("action_head").read_bytes())
    refuses(plain_case, r"fc1\.weight of 224 columns; expected action_dim 14 \* width 12 .* = 168. Is it of another")


def test_updates_must_fit_their_weights(film_case):
    key = "vision_backbone.featurizer.blocks.0.block.attn.qkv.lora_B.default.weight"
    film_case.retrain("vision_backbone", lambda tensors: {**tensors, key: torch.zeros(96, 8)})
    refuses(film_case, r"lora_A.default.weight of shape \[32, 32\] and .*\[96, 8\]; expected \[32, 32\] and \[96, 32\]")
    film_case.retrain("vision_backbone", lambda tensors: {n: v for n, v in tensors.items() if n != key})
    refuses(film_case, r"LoRA update of .*qkv\.weight but without its lora_B")


def test_a_film_layer_that_is_missing_is_named(film_case):
    key = "vision_backbone.featurizer.blocks.1.shift.bias"
    film_case.retrain("vision_backbone", lambda tensors: {n: v for n, v in tensors.items() if n != key})
    refuses(film_case, rf"vision_backbone--100000_checkpoint\.pt without {key}")
    with pytest.raises(InvalidCheckpoint, match=rf"without {key}"):
        film_layers(film_case.directory, film_case.facts)
    with pytest.raises(InvalidCheckpoint, match="of a policy with FiLM"):
        film_layers(film_case.directory, replace(film_case.facts, film=False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"r": 16}, r"adapter_config.json with r 16, but .*lora_A.* in vision_backbone--.* has 32 rows"),
        ({"lora_alpha": -1}, "with lora_alpha -1; expected a positive number"),
        ({"lora_alpha": "16"}, "with lora_alpha '16'"),
        ({"use_dora": True}, "with use_dora True; expected plain LoRA updates"),
    ],
)
def test_an_adapter_that_contradicts_the_weights_is_refused(film_case, change, message):
    film_case.edit("lora_adapter/adapter_config.json", lambda values: values.update(change))
    refuses(film_case, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "llama"}, "model_type 'llama'; expected 'openvla'"),
        ({"timm_model_ids": ["a", "b"]}, "vision tower a, whose sizes are not known; expected one of vit_large"),
        ({"timm_model_ids": 7}, "timm_model_ids 7"),
        ({"use_fused_vision_backbone": False}, "use_fused_vision_backbone False"),
        ({"image_resize_strategy": "letterbox"}, "image_resize_strategy 'letterbox'"),
        ({"timm_override_act_layers": ["quick_gelu", None]}, "quick_gelu"),
        ({"image_sizes": [224, 384]}, "pictures of one size"),
        ({"image_sizes": [10**9, 10**9]}, "image_sizes is 1000000000"),
        ({"text_config": 3}, "that does not fit"),
    ],
)
def test_networks_of_another_kind_are_refused(plain_case, change, message):
    plain_case.edit("config.json", lambda values: values.update(change))
    refuses(plain_case, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_key_value_heads": 1}, "num_key_value_heads is 1 with 2 heads; grouped queries are not supported"),
        ({"hidden_size": 10**12}, "hidden_size is 1000000000000"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers is 1000000"),
        ({"num_hidden_layers": True}, "num_hidden_layers is True"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_scaling": {"type": "linear"}}, "rope_scaling"),
        ({"rms_norm_eps": 0}, "rms_norm_eps is 0"),
        ({"num_hidden_layers": 3}, r"without language_model\.model\.layers\.2\.input_layernorm\.weight and 8 more"),
        ({"num_hidden_layers": 1}, r"with the unknown language_model\.model\.layers\.1"),
        ({"vocab_size": 32000}, "with a token 32000; expected numbers below vocab_size 32000"),
    ],
)
def test_language_models_of_another_kind_are_refused(plain_case, change, message):
    plain_case.edit("config.json", lambda values: values["text_config"].update(change))
    refuses(plain_case, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: (v.pop("tvf_normalize_params"), v.pop("means")), "preprocessor_config.json that does not fit"),
        (lambda v: v["tvf_normalize_params"].pop(), "three means and three deviations for each of two towers"),
        (lambda v: v["tvf_normalize_params"][0].update(std=[0, 1, 1]), r"\[0, 1, 1\]"),
        (lambda v: v.update(tvf_do_letterbox=True), "expected resize-naive"),
    ],
)
def test_pixels_must_have_a_mean_and_a_deviation(plain_case, change, message):
    plain_case.edit("preprocessor_config.json", change)
    refuses(plain_case, message)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer.json", WEIGHTS])
def test_a_missing_file_is_named(plain_case, name):
    (plain_case.directory / name).unlink()
    refuses(plain_case, f"plain: found no {name}")


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
@pytest.mark.parametrize("name", ["config.json", "dataset_statistics.json", "policy.json"])
def test_json_that_is_none_is_named(plain_case, name, content):
    (plain_case.directory / name).write_text(content)
    with pytest.raises(InvalidCheckpoint, match=name):
        plain_case.read() if name != "policy.json" else plain_case.read_as_found()


def test_a_directory_that_does_not_exist_is_named(plain_case):
    missing = replace(plain_case, directory=plain_case.directory / "nowhere")
    refuses(missing, "nowhere: found no such directory", facts=PRESETS["aloha"])
