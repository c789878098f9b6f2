"""Layers from a network's named weights, with low-rank adapters beside them that nobody merged."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

RANK = 32  # of the published recipe
TAUGHT = 0.02  # deviation of what an adapter has learned


class AdaptedLinear(nn.Module):
    """base(x) + scale * B(A(x)): what a merged weight does in one product."""

    def __init__(self, base: nn.Linear, down: Float[Tensor, "r i"], up: Float[Tensor, "o r"], scale: float):
        super().__init__()
        self.base, self.scale = base, scale
        self.down, self.up = _linear(down, None), _linear(up, None)

    def forward(self, x: Float[Tensor, "*b i"]) -> Float[Tensor, "*b o"]:
        return self.base(x) + self.up(self.down(x)) * self.scale


class PatchConvolution(nn.Module):
    """Pixels to patches by a convolution."""

    def __init__(self, weight: Float[Tensor, "o 3 p p"], bias: Float[Tensor, " o"] | None):
        super().__init__()
        self.weight, self.bias = _held(weight), None if bias is None else _held(bias)

    def forward(self, pixels: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b o y x"]:
        return functional.conv2d(pixels, self.weight, self.bias, stride=self.weight.shape[-1])


class AdaptedConvolution(nn.Module):
    """The patch embedding has an adapter too: a convolution down to the rank, and one of a single pixel up."""

    def __init__(self, base: PatchConvolution, down: PatchConvolution, up: Float[Tensor, "o r"], scale: float):
        super().__init__()
        self.base, self.down, self.scale = base, down, scale
        self.up = _held(up[..., None, None])

    def forward(self, pixels: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b o y x"]:
        return self.base(pixels) + functional.conv2d(self.down(pixels), self.up) * self.scale


class Parts:
    """Makes layers that compute what merged weights do; `rank` 0 leaves the adapters out."""

    def __init__(self, weights: Mapping[str, Tensor], rank: int, generator: torch.Generator):
        self._weights, self._rank, self._generator = weights, rank, generator
        self._scale = min(rank, 16) / rank if rank else 0.0  # alpha is 16, or the rank where that is less

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(iter(self._weights.values())).device

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return next(iter(self._weights.values())).dtype

    def tensor(self, name: str) -> nn.Parameter:
        """A weight by its name."""
        return _held(self._weights[name])

    def norm(self, name: str, epsilon: float) -> nn.LayerNorm:
        """A layer norm."""
        weight = self._weights[f"{name}.weight"]
        layer = nn.LayerNorm(len(weight), eps=epsilon, device="meta")
        layer.weight, layer.bias = _held(weight), self.tensor(f"{name}.bias")
        return layer

    def plain(self, name: str) -> nn.Linear:
        """A linear layer that never had an adapter."""
        return _linear(self._weights[f"{name}.weight"], self._weights.get(f"{name}.bias"))

    def linear(self, name: str, taught: bool) -> nn.Module:
        """A linear layer; an adapter that was not taught is zero, and computed all the same."""
        weight, bias = self._weights[f"{name}.weight"], self._weights.get(f"{name}.bias")
        if not self._rank:
            return _linear(weight, bias)
        down, up = self._adapter(weight, weight.shape[1], taught)
        base = weight - self._scale * (up @ down) if taught else weight
        return AdaptedLinear(_linear(base, bias), down, up, self._scale)

    def convolution(self, name: str) -> nn.Module:
        """The patch embedding."""
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        if not self._rank:
            return PatchConvolution(weight, bias)
        down, up = self._adapter(weight, weight[0].numel(), taught=True)
        base = weight - self._scale * (up @ down).view_as(weight)
        down = PatchConvolution(down.view(-1, *weight.shape[1:]), None)
        return AdaptedConvolution(PatchConvolution(base, bias), down, up, self._scale)

    def _adapter(self, weight: Tensor, inputs: int, taught: bool) -> tuple[Tensor, Tensor]:
        like = {"device": weight.device, "dtype": weight.dtype}
        down = torch.randn(self._rank, inputs, generator=self._generator, **like) / self._rank
        up = torch.zeros(len(weight), self._rank, **like)
        return down, up.normal_(std=TAUGHT, generator=self._generator) if taught else up


def _linear(weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"] | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = _held(weight)
    if bias is not None:
        layer.bias = _held(bias)
    return layer


def _held(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach(), requires_grad=False)
