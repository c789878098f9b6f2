"""A Llama trunk in which every token attends to every other, or, with a memory, to those before it."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Complex64, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.policy.attention import attend
from oft_demo.policy.config import LlamaConfig


class RmsNorm(nn.Module):
    """Root-mean-square normalisation."""

    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        return functional.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


@dataclass
class Memory:
    """Keys and values of the tokens that a causal pass has seen, by layer."""

    length: int = 0
    layers: list[tuple[Float[Tensor, "b h l e"], Float[Tensor, "b h l e"]]] = field(default_factory=list)

    def extended(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Remember some more keys and values of a layer; all of them so far."""
        if layer == len(self.layers):
            self.layers.append((key, value))
        else:
            before = self.layers[layer]
            self.layers[layer] = torch.cat([before[0], key], 2), torch.cat([before[1], value], 2)
        return self.layers[layer]


def rotations(length: int, head_width: int, theta: float) -> Complex64[Tensor, "length half"]:
    """Rotary positions as unit complex numbers; always real memory, also while a model is made without any."""
    frequencies = 1 / theta ** (torch.arange(0, head_width, 2, dtype=torch.float64, device="cpu") / head_width)
    angles = torch.arange(length, dtype=torch.float64, device="cpu")[:, None] * frequencies
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


class LlamaAttention(nn.Module):
    """Self-attention with rotary positions."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.heads = config.heads
        self.fused = False
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(config.width, config.width, bias=False) for _ in range(4)
        )

    def forward(
        self,
        x: Float[Tensor, "b l d"],
        turns: Complex64[Tensor, "l half"],
        bias: Tensor | None,
        memory: Memory | None = None,
        layer: int = 0,
    ) -> Float[Tensor, "b l d"]:
        query, key, value = self._fused_products(x, turns) if self.fused else self._products(x, turns)
        if memory is None:
            return self.o_proj(attend(query, key, value, bias))
        key, value = memory.extended(layer, key, value)
        return self.o_proj(attend(query, key, value, causal=x.shape[1] > 1))

    def fuse(self) -> None:
        """One product for queries, keys and values; channels that turn together are moved side by side for good."""
        width = self.q_proj.in_features
        order = torch.arange(width, device=self.q_proj.weight.device)
        order = order.view(self.heads, 2, -1).transpose(1, 2).reshape(-1)
        rows = [self.q_proj.weight[order], self.k_proj.weight[order], self.v_proj.weight]
        self.qkv_proj = stacked(rows)
        del self.q_proj, self.k_proj, self.v_proj
        self.fused = True

    def _products(self, x: Float[Tensor, "b l d"], turns: Complex64[Tensor, "l half"]) -> tuple[Tensor, ...]:
        """Queries, keys and values; channel i turns together with channel i + half, as Llama has it.

        The two become the parts of a complex number and stay side by side: queries and keys are then permuted alike,
        which their products do not notice, and one multiplication does what takes six operations on halves.
        """
        batch, length, _ = x.shape
        value = self.v_proj(x).view(batch, length, self.heads, -1).transpose(1, 2)
        halves = (layer(x).view(batch, length, self.heads, 2, -1) for layer in (self.q_proj, self.k_proj))
        query, key = (turned(pairs.transpose(-1, -2).contiguous(), turns) for pairs in halves)
        return query, key, value

    def _fused_products(self, x: Float[Tensor, "b l d"], turns: Complex64[Tensor, "l half"]) -> tuple[Tensor, ...]:
        batch, length, width = x.shape
        products = self.qkv_proj(x)
        pairs = products[..., : 2 * width].view(batch, length, 2 * self.heads, -1, 2)
        query, key = turned(pairs, turns).chunk(2, 1)
        return query, key, products[..., 2 * width :].view(batch, length, self.heads, -1).transpose(1, 2)


def turned(pairs: Float[Tensor, "b l h half 2"], turns: Complex64[Tensor, "l half"]) -> Float[Tensor, "b h l e"]:
    """Rotate each pair of channels by its position."""
    numbers = torch.view_as_complex(pairs.float()) * turns[:, None]
    return torch.view_as_real(numbers).flatten(-2).to(pairs.dtype).transpose(1, 2)


def stacked(weights: list[Float[Tensor, "_ i"]]) -> nn.Linear:
    """Linear layers without bias over the same input as one."""
    weight = torch.cat(weights)
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    layer.weight = nn.Parameter(weight.detach(), requires_grad=False)
    return layer


class LlamaMlp(nn.Module):
    """SwiGLU."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.fused = False
        self.gate_proj = nn.Linear(config.width, config.mlp_width, bias=False)
        self.up_proj = nn.Linear(config.width, config.mlp_width, bias=False)
        self.down_proj = nn.Linear(config.mlp_width, config.width, bias=False)

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        gate, up = self.gate_up_proj(x).chunk(2, -1) if self.fused else (self.gate_proj(x), self.up_proj(x))
        return self.down_proj(functional.silu(gate) * up)

    def fuse(self) -> None:
        """One product for gate and up."""
        self.gate_up_proj = stacked([self.gate_proj.weight, self.up_proj.weight])
        del self.gate_proj, self.up_proj
        self.fused = True


