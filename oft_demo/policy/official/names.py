"""Names of tensors: those of published files, and what the network here calls the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from oft_demo.policy.config import OftConfig
from oft_demo.policy.official.complaints import UnusableFile
from oft_demo.policy.official.lora import MergedTensor, merge
from oft_demo.policy.official.state_dicts import MappedTensor

TOWERS = ("featurizer", "fused_featurizer")
VISION = "vision_backbone."
LM_HEAD = "language_model.lm_head.weight"
# A block inside its FiLM wrapper, a layer inside its LoRA wrapper, and the two parts of the update.
WRAPPED_BLOCK = re.compile(r"(\.blocks\.\d+)\.block\.")
BASE_LAYER = ".base_layer."
UPDATE = re.compile(r"\.lora_([AB])\.default\.weight$")
# Positions that old versions of transformers stored; they are computed here.
STORED_POSITIONS = re.compile(r"language_model\.model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq")


def without_effect(name: str, config: OftConfig) -> bool:
    """Whether OFT never uses a published tensor: features are read before a tower's last block, norm and pooling."""
    if name == LM_HEAD:
        return not config.speaks
    if STORED_POSITIONS.fullmatch(name):
        return True
    for tower in TOWERS:
        rest = name.removeprefix(f"{VISION}{tower}.")
        if rest != name:
            last = f"blocks.{getattr(config, tower).blocks_used}."
            return rest.startswith(("norm.", "attn_pool.", last))
    return False


def unwrapped(
    path: Path, tensors: Mapping[str, MappedTensor], alpha: float | None
) -> dict[str, MappedTensor | MergedTensor]:
    """The tensors of a vision backbone that was trained with FiLM and LoRA, by the names that it had before."""
    plain: dict[str, MappedTensor] = {}
    updates: dict[tuple[str, str], MappedTensor] = {}
    for key, tensor in tensors.items():
        name = WRAPPED_BLOCK.sub(r"\1.", key)
        update = UPDATE.search(name)
        if update:
            updates[name[: update.start()] + ".weight", update[1]] = tensor
            continue
        name = name.replace(BASE_LAYER, ".")
        if name in plain:
            raise UnusableFile(path.parent, path.name, f"with {key} and {plain[name].key}", "only one of them")
        plain[name] = tensor
    whole: dict[str, MappedTensor | MergedTensor] = dict(plain)
    for name in sorted({name for name, _ in updates}):
        parts = {"weight": plain.get(name), "lora_A": updates.get((name, "A")), "lora_B": updates.get((name, "B"))}
        base, down, up = parts.values()
        if base is None or down is None or up is None:
            missing = ", ".join(part for part, tensor in parts.items() if tensor is None)
            found = f"with a LoRA update of {name} but without its {missing}"
            raise UnusableFile(path.parent, path.name, found, "weight, lora_A and lora_B")
        whole[name] = merge(base, down, up, alpha)
    return whole
