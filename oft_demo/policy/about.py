"""What a loaded network is, in words: for cards, and for whoever asks a server."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from oft_demo.policy.config import OftConfig
from oft_demo.policy.normalization import Statistics

HEADS = {"l1": "regression (L1)", "discrete": "action tokens at once", "autoregressive": "action tokens in turn"}
RANGES = {"bounds": "minimum to maximum", "bounds_q99": "1st to 99th percentile"}


def network_rows(config: OftConfig, parameters: int) -> Mapping[str, str]:
    """Sizes of the parts."""
    towers, language = (config.featurizer, config.fused_featurizer), config.language
    head = f"diffusion, {config.denoising_steps} steps" if config.head == "diffusion" else HEADS[config.head]
    return {
        "Parameters": f"{parameters / 1e6:,.1f} M",
        "Vision towers": " + ".join(f"{tower.blocks_used} x {tower.width}" for tower in towers) + " (blocks x width)",
        "Language trunk": f"{language.layers} x {language.width} (layers x width)",
        "Head": head,
    }


def statistics_row(key: str, found: Statistics) -> str:
    """Where its statistics came from, and what of them becomes -1 and 1."""
    amount = f"{found.trajectories:,} episodes, {found.transitions:,} transitions"
    return f"{key}: {amount if found.transitions else 'how much data is not said'}; {RANGES[found.kind]}"


def place_row(device: torch.device, dtype: torch.dtype) -> str:
    """Where it runs, and in which numbers."""
    return f"{device}, {str(dtype).removeprefix('torch.')}"
