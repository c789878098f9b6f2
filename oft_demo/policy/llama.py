"""A Llama trunk in which every token attends to every other; no cache, no language head."""

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


def rotations(length: int, head_width: int, theta: float) -> Complex64[Tensor, "length half"]:
    """Rotary positions as unit complex numbers."""
    frequencies = 1 / theta ** (torch.arange(0, head_width, 2, dtype=torch.float64) / head_width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequencies
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


class LlamaAttention(nn.Module):
    """Bidirectional self-attention with rotary positions."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.heads = config.heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(config.width, config.width, bias=False) for _ in range(4)
        )

    def forward(
        self, x: Float[Tensor, "b l d"], turns: Complex64[Tensor, "l half"], bias: Tensor | None
    ) -> Float[Tensor, "b l d"]:
        batch, length, _ = x.shape
        value = self.v_proj(x).view(batch, length, self.heads, -1).transpose(1, 2)
        query, key = (self._rotated(layer(x), turns) for layer in (self.q_proj, self.k_proj))
        return self.o_proj(attend(query, key, value, bias))

    def _rotated(self, x: Float[Tensor, "b l d"], turns: Complex64[Tensor, "l half"]) -> Float[Tensor, "b h l e"]:
        """Turn channel i together with channel i + half, as Llama does.

        The two become the parts of a complex number and stay side by side: queries and keys are then permuted alike,
        which their products do not notice, and one multiplication does what takes six operations on halves.
        """
        batch, length, _ = x.shape
        pairs = x.view(batch, length, self.heads, 2, -1).permute(0, 2, 1, 4, 3)
        turned = torch.view_as_complex(pairs.float().contiguous()) * turns
        return torch.view_as_real(turned).flatten(-2).to(x.dtype)


class LlamaMlp(nn.Module):
    """SwiGLU."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.gate_proj = nn.Linear(config.width, config.mlp_width, bias=False)
        self.up_proj = nn.Linear(config.width, config.mlp_width, bias=False)
        self.down_proj = nn.Linear(config.mlp_width, config.width, bias=False)

    def forward(self, x: Float[Tensor, "b l d"]) -> Float[Tensor, "b l d"]:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaLayer(nn.Module):
    """A pre-norm layer."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.self_attn = LlamaAttention(config)
        self.mlp = LlamaMlp(config)
        self.input_layernorm = RmsNorm(config.width, config.norm_epsilon)
        self.post_attention_layernorm = RmsNorm(config.width, config.norm_epsilon)

    def forward(self, x: Float[Tensor, "b l d"], turns: Tensor, bias: Tensor | None) -> Float[Tensor, "b l d"]:
        x = x + self.self_attn(self.input_layernorm(x), turns, bias)
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
        turns = torch.view_as_complex(self.turns[: x.shape[1]].float().contiguous())
        for layer in self.layers:
            x = layer(x, turns, bias)
        return self.norm(x)

    def embed(self, tokens: Int64[Tensor, "b t"]) -> Float[Tensor, "b t d"]:
        """Input embedding rows."""
        return self.embed_tokens(tokens)


class LanguageModel(nn.Module):
    """Holds the trunk under its published name."""

    def __init__(self, config: LlamaConfig, max_length: int):
        super().__init__()
        self.model = LlamaModel(config, max_length)
