"""What acts: the OpenVLA-OFT+ model in any size, its checkpoints, and the policy that runs them."""

from .checkpoint import Checkpoint, PolicySettings, available, save
from .config import OftConfig, VitConfig, aloha_mini
from .images import resize_images
from .model import OftModel, OftOutput
from .normalization import Distribution, Statistics, normalize_actions, normalize_proprio, unnormalize_actions
from .oft import OftPolicy, load
from .tokenizer import Tokenizer, build_tokenizer

__all__ = [
    "Checkpoint",
    "Distribution",
    "OftConfig",
    "OftModel",
    "OftOutput",
    "OftPolicy",
    "PolicySettings",
    "Statistics",
    "Tokenizer",
    "VitConfig",
    "aloha_mini",
    "available",
    "build_tokenizer",
    "load",
    "normalize_actions",
    "normalize_proprio",
    "resize_images",
    "save",
    "unnormalize_actions",
]
