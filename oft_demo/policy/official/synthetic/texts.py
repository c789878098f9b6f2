"""The files beside the weights of a random checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oft_demo.policy.config import LlamaConfig, OftConfig, VitConfig
from oft_demo.policy.normalization import Statistics
from oft_demo.policy.official.complaints import POLICY_FILE
from oft_demo.policy.official.facts import MODEL_TYPE, PRESETS, Facts
from oft_demo.policy.official.files import CONFIG, PREPROCESSOR
from oft_demo.policy.official.lora import ADAPTER
from oft_demo.policy.official.names import TOWERS
from oft_demo.policy.official.preprocessor import RESIZE
from oft_demo.policy.official.statistics import STATISTICS
from oft_demo.policy.official.synthetic.tokenizer import write_tokenizer
from oft_demo.policy.official.towers import KEY, PUBLISHED, described

RANDOM_IDS = ("random_dinov2", "random_siglip")  # of towers in other sizes than the published ones
UNNORM_KEY = "random_demos"
SAMPLES = 200  # transitions of the made-up data set


def timm_ids(config: OftConfig) -> list[str]:
    """Names of the towers, published ones where the sizes are."""
    names: list[str] = []
    for (name, published), other, place in zip(PUBLISHED.items(), RANDOM_IDS, TOWERS, strict=True):
        tower: VitConfig = getattr(config, place)
        names.append(name if replace(tower, mean=published.mean, std=published.std) == published else other)
    return names


def write_texts(directory: Path, config: OftConfig, facts: Facts, rank: int, alpha: int) -> None:
    """Everything but the weights."""
    write_json(directory / CONFIG, _config(config))
    write_json(directory / PREPROCESSOR, _preprocessor(config))
    write_json(directory / STATISTICS, {facts.unnorm_key or UNNORM_KEY: _statistics(facts)})
    (directory / ADAPTER).parent.mkdir(exist_ok=True)
    write_json(directory / ADAPTER, {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "bias": "none"})
    preset = PRESETS.get(facts.platform, PRESETS["aloha"])
    usual = asdict(preset)
    own = {name: value for name, value in asdict(facts).items() if value != usual[name] and name != "platform"}
    towers = {name: getattr(config, place) for name, place in zip(timm_ids(config), TOWERS, strict=True)}
    sizes = {name: described(tower) for name, tower in towers.items() if name not in PUBLISHED}
    write_json(directory / POLICY_FILE, {"preset": preset.platform, **own, **({KEY: sizes} if sizes else {})})
    write_tokenizer(directory)


def _config(config: OftConfig) -> dict[str, Any]:
    return {
        "architectures": ["OpenVLAForActionPrediction"],
        "image_resize_strategy": RESIZE,
        "image_sizes": [config.image_size, config.image_size],
        "model_type": MODEL_TYPE,
        "norm_stats": {},
        "pad_token_id": config.language.pad_id,
        "text_config": _text(config.language),
        "timm_model_ids": timm_ids(config),
        "timm_override_act_layers": [None, None],
        "torch_dtype": "bfloat16",
        "use_fused_vision_backbone": True,
        "vision_backbone_id": "dinosiglip-vit-so-224px",
    }


def _text(language: LlamaConfig) -> dict[str, Any]:
    return {
        "hidden_size": language.width,
        "intermediate_size": language.mlp_width,
        "model_type": "llama",
        "num_attention_heads": language.heads,
        "num_hidden_layers": language.layers,
        "pad_token_id": language.pad_id,
        "rms_norm_eps": language.norm_epsilon,
        "rope_theta": language.rope_theta,
        "torch_dtype": "bfloat16",
        "vocab_size": language.vocabulary,
    }


def _preprocessor(config: OftConfig) -> dict[str, Any]:
    """The constants rounded to bf16 where they are used, as in published files."""
    towers = config.featurizer, config.fused_featurizer
    rounded = [
        {"mean": torch.tensor(tower.mean).bfloat16().tolist(), "std": torch.tensor(tower.std).bfloat16().tolist()}
        for tower in towers
    ]
    return {
        "image_processor_type": "PrismaticImageProcessor",
        "image_resize_strategy": RESIZE,
        "means": [tower.mean for tower in towers],
        "stds": [tower.std for tower in towers],
        "tvf_do_letterbox": False,
        "tvf_normalize_params": rounded,
    }


def _statistics(facts: Facts) -> dict[str, Any]:
    """Of made-up joints; a gripper at the end of an end-effector's action is left as it is."""
    generator = np.random.default_rng(0)
    actions, joints = (generator.normal(size=(SAMPLES, count)) for count in (facts.action_dim, facts.proprio_dim))
    entry = Statistics.of(actions, joints, trajectories=10).to_json()
    del entry["proprio"]["mask"]
    if facts.normalization == "bounds_q99":
        entry["action"]["mask"][-1] = False
    return entry


def write_json(path: Path, values: dict[str, Any]) -> Path:
    path.write_text(json.dumps(values, indent=2) + "\n")
    return path
