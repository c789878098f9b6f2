"""The two vision towers, fused by channel, with weights shared over the cameras."""

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.policy.attention import attend
from oft_demo.policy.config import OftConfig, VitConfig
from oft_demo.policy.film import GammaBeta, Modulation, film_layers, modulate

NORM_EPSILON = 1e-6  # of both published towers


class VitAttention(nn.Module):
    """Self-attention with one projection for queries, keys and values."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b n w"]) -> Float[Tensor, "b n w"]:
        batch, count, width = x.shape
        split = self.qkv(x).view(batch, count, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).contiguous().unbind(0)
        return self.proj(attend(query, key, value))


class Mlp(nn.Module):
    """Two layers with GELU between them."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Float[Tensor, "b n w"]) -> Float[Tensor, "b n w"]:
        return self.fc2(functional.gelu(self.fc1(x)))


class LayerScale(nn.Module):
    """A learned factor for each channel of a residual branch."""

    def __init__(self, width: int):
        super().__init__()
        self.scale_factor = nn.Parameter(torch.full((width,), 1e-5))

    def forward(self, x: Float[Tensor, "b n w"]) -> Float[Tensor, "b n w"]:
        return x * self.scale_factor


class VitBlock(nn.Module):
    """A pre-norm block; FiLM acts between attention and MLP, on every token."""

    def __init__(self, tower: VitConfig, config: OftConfig):
        super().__init__()
        self.norm1 = nn.LayerNorm(tower.width, eps=NORM_EPSILON)
        self.attn = VitAttention(tower.width, tower.heads)
        self.ls1 = LayerScale(tower.width) if tower.layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(tower.width, eps=NORM_EPSILON)
        self.mlp = Mlp(tower.width, tower.mlp_width)
        self.ls2 = LayerScale(tower.width) if tower.layer_scale else nn.Identity()
        if config.film:
            self.scale, self.shift = film_layers(config.width, tower.width, config.film_std)

    def forward(self, x: Float[Tensor, "b n w"], film: GammaBeta | None) -> Float[Tensor, "b n w"]:
        x = x + self.ls1(self.attn(self.norm1(x)))
        if film is not None:
            x = modulate(x, *film)
        return x + self.ls2(self.mlp(self.norm2(x)))

    def modulation(self, language: Float[Tensor, "b d"]) -> GammaBeta:
        """Gamma and beta of this block."""
        return self.scale(language), self.shift(language)

    def fuse(self) -> None:
        """Put the layer scales into the weights before them."""
        for name, branch in (("ls1", self.attn.proj), ("ls2", self.mlp.fc2)):
            scale = getattr(self, name)
            if isinstance(scale, LayerScale):
                factor = scale.scale_factor.float()
                branch.weight.data = (branch.weight.float() * factor[:, None]).to(branch.weight.dtype)
                branch.bias.data = (branch.bias.float() * factor).to(branch.bias.dtype)
                setattr(self, name, nn.Identity())


class ConvolutionalStem(nn.Sequential):
    """3x3 convolutions of stride 2 down to one pixel a patch; learns places sooner than one large patch embedding."""

    def __init__(self, tower: VitConfig):
        widths = (3, *tower.stem_widths, tower.width)
        if 2 ** (len(widths) - 1) != tower.patch:
            raise ValueError(f"stem_widths must have log2(patch) - 1 entries; found {len(widths) - 2}")
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GELU()]
        super().__init__(*layers[:-1])


