"""Bidirectional attention, written out for training on a CPU."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def attend(
    query: Float[Tensor, "b h l e"],
    key: Float[Tensor, "b h l e"],
    value: Float[Tensor, "b h l e"],
    bias: Float[Tensor, "b #h #l l"] | None = None,
) -> Float[Tensor, "b l h*e"]:
    """Attend to every position; `bias` is added to the scores, -inf where nothing stands."""
    batch, heads, length, width = query.shape
    if query.is_cuda or not torch.is_grad_enabled():
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    else:
        # The backward of the fused CPU kernel takes longer than two matrix products and a softmax.
        scores = (query * width**-0.5) @ key.transpose(-2, -1)
        mixed = (scores if bias is None else scores + bias).softmax(-1) @ value
    return mixed.transpose(1, 2).reshape(batch, length, heads * width)
