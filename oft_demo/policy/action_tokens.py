"""Actions as words: 256 bins of [-1, 1] at the end of the vocabulary."""

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

BINS = 256
PADDED_TO = 64  # the vocabulary was padded to a multiple of this; the padding holds no actions


def bin_centers() -> Float64[np.ndarray, "255"]:
    """The values that bins stand for: midpoints between 256 edges."""
    edges = np.linspace(-1, 1, BINS)
    return (edges[:-1] + edges[1:]) / 2


def values_of(tokens: Int64[Tensor, "*shape"], vocabulary: int) -> Float[Tensor, "*shape"]:
    """Normalised actions; a word that is no action becomes the nearest bin, as published."""
    centers = torch.from_numpy(bin_centers()).float().to(tokens.device)
    bins = vocabulary - PADDED_TO - tokens
    return centers[(bins - 1).clamp(0, len(centers) - 1)]


def tokens_of(values: Float[np.ndarray, "*shape"], vocabulary: int) -> Int64[np.ndarray, "*shape"]:
    """The words for normalised actions."""
    bins = np.digitize(np.clip(values, -1, 1), np.linspace(-1, 1, BINS))
    return vocabulary - PADDED_TO - bins