class PatchEmbed(nn.Module):
    """Pixels to patch tokens."""

    def __init__(self, tower: VitConfig):
        super().__init__()
        if tower.stem == "convolutional":
            self.proj = ConvolutionalStem(tower)
        else:
            self.proj = nn.Conv2d(3, tower.width, tower.patch, stride=tower.patch)

    def forward(self, pixels: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n w"]:
        return self.proj(pixels).flatten(2).transpose(1, 2)


def sincos_positions(side: int, width: int) -> Float[Tensor, "1 side*side width"]:
    """Fixed places of a square of patches: sines and cosines of the row in one half, of the column in the other."""
    frequencies = 1 / 10000 ** (torch.arange(width // 4, dtype=torch.float64, device="cpu") / (width // 4))
    angles = torch.arange(side, dtype=torch.float64, device="cpu")[:, None] * frequencies
    waves = torch.cat([angles.sin(), angles.cos()], 1)  # (side, width / 2)
    rows = waves[:, None].expand(side, side, -1)
    columns = waves[None].expand(side, side, -1)
    return torch.cat([rows, columns], -1).reshape(1, side * side, -1).float()


class VisionTransformer(nn.Module):
    """One tower, up to the block that OFT reads."""

    def __init__(self, tower: VitConfig, config: OftConfig):
        super().__init__()
        self.prefix = tower.prefix
        if tower.class_token:
            self.cls_token = nn.Parameter(torch.randn(1, 1, tower.width) * 0.02)
        if tower.registers:
            self.reg_token = nn.Parameter(torch.randn(1, tower.registers, tower.width) * 0.02)
        self._tokens = [n for n, held in (("cls_token", tower.class_token), ("reg_token", tower.registers)) if held]
        if tower.positions == "learned":
            self.pos_embed = nn.Parameter(torch.randn(1, config.patches, tower.width) * 0.02)
        else:
            places = sincos_positions(math.isqrt(config.patches), tower.width)
            self.register_buffer("pos_embed", places, persistent=False)
        self.patch_embed = PatchEmbed(tower)
        self.blocks = nn.ModuleList(VitBlock(tower, config) for _ in range(tower.blocks_used))
        self.pixel_scale: Tensor
        self.pixel_shift: Tensor
        # In memory also while a model is made without any, and in fp32 whatever the weights are.
        mean, std = torch.tensor(tower.mean, device="cpu"), torch.tensor(tower.std, device="cpu")
        self.register_buffer("pixel_scale", (1 / std).view(3, 1, 1), persistent=False)
        self.register_buffer("pixel_shift", (-mean / std).view(3, 1, 1), persistent=False)

    def forward(self, pixels: Float[Tensor, "b 3 h w"], film: tuple[GammaBeta, ...]) -> Float[Tensor, "b n w"]:
        """Patch tokens of images in 0..1; no final norm, class and register tokens dropped."""
        x = self.patch_embed(self.normalized(pixels).to(self.dtype)) + self.pos_embed.to(self.dtype)
        prefix = [getattr(self, name).expand(len(x), -1, -1) for name in self._tokens]
        x = torch.cat([*prefix, x], 1) if prefix else x
        for index, block in enumerate(self.blocks):
            x = block(x, film[index] if film else None)
        return x[:, self.prefix :]

    def normalized(self, pixels: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Pixels in 0..1 to the mean and deviation that this tower was trained with."""
        return torch.addcmul(self.pixel_shift, pixels, self.pixel_scale)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return next(self.parameters()).dtype

    def fuse(self) -> None:
        """Fewer operations a block, for acting."""
        for block in self.blocks:
            assert isinstance(block, VitBlock)
            block.fuse()

    def modulation(self, language: Float[Tensor, "b d"]) -> tuple[GammaBeta, ...]:
        """Gamma and beta of every block."""
        return tuple(block.modulation(language) for block in self.blocks if isinstance(block, VitBlock))


class VisionBackbone(nn.Module):
    """Both towers over all images, DINOv2-like channels first."""

    def __init__(self, config: OftConfig):
        super().__init__()
        self.featurizer = VisionTransformer(config.featurizer, config)
        self.fused_featurizer = VisionTransformer(config.fused_featurizer, config)

    def forward(self, pixels: Float[Tensor, "b m 3 h w"], modulation: Modulation | None) -> Float[Tensor, "b m*n v"]:
        """Patch tokens of image after image; images of one query are seen under the same modulation."""
        flat = pixels.flatten(0, 1)
        first = self.featurizer(flat, modulation.featurizer if modulation else ())
        second = self.fused_featurizer(flat, modulation.fused_featurizer if modulation else ())
        fused = torch.cat([first, second], -1)
        return fused.reshape(len(pixels), -1, fused.shape[-1])

    def modulation(self, language: Float[Tensor, "b d"]) -> Modulation:
        """Gamma and beta of both towers from the mean language embedding."""
        return Modulation(self.featurizer.modulation(language), self.fused_featurizer.modulation(language))

    def fuse(self) -> None:
        """Fewer operations a block, for acting."""
        self.featurizer.fuse()
        self.fused_featurizer.fuse()
