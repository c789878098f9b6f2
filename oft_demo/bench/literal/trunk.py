"""The language trunk as the published code runs it: separate products, halves rotated, everything kept."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.bench.literal.adapters import Parts
from oft_demo.policy.config import LlamaConfig

TRUNK = "language_model.model"


class Thought(NamedTuple):
    """What a pass leaves behind."""

    states: tuple[Float[Tensor, "b l d"], ...]  # the input of every layer and what the final norm gives, or only that
    logits: Float[Tensor, "b l v"] | None

    @property
    def hidden(self) -> Float[Tensor, "b l d"]:
        """After the final norm."""
        return self.states[-1]


@dataclass
class Cache:
    """Keys and values by layer; a pass over a whole sequence fills it and nobody may ever read it."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def update(self, key: Tensor, value: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Append to a layer; all of its keys and values."""
        if len(self.keys) <= layer:
            self.keys.append(key)
            self.values.append(value)
        else:
            self.keys[layer] = torch.cat([self.keys[layer], key], -2)
            self.values[layer] = torch.cat([self.values[layer], value], -2)
        return self.keys[layer], self.values[layer]

    @property
    def length(self) -> int:
        """Tokens that are in it."""
        return self.keys[0].shape[-2] if self.keys else 0


class Masked(NamedTuple):
    """What attention leaves out."""

    mask: Float[Tensor, "b 1 l t"] | None
    causal: bool


@dataclass(frozen=True)
class Ask:
    """What a pass is asked to keep and say beside its last hidden states."""

    cache: Cache | None
    words: bool
    states: bool


class RmsNorm(nn.Module):
    """Root-mean-square norm in single precision, step by step."""

    def __init__(self, weight: nn.Parameter, epsilon: float):
        super().__init__()
        self.weight, self.epsilon = weight, epsilon

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        kind, x = x.dtype, x.float()
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return self.weight * x.to(kind)


class Attention(nn.Module):
    """Three products, and cosines and sines anew in every layer."""

    def __init__(self, parts: Parts, name: str, config: LlamaConfig):
        super().__init__()
        self.heads = config.heads
        self.q, self.k, self.v, self.o = (parts.linear(f"{name}.{layer}_proj", False) for layer in "qkvo")
        width = config.width // config.heads
        self.frequencies = 1 / config.rope_theta ** (torch.arange(0, width, 2, device=parts.device).float() / width)

    def forward(
        self, x: Float[Tensor, "b l d"], places: Int64[Tensor, "1 l"], masked: Masked, cache: Cache | None, layer: int
    ) -> Float[Tensor, "b l d"]:
        query, key, value = (self._split(product(x)) for product in (self.q, self.k, self.v))
        cosine, sine = self._turns(places, x.dtype)
        query, key = (part * cosine + _rotated(part) * sine for part in (query, key))
        if cache is not None:
            key, value = cache.update(key, value, layer)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=masked.mask, is_causal=masked.causal and x.shape[1] > 1
        )
        return self.o(mixed.transpose(1, 2).contiguous().reshape(x.shape))

    def _split(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b h l e"]:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def _turns(self, places: Int64[Tensor, "1 l"], kind: torch.dtype) -> tuple[Tensor, Tensor]:
        angles = places[..., None].float() * self.frequencies
        angles = torch.cat([angles, angles], -1)[:, None]
        return angles.cos().to(kind), angles.sin().to(kind)


def _rotated(x: Float[Tensor, "b h l e"]) -> Float[Tensor, "b h l e"]:
    first, second = x.chunk(2, -1)
    return torch.cat([-second, first], -1)


class Layer(nn.Module):
    """A pre-norm layer with SwiGLU."""

    def __init__(self, parts: Parts, name: str, config: LlamaConfig):
        super().__init__()
        norms = (f"{name}.{norm}_layernorm.weight" for norm in ("input", "post_attention"))
        self.norm1, self.norm2 = (RmsNorm(parts.tensor(norm), config.norm_epsilon) for norm in norms)
        self.attention = Attention(parts, f"{name}.self_attn", config)
        self.gate, self.up, self.down = (
            parts.linear(f"{name}.mlp.{layer}_proj", False) for layer in ("gate", "up", "down")
        )

    def forward(self, x: Tensor, places: Tensor, masked: Masked, cache: Cache | None, layer: int) -> Tensor:
        x = x + self.attention(self.norm1(x), places, masked, cache, layer)
        given = self.norm2(x)
        return x + self.down(functional.silu(self.gate(given)) * self.up(given))


class Trunk(nn.Module):
    """Embeddings, layers, final norm and words; bidirectional, or causal where actions are said in turn."""

    def __init__(self, parts: Parts, config: LlamaConfig, causal: bool):
        super().__init__()
        self.causal = causal
        self.table = parts.tensor(f"{TRUNK}.embed_tokens.weight")
        layers = (Layer(parts, f"{TRUNK}.layers.{index}", config) for index in range(config.layers))
        self.layers = nn.ModuleList(layers)
        self.norm = RmsNorm(parts.tensor(f"{TRUNK}.norm.weight"), config.norm_epsilon)
        self.words = parts.linear("language_model.lm_head", False)

    def forward(self, x: Float[Tensor, "b l d"], standing: Bool[Tensor, "b t"], ask: Ask) -> Thought:
        """Hidden states of embeddings that follow what is in the cache; `standing` marks what is no padding."""
        start = ask.cache.length if ask.cache else 0
        places = torch.arange(start, start + x.shape[1], device=x.device)[None]
        masked = Masked(self._mask(x, standing), self.causal)
        states = []
        for index, layer in enumerate(self.layers):
            states.append(x)
            x = layer(x, places, masked, ask.cache, index)
        x = self.norm(x)
        states = (*states, x) if ask.states else (x,)
        return Thought(states, self.words(x).float() if ask.words else None)

    def embed(self, ids: Int64[Tensor, "b t"]) -> Float[Tensor, "b t d"]:
        """Input embedding rows."""
        return functional.embedding(ids, self.table)

    def _mask(self, x: Float[Tensor, "b l d"], standing: Bool[Tensor, "b t"]) -> Float[Tensor, "b 1 l t"] | None:
        """None where nothing is padded, which is looked up at every query; else the causal mask with its last row in
        every row, as the patched Llama has it."""
        if torch.all(standing):
            return None
        length, lowest = x.shape[1], torch.finfo(x.dtype).min
        mask = torch.full((length, length), lowest, dtype=x.dtype, device=x.device).triu(1)[None, None]
        mask = mask.masked_fill(~standing[:, None, None], lowest)
        return mask if self.causal else mask[..., -1:, :].expand_as(mask)
