"""Sizes of an OFT model: one description for the small bundled policies and for the published one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from oft_demo.types import CHUNK_LENGTH, JOINT_COUNT

Positions = Literal["learned", "sincos2d"]
Stem = Literal["patch", "convolutional"]
Slots = Literal["per_value", "per_step"]
Normalization = Literal["bounds", "bounds_q99"]
# How actions are said: by regression, by denoising, as 256 bins all at once, or as bins one after another (OpenVLA).
Head = Literal["l1", "diffusion", "discrete", "autoregressive"]
HEADS: tuple[Head, ...] = get_args(Head)
# How a camera picture becomes the network's: squashed by area, or as the published policies were trained.
Pictures = Literal["area", "openvla"]

TRAINED_STEPS = 50  # noise levels of the diffusion head's schedule

DINOV2_MEAN = (0.485, 0.456, 0.406)
DINOV2_STD = (0.229, 0.224, 0.225)
SIGLIP_MEAN = SIGLIP_STD = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class VitConfig:
    """One vision tower."""

    width: int
    heads: int
    mlp_width: int
    # Blocks that are run and held. OFT reads the second-to-last block without the final norm, so a published tower of
    # depth 24 (DINOv2) or 27 (SigLIP) has 23 or 26 here: its last block, norm and pooling have no effect.
    blocks_used: int
    patch: int
    mean: tuple[float, float, float]  # of pixels in 0..1
    std: tuple[float, float, float]
    class_token: bool = False
    registers: int = 0
    layer_scale: bool = False
    positions: Positions = "learned"
    stem: Stem = "patch"
    stem_widths: tuple[int, ...] = ()  # inner widths of a convolutional stem; each convolution halves the picture

    @property
    def prefix(self) -> int:
        """Tokens before the patches."""
        return int(self.class_token) + self.registers


@dataclass(frozen=True)
class LlamaConfig:
    """The language trunk."""

    width: int
    heads: int
    layers: int
    mlp_width: int
    vocabulary: int
    norm_epsilon: float = 1e-6  # what the published config falls back to, not Llama 2's own 1e-5
    rope_theta: float = 10000.0
    embedding_std: float = 0.02
    pad_id: int = 32000
    stop_id: int = 2


@dataclass(frozen=True)
class OftConfig:
    """A whole policy network."""

    image_size: int  # height and width [pixels]
    featurizer: VitConfig  # DINOv2-like
    fused_featurizer: VitConfig  # SigLIP-like
    language: LlamaConfig
    images: int = 3
    film: bool = True
    film_std: float | None = None  # of the initial FiLM weights; None: torch's default, as published
    slots: Slots = "per_value"  # K * D action slots as published, or one a time step
    # Published slots are exact zeros, which ask nothing in the first layer: a trunk of a few layers trained from
    # scratch cannot spare one, so the small model learns what its slots hold.
    learned_slots: bool = False
    chunk_length: int = CHUNK_LENGTH  # K
    action_dim: int = JOINT_COUNT  # D
    proprio_dim: int = JOINT_COUNT  # P
    normalization: Normalization = "bounds"
    head: Head = "l1"
    proprio: bool = True  # whether the joints are a token of the sequence
    denoising_steps: int = 50  # of a diffusion head when it acts; it is trained with TRAINED_STEPS
    pictures: Pictures = "area"
    center_crop: bool = False  # of 90 % of the area, where pictures are prepared as published

    @property
    def width(self) -> int:
        """Width d of the language trunk."""
        return self.language.width

    @property
    def patches(self) -> int:
        """Patch tokens of one image."""
        return (self.image_size // self.featurizer.patch) ** 2

    @property
    def slot_count(self) -> int:
        """Number A of action slots; none where values are said one after another."""
        if self.head == "autoregressive":
            return 0
        return self.chunk_length * (self.action_dim if self.slots == "per_value" else 1)

    @property
    def speaks(self) -> bool:
        """Whether actions are words of the vocabulary, so that the language head is needed."""
        return self.head in ("discrete", "autoregressive")

    def with_vocabulary(self, size: int, pad_id: int, stop_id: int) -> OftConfig:
        """The same network for another tokenizer."""
        return replace(self, language=replace(self.language, vocabulary=size, pad_id=pad_id, stop_id=stop_id))

    def to_json(self) -> dict[str, Any]:
        """Values for config.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> OftConfig:
        """Parse config.json; raises TypeError or ValueError where it does not describe a network."""
        towers = {name: _tower(values[name]) for name in ("featurizer", "fused_featurizer")}
        config = cls(**{**values, **towers, "language": LlamaConfig(**values["language"])})
        check(config)
        return config


