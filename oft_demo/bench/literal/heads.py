"""What reads joints in and actions out; neither ever has an adapter."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.bench.literal.adapters import Parts

NORM_EPSILON = 1e-5


class Joints(nn.Module):
    """Joints to one token of the trunk."""

    def __init__(self, parts: Parts):
        super().__init__()
        self.fc1, self.fc2 = (parts.plain(f"proprio_projector.{layer}") for layer in ("fc1", "fc2"))

    def forward(self, joints: Float[Tensor, "1 p"]) -> Float[Tensor, "1 1 d"]:
        return self.fc2(functional.gelu(self.fc1(joints)))[:, None]


class Regression(nn.Module):
    """An L1 head: D hidden states side by side to one row of D actions."""

    def __init__(self, parts: Parts, chunk_length: int, blocks: int = 2):
        super().__init__()
        name = "action_head.model"
        self.chunk_length = chunk_length
        self.norm1, self.norm2 = (parts.norm(f"{name}.layer_norm{index}", NORM_EPSILON) for index in (1, 2))
        self.fc1, self.fc2 = (parts.plain(f"{name}.fc{index}") for index in (1, 2))
        names = [f"{name}.mlp_resnet_blocks.{index}.ffn" for index in range(blocks)]
        self.norms = nn.ModuleList(parts.norm(f"{block}.0", NORM_EPSILON) for block in names)
        self.layers = nn.ModuleList(parts.plain(f"{block}.1") for block in names)

    def forward(self, hidden: Float[Tensor, "1 a d"]) -> Float[Tensor, "1 k D"]:
        x = hidden.reshape(1, self.chunk_length, -1)
        x = torch.relu(self.fc1(self.norm1(x)))
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = x + torch.relu(layer(norm(x)))
        return self.fc2(self.norm2(x))
