"""The weights of a network by part, counted on one that is built without memory."""

from collections import Counter

import torch

from oft_demo.policy.config import OftConfig
from oft_demo.policy.model import OftModel

# The first that a weight's name begins with; FiLM is told by its layers' names.
PARTS = {
    "vision_backbone.featurizer.": "featurizer",
    "vision_backbone.fused_featurizer.": "fused_featurizer",
    "projector.": "projector",
    "proprio_projector.": "proprio_projector",
    "noisy_action_projector.": "noisy_action_projector",
    "action_slots": "action_slots",
    "language_model.model.embed_tokens.": "embeddings",
    "language_model.model.": "trunk",
    "language_model.lm_head.": "lm_head",
    "action_head.": "action_head",
}
FILM = (".scale.", ".shift.")


def count(config: OftConfig) -> dict[str, int]:
    """Weights by part, under the names that `cost.parameters` has."""
    with torch.device("meta"):
        model = OftModel(config)
    counts: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        counts[part_of(name)] += parameter.numel()
    return dict(counts)


def part_of(name: str) -> str:
    """The part that a weight belongs to."""
    if any(layer in name for layer in FILM):
        return "film"
    return next(part for start, part in PARTS.items() if name.startswith(start))