def _tower(values: dict[str, Any]) -> VitConfig:
    listed = {name: tuple(values[name]) for name in ("mean", "std", "stem_widths")}
    return VitConfig(**{**values, **listed})


def check(config: OftConfig) -> None:
    """Raise ValueError where the sizes do not fit together."""
    towers = (config.featurizer, config.fused_featurizer)
    rules = {
        "image_size must be a multiple of patch": all(config.image_size % tower.patch == 0 for tower in towers),
        "both towers must have equally many patches": towers[0].patch == towers[1].patch,
        "width must be a multiple of heads": all(s.width % s.heads == 0 for s in (*towers, config.language)),
        "slots must be per_value or per_step": config.slots in ("per_value", "per_step"),
        "normalization must be bounds or bounds_q99": config.normalization in ("bounds", "bounds_q99"),
        f"head must be one of {', '.join(HEADS)}": config.head in HEADS,
        "a head that speaks has one slot a value": not config.speaks or config.slots == "per_value",
        "autoregressive decoding says one row": config.head != "autoregressive" or config.chunk_length == 1,
        f"denoising_steps must be 1 to {TRAINED_STEPS}": 1 <= config.denoising_steps <= TRAINED_STEPS,
    }
    for rule, holds in rules.items():
        if not holds:
            raise ValueError(rule)


DINOV2_LARGE = VitConfig(
    width=1024,
    heads=16,
    mlp_width=4096,
    blocks_used=23,
    patch=14,
    mean=DINOV2_MEAN,
    std=DINOV2_STD,
    class_token=True,
    registers=4,
    layer_scale=True,
)  # vit_large_patch14_reg4_dinov2.lvd142m
SIGLIP_SO400M = VitConfig(
    width=1152, heads=16, mlp_width=4304, blocks_used=26, patch=14, mean=SIGLIP_MEAN, std=SIGLIP_STD
)  # vit_so400m_patch14_siglip_224
LLAMA_7B = LlamaConfig(width=4096, heads=32, layers=32, mlp_width=11008, vocabulary=32064)


def openvla_7b() -> OftConfig:
    """The published sizes, as OFT+ on ALOHA has them (paper, section V)."""
    return OftConfig(
        image_size=224,
        featurizer=DINOV2_LARGE,
        fused_featurizer=SIGLIP_SO400M,
        language=LLAMA_7B,
        pictures="openvla",
        center_crop=True,
    )


def aloha_mini(film: bool = True) -> OftConfig:
    """The small policy that comes with the app: sized so that two CPU cores can train it and act with it."""
    tower = VitConfig(
        width=96,
        heads=3,
        mlp_width=288,
        blocks_used=2,
        patch=16,
        mean=DINOV2_MEAN,
        std=DINOV2_STD,
        positions="sincos2d",
        stem="convolutional",
        stem_widths=(16, 32, 64),
    )
    return OftConfig(
        image_size=96,
        featurizer=tower,
        fused_featurizer=replace(tower, mean=SIGLIP_MEAN, std=SIGLIP_STD),
        language=LlamaConfig(
            width=160, heads=5, layers=4, mlp_width=432, vocabulary=64, embedding_std=0.3, pad_id=0, stop_id=2
        ),
        film=film,
        film_std=0.02,  # a small network trained from scratch should begin near plain blocks
        slots="per_step",
        learned_slots=True,
    )
