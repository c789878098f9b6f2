"""Sizes of an official network: config.json, read as the published code reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from oft_demo.policy.config import DINOV2_LARGE, LLAMA_7B, LlamaConfig, OftConfig, VitConfig, check
from oft_demo.policy.official.complaints import POLICY_FILE, UnusableFile
from oft_demo.policy.official.facts import MODEL_TYPE, Facts
from oft_demo.policy.official.files import CONFIG, read_json
from oft_demo.policy.official.preprocessor import RESIZE, means_and_stds
from oft_demo.policy.official.towers import KEY, PUBLISHED, described, described_towers

# No published network comes near; a larger one is a mistake or an attempt to fill the memory.
LARGEST = {
    "hidden_size": 1 << 15,
    "num_hidden_layers": 256,
    "num_attention_heads": 512,
    "intermediate_size": 1 << 17,
    "vocab_size": 1 << 20,
}
LARGEST_IMAGE = 1024  # [pixels]
# Settings under which the network would be another one than the one here.
AS_PUBLISHED: Mapping[str, tuple[Any, ...]] = {
    "hidden_act": (None, "silu"),
    "attention_bias": (None, False),
    "mlp_bias": (None, False),
    "rope_scaling": (None,),
    "tie_word_embeddings": (None, False),
}


def config_of(
    directory: Path,
    facts: Facts,
    towers: Mapping[str, VitConfig] | None = None,
    norm_epsilon: float | None = None,
    rope_theta: float | None = None,
) -> OftConfig:
    """The network of a directory; `norm_epsilon` and `rope_theta` hold where config.json is silent."""
    values = read_json(directory, CONFIG)
    _check_kind(directory, values)
    names = _timm_ids(directory, values)
    first, second = (
        replace(_tower(directory, name, {**described_towers(directory), **(towers or {})}), mean=mean, std=std)
        for name, (mean, std) in zip(names, means_and_stds(directory), strict=True)
    )
    try:
        defaults = replace(
            LLAMA_7B,
            norm_epsilon=LLAMA_7B.norm_epsilon if norm_epsilon is None else norm_epsilon,
            rope_theta=LLAMA_7B.rope_theta if rope_theta is None else rope_theta,
        )
        language = _language(values, defaults)
        config = _network(_image_size(values), first, second, language, facts)
        check(config)
    except (TypeError, ValueError, AttributeError) as error:
        raise UnusableFile(directory, CONFIG, f"that does not fit ({error})", "sizes of an OpenVLA network") from error
    return config


def pad_id(values: Mapping[str, Any]) -> int:
    """The padding token of a config.json."""
    text = values.get("text_config") or {}
    return _whole("pad_token_id", text.get("pad_token_id", values.get("pad_token_id", LLAMA_7B.pad_id)), 1 << 20, 0)


def _network(image_size: int, first: VitConfig, second: VitConfig, language: LlamaConfig, facts: Facts) -> OftConfig:
    return OftConfig(
        image_size=image_size,
        featurizer=first,
        fused_featurizer=second,
        language=language,
        images=facts.images,
        film=facts.film,
        chunk_length=facts.chunk_length,
        action_dim=facts.action_dim,
        proprio_dim=facts.proprio_dim,
        normalization=facts.normalization,
        head=facts.head,
        proprio=facts.proprio,
        denoising_steps=facts.denoising_steps,
        pictures="openvla",
        center_crop=facts.center_crop,
    )


def _check_kind(directory: Path, values: dict[str, Any]) -> None:
    expected = {
        "model_type": (MODEL_TYPE,),
        "use_fused_vision_backbone": (True, None),
        "image_resize_strategy": (RESIZE, None),
        "timm_override_act_layers": (None, [None, None]),
    }
    for name, choices in expected.items():
        if values.get(name) not in choices:
            raise UnusableFile(directory, CONFIG, f"with {name} {values.get(name)!r}", f"{choices[0]!r}")


def _timm_ids(directory: Path, values: dict[str, Any]) -> list[str]:
    found = values.get("timm_model_ids")
    if not isinstance(found, list) or len(found) != 2 or not all(isinstance(name, str) for name in found):
        expected = "the DINOv2 and the SigLIP tower, " + " and ".join(PUBLISHED)
        raise UnusableFile(directory, CONFIG, f"with timm_model_ids {found!r}", expected)
    return found


def _tower(directory: Path, name: str, towers: Mapping[str, VitConfig]) -> VitConfig:
    if name not in towers:
        expected = f"one of {', '.join(towers)}"
        advice = f'Describe it in {POLICY_FILE}: {{"{KEY}": {{"{name}": {json.dumps(described(DINOV2_LARGE))}}}}}'
        raise UnusableFile(
            directory, CONFIG, f"with the vision tower {name}, whose sizes are not known", expected, advice
        )
    return towers[name]


def _image_size(values: dict[str, Any]) -> int:
    found = values.get("image_sizes", [224, 224])
    sizes = found if isinstance(found, list) else [found]
    if not sizes or any(size != sizes[0] for size in sizes):
        raise ValueError(f"image_sizes is {found!r}; both towers look at pictures of one size")
    return _whole("image_sizes", sizes[0], LARGEST_IMAGE)


def _language(values: dict[str, Any], defaults: LlamaConfig) -> LlamaConfig:
    """Whatever text_config says; the rest are the defaults of transformers' LlamaConfig."""
    text = values.get("text_config") or {}
    for name, choices in AS_PUBLISHED.items():
        if text.get(name) not in choices:
            raise ValueError(f"text_config has {name} {text[name]!r}")
    usual = {
        "hidden_size": defaults.width,
        "num_hidden_layers": defaults.layers,
        "num_attention_heads": defaults.heads,
        "intermediate_size": defaults.mlp_width,
        "vocab_size": defaults.vocabulary,
    }
    found = {name: _whole(name, text.get(name, usual[name]), LARGEST[name]) for name in usual}
    heads, groups = found["num_attention_heads"], text.get("num_key_value_heads")
    if groups not in (None, heads):
        raise ValueError(f"num_key_value_heads is {groups!r} with {heads} heads; grouped queries are not supported")
    width = found["hidden_size"] // heads
    if text.get("head_dim") not in (None, width):
        raise ValueError(f"head_dim is {text['head_dim']!r}, not {width}")
    rotary = text.get("rope_parameters") or {}
    if rotary.get("rope_type") not in (None, "default"):
        raise ValueError(f"rope_type is {rotary['rope_type']!r}, not default")
    return replace(
        defaults,
        width=found["hidden_size"],
        heads=heads,
        layers=found["num_hidden_layers"],
        mlp_width=found["intermediate_size"],
        vocabulary=found["vocab_size"],
        norm_epsilon=_positive("rms_norm_eps", text.get("rms_norm_eps", defaults.norm_epsilon)),
        rope_theta=_positive("rope_theta", text.get("rope_theta", rotary.get("rope_theta", defaults.rope_theta))),
        pad_id=pad_id(values),
    )


def _whole(name: str, value: Any, largest: int, smallest: int = 1) -> int:
    if type(value) is not int or not smallest <= value <= largest:
        raise ValueError(f"{name} is {value!r}, not a whole number from {smallest} to {largest}")
    return value


def _positive(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} is {value!r}, not a positive number")
    return float(value)
