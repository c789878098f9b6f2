"""A random checkpoint, written tensor by tensor."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oft_demo.policy.config import OftConfig, VitConfig
from oft_demo.policy.model import OftModel
from oft_demo.policy.official.facts import Facts
from oft_demo.policy.official.files import INDEX, SINGLE
from oft_demo.policy.official.names import LM_HEAD, TOWERS, VISION
from oft_demo.policy.official.synthetic.texts import timm_ids, write_json, write_texts
from oft_demo.policy.official.synthetic.values import random_values
from oft_demo.policy.official.synthetic.wrapping import wrapped
from oft_demo.policy.official.towers import PUBLISHED

COMPONENTS = ("action_head", "noisy_action_projector", "proprio_projector")
Shapes = Mapping[str, tuple[int, ...]]


def write_random(
    directory: Path,
    config: OftConfig,
    facts: Facts,
    *,
    step: str = "100000",
    lora_rank: int = 32,
    lora_alpha: int = 16,
    shard_bytes: int = 5_000_000_000,
    seed: int = 0,
    module_prefix: bool = True,
) -> None:
    """Write a directory file by file; of the weights, at most one component or one tensor is in memory.

    Weights keep activations finite and dependent on what goes in. `towers_of` gives what loading such a directory needs
    to know where its towers are not the published ones.
    """
    directory.mkdir(parents=True, exist_ok=True)
    shapes = _shapes(config)
    write_texts(directory, config, facts, lora_rank, lora_alpha)
    single = {n: s for n, s in shapes.items() if not n.startswith(tuple(f"{name}." for name in COMPONENTS))}
    single |= {LM_HEAD: (config.language.vocabulary, config.width)} | _unused(config)
    stored = {name: shape for name, shape in single.items() if ".scale." not in name and ".shift." not in name}
    _write_shards(directory, stored, shard_bytes, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    for name in COMPONENTS:
        part = {key.removeprefix(f"{name}."): shape for key, shape in shapes.items() if key.startswith(f"{name}.")}
        if part:
            dtype = torch.bfloat16 if name == "action_head" else torch.float32
            start = "module." if module_prefix else ""
            tensors = {start + key: random_values(key, shape, generator).to(dtype) for key, shape in part.items()}
            _write_component(directory, name, step, tensors)
    if config.film:
        vision = {name: shape for name, shape in single.items() if name.startswith(VISION)}
        _write_component(directory, "vision_backbone", step, wrapped(vision, config, lora_rank, generator))


def towers_of(config: OftConfig) -> dict[str, VitConfig]:
    """Sizes of the towers that have no published name, by the name they are given here."""
    towers = config.featurizer, config.fused_featurizer
    return {name: tower for name, tower in zip(timm_ids(config), towers, strict=True) if name not in PUBLISHED}


def _shapes(config: OftConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        model = OftModel(config)
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def _unused(config: OftConfig) -> dict[str, tuple[int, ...]]:
    """What published files hold and OFT never reads: each tower's last block and norm, and SigLIP's pooling."""
    deeper = replace(config, **{name: _with_last_block(getattr(config, name)) for name in TOWERS})
    shapes = {name: shape for name, shape in _shapes(deeper).items() if name.startswith(VISION)}
    for place in TOWERS:
        width = getattr(config, place).width
        shapes |= {f"{VISION}{place}.norm.{kind}": (width,) for kind in ("weight", "bias")}
    return shapes | {f"{VISION}fused_featurizer.attn_pool.{name}": shape for name, shape in _pooling(config).items()}


def _pooling(config: OftConfig) -> dict[str, tuple[int, ...]]:
    tower = config.fused_featurizer
    layers = {
        "q": (tower.width, tower.width),
        "kv": (2 * tower.width, tower.width),
        "proj": (tower.width, tower.width),
        "mlp.fc1": (tower.mlp_width, tower.width),
        "mlp.fc2": (tower.width, tower.mlp_width),
    }
    weights = {f"{layer}.weight": shape for layer, shape in layers.items()}
    biases = {f"{layer}.bias": shape[:1] for layer, shape in layers.items()}
    norm: dict[str, tuple[int, ...]] = {f"norm.{kind}": (tower.width,) for kind in ("weight", "bias")}
    return {"latent": (1, 1, tower.width), **weights, **biases, **norm}


def _with_last_block(tower: VitConfig) -> VitConfig:
    return replace(tower, blocks_used=tower.blocks_used + 1)


def _write_shards(directory: Path, shapes: Shapes, shard_bytes: int, seed: int) -> None:
    """bf16 safetensors, each tensor made when it is written."""
    shards: list[dict[str, tuple[int, ...]]] = [{}]
    for name, shape in sorted(shapes.items()):
        if shards[-1] and sum(map(_size, shards[-1].values())) + _size(shape) > shard_bytes:
            shards.append({})
        shards[-1][name] = shape
    count = len(shards)
    names = [SINGLE] if count == 1 else [f"model-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)]
    generator = torch.Generator().manual_seed(seed)
    for name, shard in zip(names, shards, strict=True):
        _write_safetensors(directory / name, shard, lambda key, shape: random_values(key, shape, generator))
    if count > 1:
        weight_map = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
        total = sum(map(_size, shapes.values()))
        write_json(directory / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


def _size(shape: tuple[int, ...]) -> int:
    return torch.bfloat16.itemsize * math.prod(shape)


def _write_safetensors(path: Path, shapes: Shapes, values: Callable[[str, tuple[int, ...]], Tensor]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, shape in shapes.items():
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [place, place + _size(shape)]}
        place += _size(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in shapes.items():
            file.write(values(name, shape).to(torch.bfloat16).view(-1).view(torch.uint8).numpy().data)


def _write_component(directory: Path, name: str, step: str, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, directory / f"{name}--{step}_checkpoint.pt")
