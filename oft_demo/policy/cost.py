"""What a network costs by arithmetic on its sizes: weights held, and work and weights read in one query.

Only products of matrices are counted as work, a multiplication and an addition each; norms, activations and rotary
positions are less than a thousandth of it in a published network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from oft_demo.policy.config import OftConfig, VitConfig

BF16, INT8 = 2, 1  # [bytes a weight]
# Computed or looked up when an instruction is new, so that no later query reads them.
ONCE_AN_INSTRUCTION = ("film", "embeddings")
HEAD_BLOCKS = 2  # residual blocks of an action head


@dataclass(frozen=True)
class Pass:
    """One run through some parts of the network."""

    flops: dict[str, int]  # by part
    parameters: int  # weights that it reads


def parameters(config: OftConfig) -> dict[str, int]:
    """Weights by part; only the parts that the network has."""
    d, language = config.width, config.language
    vision = config.featurizer.width + config.fused_featurizer.width
    counts = {
        "featurizer": _tower_parameters(config.featurizer, config.patches),
        "fused_featurizer": _tower_parameters(config.fused_featurizer, config.patches),
        "film": film_parameters(config) if config.film else 0,
        "projector": _linear(vision, 4 * vision) + _linear(4 * vision, d) + _linear(d, d),
        "proprio_projector": _linear(config.proprio_dim, d) + _linear(d, d) if config.proprio else 0,
        "noisy_action_projector": _linear(1, d) + _linear(d, d) if config.head == "diffusion" else 0,
        "action_slots": config.slot_count * d if config.learned_slots else 0,
        "trunk": trunk_products(config) + (2 * language.layers + 1) * d,
        "embeddings": language.vocabulary * d,
        "lm_head": language.vocabulary * d if config.speaks else 0,
        "action_head": _head_parameters(config) if config.head in ("l1", "diffusion") else 0,
    }
    return {part: count for part, count in counts.items() if count}


def film_parameters(config: OftConfig, unused_blocks: int = 0) -> int:
    """FiLM's weights, for the blocks here or with some more in each tower that have no effect."""
    towers = config.featurizer, config.fused_featurizer
    return sum(2 * _linear(config.width, tower.width) * (tower.blocks_used + unused_blocks) for tower in towers)


def read_in_every_query(config: OftConfig) -> int:
    """Weights without those that are needed once an instruction."""
    return sum(count for part, count in parameters(config).items() if part not in ONCE_AN_INSTRUCTION)


def sequence(config: OftConfig, prompt_tokens: int) -> dict[str, int]:
    """Tokens of the trunk's first pass by kind; the prompt is counted without its BOS."""
    counts = {
        "start": 1,
        "patches": config.images * config.patches,
        "joints": int(config.proprio),
        "noise level": int(config.head == "diffusion"),
        "prompt": prompt_tokens,
        "action slots": config.slot_count,
        "stop": int(config.slot_count > 0),
    }
    return {kind: count for kind, count in counts.items() if count}


def passes(config: OftConfig, prompt_tokens: int) -> Iterator[Pass]:
    """What one query runs, one after another: more than one for diffusion and for words said in turn."""
    held, length = parameters(config), sum(sequence(config, prompt_tokens).values())
    looking = _looking(config)
    thinking = _joining(config) | _trunk_work(config, length, length) | _deciding(config)
    if config.head == "diffusion":
        seen = sum(held[part] for part in looking)
        yield Pass(looking, seen)
        yield from [Pass(thinking, read_in_every_query(config) - seen)] * config.denoising_steps
        return
    yield Pass(looking | thinking, read_in_every_query(config))
    if config.head == "autoregressive":
        for said in range(1, config.action_dim):
            yield Pass(_trunk_work(config, 1, length + said) | _deciding(config), held["trunk"] + held["lm_head"])


def flops(config: OftConfig, prompt_tokens: int) -> dict[str, int]:
    """Work of one query by part; the trunk's attention apart from its linear layers."""
    totals: dict[str, int] = {}
    for one in passes(config, prompt_tokens):
        for part, count in one.flops.items():
            totals[part] = totals.get(part, 0) + count
    return totals


def film_flops(config: OftConfig) -> int:
    """Work of gamma and beta for a new instruction."""
    towers = config.featurizer, config.fused_featurizer
    return sum(2 * 2 * config.width * tower.width * tower.blocks_used for tower in towers) if config.film else 0


