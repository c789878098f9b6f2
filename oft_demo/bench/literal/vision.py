"""Both vision towers as the published code runs them: to their last block, one picture at a time."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.bench.literal.adapters import Parts
from oft_demo.policy.config import VitConfig

NORM_EPSILON = 1e-6


class Block(nn.Module):
    """A pre-norm block that computes its own FiLM from the mean of the words."""

    def __init__(self, parts: Parts, name: str, tower: VitConfig, film: bool):
        super().__init__()
        self.heads, self.film = tower.heads, film
        self.norm1, self.norm2 = (parts.norm(f"{name}.{norm}", NORM_EPSILON) for norm in ("norm1", "norm2"))
        self.qkv, self.proj = (parts.linear(f"{name}.attn.{layer}", True) for layer in ("qkv", "proj"))
        self.fc1, self.fc2 = (parts.linear(f"{name}.mlp.{layer}", True) for layer in ("fc1", "fc2"))
        self.scales = [parts.tensor(f"{name}.{ls}.scale_factor") for ls in ("ls1", "ls2") if tower.layer_scale]
        if film:
            self.scale, self.shift = parts.plain(f"{name}.scale"), parts.plain(f"{name}.shift")

    def forward(self, x: Float[Tensor, "b n w"], words: Float[Tensor, "1 d"]) -> Float[Tensor, "b n w"]:
        attended = self._attended(self.norm1(x))
        x = x + (attended * self.scales[0] if self.scales else attended)
        if self.film:
            gamma, beta = self.scale(words), self.shift(words)
            x = x * (1 + gamma[:, None]) + beta[:, None]
        told = self.fc2(functional.gelu(self.fc1(self.norm2(x))))
        return x + (told * self.scales[1] if self.scales else told)

    def _attended(self, x: Float[Tensor, "b n w"]) -> Float[Tensor, "b n w"]:
        batch, count, width = x.shape
        split = self.qkv(x).reshape(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*split.unbind(0))
        return self.proj(mixed.transpose(1, 2).reshape(batch, count, width))


class Tower(nn.Module):
    """One vision transformer, of which only the second-to-last block's patch tokens are used."""

    def __init__(self, parts: Parts, name: str, tower: VitConfig, film: bool, last_block: bool):
        super().__init__()
        self.patches = parts.convolution(f"{name}.patch_embed.proj")
        self.places = parts.tensor(f"{name}.pos_embed")
        tokens = [("cls_token", tower.class_token), ("reg_token", tower.registers)]
        self.first = [parts.tensor(f"{name}.{token}") for token, held in tokens if held]
        self.read = tower.blocks_used - 1
        # The last block is in no network that leaves it out, and what it says is thrown away: the first one stands in.
        indices = [*range(tower.blocks_used), *([0] if last_block else [])]
        self.blocks = nn.ModuleList(Block(parts, f"{name}.blocks.{index}", tower, film) for index in indices)

    def forward(self, pixels: Float[Tensor, "b 3 h w"], words: Float[Tensor, "1 d"]) -> Float[Tensor, "b n w"]:
        x = self.patches(pixels).flatten(2).transpose(1, 2) + self.places
        x = torch.cat([*(token.expand(len(x), -1, -1) for token in self.first), x], 1)
        outputs = []
        for index, block in enumerate(self.blocks):
            x = block(x, words)
            if index == self.read:
                outputs.append(x)
        return outputs[0][:, sum(token.shape[1] for token in self.first) :]


class Projector(nn.Module):
    """Patch features of both towers to tokens of the trunk."""

    def __init__(self, parts: Parts):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = (parts.linear(f"projector.{layer}", False) for layer in ("fc1", "fc2", "fc3"))

    def forward(self, x: Float[Tensor, "b n v"]) -> Float[Tensor, "b n d"]:
        return self.fc3(functional.gelu(self.fc2(functional.gelu(self.fc1(x)))))
