"""FiLM: the instruction scales and shifts every vision block, x * (1 + gamma) + beta."""

from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

GammaBeta: TypeAlias = tuple[Float[Tensor, "b w"], Float[Tensor, "b w"]]


@dataclass(frozen=True)
class Modulation:
    """Gamma and beta of every block of both towers, for each query of a batch."""

    featurizer: tuple[GammaBeta, ...]
    fused_featurizer: tuple[GammaBeta, ...]

    def copy_(self, other: "Modulation") -> None:
        """Take over another's values, in this one's memory."""
        pairs = zip(self._pairs, other._pairs, strict=True)
        for (gamma, beta), (new_gamma, new_beta) in pairs:
            gamma.copy_(new_gamma)
            beta.copy_(new_beta)

    @property
    def _pairs(self) -> tuple[GammaBeta, ...]:
        return (*self.featurizer, *self.fused_featurizer)

    def scaled(self, factor: float) -> "Modulation":
        """The same with every gamma and beta multiplied; 0 switches FiLM off in a network trained with it."""
        return Modulation(
            tuple((gamma * factor, beta * factor) for gamma, beta in self.featurizer),
            tuple((gamma * factor, beta * factor) for gamma, beta in self.fused_featurizer),
        )


def film_layers(language_width: int, width: int, std: float | None) -> tuple[nn.Linear, nn.Linear]:
    """The layers that give a block its gamma (`scale`) and beta (`shift`)."""
    layers = nn.Linear(language_width, width), nn.Linear(language_width, width)
    if std is not None:
        for layer in layers:
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)
    return layers


def modulate(x: Float[Tensor, "b*m n w"], gamma: Float[Tensor, "b w"], beta: Float[Tensor, "b w"]) -> Tensor:
    """Apply one query's gamma and beta to all tokens of all its images."""
    spread = x.reshape(len(gamma), -1, x.shape[-1])
    return torch.addcmul(beta[:, None], spread, 1 + gamma[:, None]).view_as(x)


def language_mean(embeddings: Float[Tensor, "b t d"], counted: Bool[Tensor, "b t"] | None) -> Float[Tensor, "b d"]:
    """Mean over the tokens of each instruction; None counts all of them."""
    if counted is None:
        return embeddings.mean(1)
    weights = counted.to(embeddings.dtype)
    return torch.einsum("btd,bt->bd", embeddings, weights / weights.sum(1, keepdim=True))