def activation_bytes(config: OftConfig, prompt_tokens: int, width: int = BF16) -> int:
    """Roughly what one query needs beside the weights, at its widest point and with `width` bytes a value.

    That point is in the trunk (gate, up and what is made of them, beside five times the sequence: its patches, itself,
    residuals and their norm) or in the projector; words that are said in turn also keep every key and value.
    """
    d, length = config.width, sum(sequence(config, prompt_tokens).values())
    vision = config.featurizer.width + config.fused_featurizer.width
    trunk = length * (5 * d + 4 * config.language.mlp_width)
    projector = config.images * config.patches * 9 * vision
    said = length + config.action_dim if config.head == "autoregressive" else 0
    return width * (max(trunk, projector) + 2 * said * d * config.language.layers)


def _looking(config: OftConfig) -> dict[str, int]:
    """Work on the pictures, which a query does once."""
    d, seen = config.width, config.images * config.patches
    vision = config.featurizer.width + config.fused_featurizer.width
    return {
        "featurizer": config.images * _tower_flops(config.featurizer, config.image_size),
        "fused_featurizer": config.images * _tower_flops(config.fused_featurizer, config.image_size),
        "projector": 2 * seen * (4 * vision**2 + 4 * vision * d + d**2),
    }


def _joining(config: OftConfig) -> dict[str, int]:
    """Work that makes joints and noisy actions tokens of the sequence."""
    d = config.width
    joints = 2 * (config.proprio_dim * d + d**2)
    noisy = 2 * config.slot_count * (d + d**2)
    return {
        **({"proprio_projector": joints} if config.proprio else {}),
        **({"noisy_action_projector": noisy} if config.head == "diffusion" else {}),
    }


def _deciding(config: OftConfig) -> dict[str, int]:
    """Work that makes actions of hidden states."""
    d = config.width
    if config.speaks:
        return {"lm_head": 2 * max(config.slot_count, 1) * d * config.language.vocabulary}
    inputs = config.slot_count // config.chunk_length * d
    products = inputs * d + HEAD_BLOCKS * d**2 + d * config.action_dim
    return {"action_head": 2 * config.chunk_length * products}


def _trunk_work(config: OftConfig, queries: int, keys: int) -> dict[str, int]:
    scores = 4 * queries * keys * config.width * config.language.layers
    return {"trunk": 2 * queries * trunk_products(config), "attention": scores}


def trunk_products(config: OftConfig) -> int:
    """Weights of the trunk's linear layers."""
    language = config.language
    return language.layers * (4 * language.width**2 + 3 * language.width * language.mlp_width)


def _tower_parameters(tower: VitConfig, patches: int) -> int:
    width, inner = tower.width, tower.mlp_width
    attention = _linear(width, 3 * width) + _linear(width, width)
    block = 4 * width + attention + _linear(width, inner) + _linear(inner, width) + 2 * width * tower.layer_scale
    positions = patches if tower.positions == "learned" else 0
    stem = sum((side**2 * before + 1) * after for side, before, after, _ in _convolutions(tower, 0))
    return tower.blocks_used * block + width * (tower.prefix + positions) + stem


def _tower_flops(tower: VitConfig, image_size: int) -> int:
    """Work of one image."""
    tokens = (image_size // tower.patch) ** 2 + tower.prefix
    products = 4 * tower.width**2 + 2 * tower.width * tower.mlp_width
    block = 2 * tokens * products + 4 * tokens**2 * tower.width
    convolutions = _convolutions(tower, image_size)
    stem = sum(2 * places * side**2 * before * after for side, before, after, places in convolutions)
    return tower.blocks_used * block + stem


def _convolutions(tower: VitConfig, image_size: int) -> Iterator[tuple[int, int, int, int]]:
    """Side of the kernel, channels in and out, and places of the result, of each convolution before the blocks."""
    if tower.stem == "patch":
        yield tower.patch, 3, tower.width, (image_size // tower.patch) ** 2
        return
    for halvings, (before, after) in enumerate(pairwise((3, *tower.stem_widths, tower.width)), 1):
        yield 3, before, after, (image_size // 2**halvings) ** 2


def _head_parameters(config: OftConfig) -> int:
    d, inputs = config.width, config.slot_count // config.chunk_length * config.width
    blocks = HEAD_BLOCKS * (2 * d + _linear(d, d))
    return 2 * inputs + _linear(inputs, d) + blocks + 2 * d + _linear(d, config.action_dim)


def _linear(inputs: int, outputs: int) -> int:
    return (inputs + 1) * outputs
