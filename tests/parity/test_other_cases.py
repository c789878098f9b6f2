"""Cases of other sizes, robots and heads, made here: they prove that the way through is there, not what is said."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from oft_demo import cli
from oft_demo.parity import compute, load_case, read_case
from oft_demo.parity.pictures import RECIPES
from oft_demo.policy import LlamaConfig, OftConfig, VitConfig
from oft_demo.policy.action_tokens import bin_centers
from oft_demo.policy.config import DINOV2_MEAN, DINOV2_STD, SIGLIP_MEAN, SIGLIP_STD
from oft_demo.policy.official import PRESETS
from oft_demo.policy.official.synthetic import towers_of, write_random

DINO = VitConfig(24, 3, 96, 2, 14, DINOV2_MEAN, DINOV2_STD, class_token=True, registers=4, layer_scale=True)
SIGLIP = VitConfig(32, 2, int(32 * 3.7362), 3, 14, SIGLIP_MEAN, SIGLIP_STD)
LLAMA = LlamaConfig(width=16, heads=2, layers=2, mlp_width=40, vocabulary=32064)


def vit_entry(tower):
    """A tower as case.json describes it."""
    return {
        "embed_dim": tower.width,
        "depth": tower.blocks_used + 1,
        "num_heads": tower.heads,
        "patch_size": 14,
        "img_size": 224,
        "mlp_ratio": 4.0 if tower is DINO else 3.7362,
        "class_token": tower.class_token,
        "reg_tokens": tower.registers,
        "init_values": 1e-5 if tower.layer_scale else None,
        "feature_block": tower.blocks_used - 1,
    }


def case_values(config, facts, queries):
    return {
        "platform": "libero",
        "num_actions_chunk": config.chunk_length,
        "action_dim": 7,
        "proprio_dim": 8,
        "normalization": "bounds_q99",
        "unnorm_key": facts.unnorm_key,
        "num_images": config.images,
        "use_film": config.film,
        "use_proprio": config.proprio,
        "head": config.head,
        "center_crop": True,
        "lora_rank": 8,
        "lora_alpha": 8,
        "llm": {"rms_norm_eps": 1e-6, "rope_theta": 10000.0},
        "vit": {name: vit_entry(tower) for name, tower in zip(towers_of(config), (DINO, SIGLIP), strict=True)},
        "diffusion": {"num_diffusion_steps_train": 50, "num_diffusion_steps_inference": config.denoising_steps},
        "queries": queries,
    }


@pytest.fixture
def make_case(tmp_path):
    """A LIBERO-like case with some head; its answers are those of the code under test, as it is now."""

    def make(head, recipe=RECIPES[2], **changes):
        speaks = head in ("discrete", "autoregressive")
        rows = 1 if head == "autoregressive" else 8
        key = "libero_spatial_no_noops"
        facts = replace(PRESETS["libero"], chunk_length=rows, head=head, proprio=not speaks, unnorm_key=key)
        config = OftConfig(224, DINO, SIGLIP, LLAMA, images=2, film=False, chunk_length=facts.chunk_length)
        config = replace(config, action_dim=7, proprio_dim=8, normalization="bounds_q99", head=head, **changes)
        config = replace(config, proprio=facts.proprio, pictures="openvla", center_crop=True)
        directory = tmp_path / head
        write_random(directory / "checkpoint", config, facts, step="150000", lora_rank=8, lora_alpha=8)
        generator = np.random.default_rng(5)
        (directory / "inputs").mkdir()
        names = [f"inputs/scene1_{camera}.png" for camera in ("full_image", "wrist_image")]
        smooth = [
            np.kron(generator.integers(0, 256, (8, 8, 3), np.uint8), np.ones((32, 32, 1), np.uint8)) for _ in names
        ]
        for name, picture in zip(names, smooth, strict=True):
            Image.fromarray(picture).save(directory / name)
        queries = [
            {"prefix": f"q{index}_", "instruction": text, "scene": 1, "images": names}
            for index, text in enumerate(("Pick up the black bowl", "close the drawer"))
        ]
        (directory / "case.json").write_text(json.dumps(case_values(config, facts, queries)))
        given = {"q0_state_raw": generator.normal(size=8), "q1_state_raw": generator.normal(size=8)}
        for index in range(2):
            given[f"q{index}_diffusion_noise"] = generator.normal(size=(1, 8, 7)).astype(np.float32)
        for index, picture in enumerate(smooth):
            sent = recipe.picture(picture, 224)
            given[f"q0_payload_{('full_image', 'wrist_image')[index]}"] = sent
        _record(directory, recipe, smooth, given)
        return directory

    return make


def _record(directory, recipe, pictures, given):
    from oft_demo.policy.openvla_images import network_picture

    crops = {f"q0_cropped_{i}": network_picture(recipe.picture(p, 224), 224) for i, p in enumerate(pictures)}
    np.savez(directory / "expected_fp32.npz", **given, **crops)
    case = read_case(directory)
    computed = compute(case, load_case(case), "crops")
    answers = {name: value for name, value in computed.arrays.items() if name not in crops}
    np.savez(directory / "expected_fp32.npz", **given, **crops, **answers)


@pytest.mark.parametrize("start", ["crops", "png"])
@pytest.mark.parametrize("head", ["l1", "diffusion", "discrete", "autoregressive"])
def test_every_head_of_a_robot_with_two_cameras_goes_through(make_case, head, start, capsys):
    changes = {"denoising_steps": 10} if head == "diffusion" else {}
    assert cli.main(["check-parity", str(make_case(head, **changes)), "--from", start]) == 0
    table = capsys.readouterr().out
    assert "q1_normalized_actions" in table
    assert ("q1_predicted_token_ids" in table) == (head in ("discrete", "autoregressive"))
    assert "LIBERO evaluation" in table or start == "crops"


def test_the_start_noise_of_a_denoising_matters(make_case, capsys):
    directory = make_case("diffusion", denoising_steps=5)
    with np.load(directory / "expected_fp32.npz") as arrays:
        changed = {**arrays, "q1_diffusion_noise": arrays["q1_diffusion_noise"] + 0.3}
    np.savez(directory / "expected_fp32.npz", **changed)
    assert cli.main(["check-parity", str(directory)]) == 1
    over = [line for line in capsys.readouterr().out.splitlines() if "OVER" in line]
    assert any(line.startswith("q1_normalized_actions") for line in over)
    assert not any(line.startswith("q0_") for line in over)


def test_another_client_is_recognised_by_its_pictures_and_said_aloud(make_case, capsys):
    directory = make_case("l1", recipe=RECIPES[0])
    assert cli.main(["check-parity", str(directory), "--from", "png"]) == 0
    assert "raw frames became pictures by: ALOHA client" in capsys.readouterr().out


def test_words_recorded_in_double_precision_pass(make_case, capsys):
    directory = make_case("discrete")
    with np.load(directory / "expected_fp32.npz") as arrays:
        changed = dict(arrays)
    for prefix in ("q0_", "q1_"):
        bins = 32000 - changed[f"{prefix}predicted_token_ids"].reshape(8, 7)
        changed[f"{prefix}normalized_actions"] = bin_centers()[np.clip(bins - 1, 0, 254)]
    np.savez(directory / "expected_fp32.npz", **changed)
    assert cli.main(["check-parity", str(directory)]) == 0
    assert "q1_predicted_token_ids" in capsys.readouterr().out


def test_pictures_that_were_not_cropped_may_be_recorded_as_they_were_sent(make_case):
    directory = make_case("l1")
    values = json.loads((directory / "case.json").read_text())
    (directory / "case.json").write_text(json.dumps({**values, "center_crop": False}))
    with np.load(directory / "expected_fp32.npz") as arrays:
        kept = {name: value for name, value in arrays.items() if "cropped" not in name}
    np.savez(directory / "expected_fp32.npz", **kept)
    case = read_case(directory)
    computed = compute(case, load_case(case), "crops")
    from_frames = compute(case, load_case(case), "png")
    np.testing.assert_allclose(
        computed.arrays["q0_normalized_actions"], from_frames.arrays["q0_normalized_actions"], atol=1e-6
    )
