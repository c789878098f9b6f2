"""Attention in both directions or causal, written out for training on a CPU."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def attend(
    query: Float[Tensor, "b h l e"],
    key: Float[Tensor, "b h l e"],
    value: Float[Tensor, "b h l e"],
    bias: Float[Tensor, "b #h #l l"] | None = None,
    causal: bool = False,
) -> Float[Tensor, "b l h*e"]:
    """Attend to every position, or if `causal` to none behind; `bias` is added to the scores, -inf keeps keys out."""
    batch, heads, length, width = query.shape
    if query.is_cuda or not torch.is_grad_enabled():
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, is_causal=causal)
    else:
        # The backward of the fused CPU kernel takes longer than two matrix products and a softmax.
        scores = (query * width**-0.5) @ key.transpose(-2, -1)
        if causal:
            ahead = torch.ones(length, length, dtype=torch.bool, device=query.device).triu(1)
            scores = scores.masked_fill(ahead, -torch.inf)
        mixed = (scores if bias is None else scores + bias).softmax(-1) @ value
    return mixed.transpose(1, 2).reshape(batch, length, heads * width)
