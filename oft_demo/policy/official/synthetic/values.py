"""Random weights by their names: of a size at which activations stay finite and depend on what goes in."""

import math

import torch
from jaxtyping import Float32
from torch import Tensor

from oft_demo.policy.official.names import LM_HEAD

PIECE = 1 << 24
EMBEDDING_STD = 0.2
LAYER_SCALE = (0.6, 0.1)  # mean and deviation
NORM = (1.0, 0.1)
SMALL = 0.02  # of biases, tokens and positions
# Words that stand for actions, and how much louder they are than others, of which a random network has too many.
ACTION_WORDS, LOUDER = slice(31744, 32000), 4.0
UPDATE = 0.3  # of a LoRA update beside its weight


def random_values(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Float32[Tensor, "..."]:
    """Values for a tensor of a published name."""
    mean, std = _mean_and_std(name, shape)
    values = torch.empty(shape)
    flat = values.view(-1)
    for first in range(0, len(flat), PIECE):
        flat[first : first + PIECE].normal_(mean, std, generator=generator)
    if name == LM_HEAD:
        values[ACTION_WORDS] *= LOUDER
    return values


def _mean_and_std(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    inputs = math.prod(shape[1:])
    if name.endswith("scale_factor"):
        return LAYER_SCALE
    if name.endswith("lora_B.default.weight"):
        return 0.0, UPDATE / math.sqrt(shape[1])
    if name.endswith("embed_tokens.weight"):
        return 0.0, EMBEDDING_STD
    if ".scale.weight" in name or ".shift.weight" in name:
        # The mean of some twenty embeddings comes in: gamma and beta get about a fifth.
        return 0.0, 1 / (EMBEDDING_STD * math.sqrt(inputs))
    if name.endswith(("token", "pos_embed", "latent", "bias")):
        return 0.0, SMALL
    return NORM if len(shape) == 1 else (0.0, 1 / math.sqrt(inputs))
