"""Denoising of action chunks: DDIM on the squared-cosine schedule (diffusers' DDIMScheduler, as OFT configures it)."""

import math

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from oft_demo.policy.config import TRAINED_STEPS

OFFSET = 0.008  # of the squared-cosine schedule
MAX_BETA = 0.999


def signal_levels() -> tuple[float, ...]:
    """The share of the signal (alpha bar) that is left after each of the TRAINED_STEPS noise levels."""

    def curve(share: float) -> float:
        return math.cos((share + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2

    levels, level = [], 1.0
    for step in range(TRAINED_STEPS):
        level *= 1 - min(1 - curve((step + 1) / TRAINED_STEPS) / curve(step / TRAINED_STEPS), MAX_BETA)
        levels.append(level)
    return tuple(levels)


def levels_visited(steps: int) -> tuple[int, ...]:
    """The noise levels of a denoising in `steps` steps, the noisiest first ("leading" spacing)."""
    stride = TRAINED_STEPS // steps
    return tuple(stride * step for step in reversed(range(steps)))


def less_noisy(
    noisy: Float[Tensor, "b k d"], noise: Float[Tensor, "b k d"], level: int, steps: int
) -> Float[Tensor, "b k d"]:
    """One deterministic step (eta 0) from `level` to the next one, given the noise that was predicted there."""
    levels, following = signal_levels(), level - TRAINED_STEPS // steps
    now, then = levels[level], levels[following] if following >= 0 else 1.0
    clean = ((noisy - math.sqrt(1 - now) * noise) / math.sqrt(now)).clamp(-1, 1)
    return math.sqrt(then) * clean + math.sqrt(1 - then) * noise


def level_embeddings(steps: int, width: int, device: torch.device) -> Float32[Tensor, "steps width"]:
    """Sines, then cosines of each noise level that is visited; nothing in it is learned."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, device=device) * (-math.log(10000) / (half - 1)))
    levels = torch.arange(steps - 1, -1, -1, device=device) * (TRAINED_STEPS // steps)
    angles = levels[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], -1)
