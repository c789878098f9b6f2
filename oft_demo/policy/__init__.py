"""OFT policies: the network, its checkpoints, and what turns observations into action chunks."""

from oft_demo.policy.checkpoint import PolicySettings, available, save
from oft_demo.policy.config import HEADS, Head, LlamaConfig, OftConfig, VitConfig, aloha_mini, openvla_7b
from oft_demo.policy.images import resize_images
from oft_demo.policy.model import OftModel, OftOutput
from oft_demo.policy.normalization import (
    Bounds,
    Statistics,
    normalize_actions,
    normalize_proprio,
    unnormalize_actions,
)
from oft_demo.policy.oft import MissingCamera, OftPolicy, WrongQuery, WrongRobot, load
from oft_demo.policy.tokenizer import Tokenizer, build_tokenizer

__all__ = [
    "HEADS",
    "Bounds",
    "Head",
    "LlamaConfig",
    "MissingCamera",
    "OftConfig",
    "OftModel",
    "OftOutput",
    "OftPolicy",
    "PolicySettings",
    "Statistics",
    "Tokenizer",
    "VitConfig",
    "WrongQuery",
    "WrongRobot",
    "aloha_mini",
    "available",
    "build_tokenizer",
    "load",
    "normalize_actions",
    "normalize_proprio",
    "openvla_7b",
    "resize_images",
    "save",
    "unnormalize_actions",
]
