"""What FiLM does with an instruction: how large gamma and beta are, and which patches they change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from oft_demo.errors import OftDemoError
from oft_demo.policy.film import GammaBeta, Modulation
from oft_demo.policy.oft import OftPolicy
from oft_demo.types import Observation

Sizes: TypeAlias = Mapping[str, Float32[np.ndarray, "instructions blocks"]]  # of each tower, root mean square
Maps: TypeAlias = Float32[np.ndarray, "instructions cameras side side"]

TOWERS = ("featurizer", "fused_featurizer")


class NoFilm(OftDemoError):
    """A policy in which no gamma and beta follow from the instruction."""

    def __init__(self, policy: OftPolicy):
        why = (
            "in this one gamma = beta = 0 was set by hand"
            if policy.film
            else "this one was trained without it, so no words reach its vision blocks"
        )
        super().__init__(f"The effect of FiLM needs a policy that has it; {why}. Choose a policy with FiLM.")


@dataclass(frozen=True)
class FilmEffect:
    """Of several instructions, in one and the same scene."""

    gamma: Sizes
    beta: Sizes
    against_none: Maps  # change of each fused patch feature against gamma = beta = 0, as a share of the feature
    against_mean: Maps  # the same against the mean gamma and beta of these instructions


@torch.inference_mode()
def film_effect(
    policy: OftPolicy,
    observation: Observation,
    instructions: Sequence[str],
    before_each: Callable[[], None] = lambda: None,
) -> FilmEffect:
    """Look at one observation under the FiLM of each instruction; raises NoFilm.

    `before_each` is called before each look, of which there are two more than instructions; it ends them by raising.
    It computes FiLM anew and leaves what the policy remembers alone, so others may ask the policy meanwhile.
    """
    if not policy.film or policy.film_scale == 0:
        raise NoFilm(policy)
    modulations = [_modulation(policy, instruction) for instruction in instructions]
    pixels = policy.pixels(policy.images(observation))[None].to(policy.device)

    def look(modulation: Modulation | None) -> Float[Tensor, "m side side v"]:
        before_each()
        fused = policy.engine.model.vision_backbone(pixels, modulation)[0].float()
        side = math.isqrt(policy.config.patches)
        return fused.reshape(policy.config.images, side, side, -1)

    features = [look(modulation) for modulation in modulations]
    plain, usual = look(None), look(_mean(modulations))
    return FilmEffect(
        {tower: _sizes(modulations, tower, 0) for tower in TOWERS},
        {tower: _sizes(modulations, tower, 1) for tower in TOWERS},
        np.stack([_change(feature, plain) for feature in features]),
        np.stack([_change(feature, usual) for feature in features]),
    )


def _modulation(policy: OftPolicy, instruction: str) -> Modulation:
    tokens = torch.tensor([policy.tokens(instruction)], device=policy.device)
    modulation = policy.engine.model.prompt(tokens).modulation
    assert modulation is not None
    return modulation.scaled(policy.film_scale)


def _mean(modulations: Sequence[Modulation]) -> Modulation:
    """Gamma and beta of every block, averaged over instructions."""

    def of(tower: str) -> tuple[GammaBeta, ...]:
        blocks = zip(*(getattr(modulation, tower) for modulation in modulations), strict=True)
        return tuple((_average(block, 0), _average(block, 1)) for block in blocks)

    return Modulation(of("featurizer"), of("fused_featurizer"))


def _average(block: Sequence[GammaBeta], which: int) -> Tensor:
    return torch.stack([pair[which] for pair in block]).mean(0)


def _sizes(modulations: Sequence[Modulation], tower: str, which: int) -> Float32[np.ndarray, "instructions blocks"]:
    """Root mean square over the channels of each block."""
    rows = [[pair[which].float().square().mean().sqrt() for pair in getattr(each, tower)] for each in modulations]
    return np.array([[float(value) for value in row] for row in rows], np.float32)


def _change(
    feature: Float[Tensor, "m side side v"], reference: Float[Tensor, "m side side v"]
) -> Float32[np.ndarray, "m side side"]:
    """How far each patch is from the reference, as a share of its own length."""
    share = (feature - reference).norm(dim=-1) / feature.norm(dim=-1).clamp_min(1e-12)
    return share.cpu().numpy()