class LlamaLayer(nn.Module):
    """A pre-norm layer."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.self_attn = LlamaAttention(config)
        self.mlp = LlamaMlp(config)
        self.input_layernorm = RmsNorm(config.width, config.norm_epsilon)
        self.post_attention_layernorm = RmsNorm(config.width, config.norm_epsilon)

    def forward(
        self, x: Float[Tensor, "b l d"], turns: Tensor, bias: Tensor | None, memory: Memory | None, layer: int
    ) -> Float[Tensor, "b l d"]:
        x = x + self.self_attn(self.input_layernorm(x), turns, bias, memory, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class LlamaModel(nn.Module):
    """Input embeddings, layers and the final norm."""

    def __init__(self, config: LlamaConfig, max_length: int):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        nn.init.normal_(self.embed_tokens.weight, std=config.embedding_std)
        self.layers = nn.ModuleList(LlamaLayer(config) for _ in range(config.layers))
        self.norm = RmsNorm(config.width, config.norm_epsilon)
        turns = rotations(max_length, config.width // config.heads, config.rope_theta)
        self.turns: Tensor
        self.register_buffer("turns", torch.view_as_real(turns), persistent=False)  # real: survives casts of the module

    def forward(self, x: Float[Tensor, "b l d"], bias: Tensor | None = None) -> Float[Tensor, "b l d"]:
        """Hidden states after the final norm of a sequence of embeddings at positions 0, 1, ..."""
        return self._run(x, 0, bias, None)

    def go_on(self, x: Float[Tensor, "b l d"], memory: Memory) -> Float[Tensor, "b l d"]:
        """Hidden states of the next embeddings of a causal sequence: its beginning, then one after another."""
        length, start = x.shape[1], memory.length
        if start and length != 1:
            raise ValueError(f"{length} embeddings at once behind {start}: expected one")
        memory.length += length
        return self._run(x, start, None, memory)

    def embed(self, tokens: Int64[Tensor, "b t"]) -> Float[Tensor, "b t d"]:
        """Input embedding rows."""
        return self.embed_tokens(tokens)

    def fuse(self) -> None:
        """Fewer products a layer, for acting."""
        for layer in self.layers:
            assert isinstance(layer, LlamaLayer)
            layer.self_attn.fuse()
            layer.mlp.fuse()

    def _run(self, x: Tensor, start: int, bias: Tensor | None, memory: Memory | None) -> Tensor:
        turns = torch.view_as_complex(self.turns[start : start + x.shape[1]].float().contiguous())
        for index, layer in enumerate(self.layers):
            x = layer(x, turns, bias, memory, index)
        return self.norm(x)


class LanguageModel(nn.Module):
    """Holds the trunk under its published name, and the word head of networks that say their actions."""

    def __init__(self, config: LlamaConfig, max_length: int, speaks: bool = False):
        super().__init__()
        self.model = LlamaModel(config, max_length)
        if speaks:
            self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
