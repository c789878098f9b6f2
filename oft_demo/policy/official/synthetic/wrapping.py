"""The file of a vision backbone that was trained with FiLM and LoRA: each block and each layer inside a wrapper."""

import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from oft_demo.policy.config import OftConfig
from oft_demo.policy.official.names import BASE_LAYER
from oft_demo.policy.official.synthetic.values import random_values

# PEFT's "all-linear" matches by the end of a name, which the patch embedding's convolution shares.
UPDATED = re.compile(r"\.(qkv|proj|fc1|fc2|q|kv)\.(weight|bias)$")
BLOCK = re.compile(r"(\.blocks\.\d+)\.(?!scale\.|shift\.)")


def wrapped(
    shapes: Mapping[str, tuple[int, ...]], config: OftConfig, rank: int, generator: torch.Generator
) -> dict[str, Tensor]:
    """Random tensors under the names of that file; FiLM in fp32, the rest in bf16."""
    return {name: values for key in sorted(shapes) for name, values in _parts(key, shapes[key], rank, generator)}


def _parts(key: str, shape: tuple[int, ...], rank: int, generator: torch.Generator) -> Iterator[tuple[str, Tensor]]:
    name = BLOCK.sub(r"\1.block.", key)
    if name == key and ".blocks." in key:
        yield key, random_values(key, shape, generator)
        return
    match = UPDATED.search(name)
    if match is None:
        yield name, random_values(key, shape, generator).bfloat16()
        return
    layer, kind = name[: match.end(1)], match[2]
    yield f"{layer}{BASE_LAYER}{kind}", random_values(key, shape, generator).bfloat16()
    if kind == "weight":
        down = f"{layer}.lora_A.default.weight", (rank, *shape[1:])
        up = f"{layer}.lora_B.default.weight", (shape[0], rank, *(1 for _ in shape[2:]))
        for part, size in (down, up):
            yield part, random_values(part, size, generator).bfloat16()
