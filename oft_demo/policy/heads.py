"""Action heads that read hidden states of the action slots: L1 regression and diffusion."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """x + ReLU(Linear(LayerNorm(x)))."""

    def __init__(self, width: int):
        super().__init__()
        self.ffn = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU())

    def forward(self, x: Float[Tensor, "b k d"]) -> Float[Tensor, "b k d"]:
        return x + self.ffn(x)


class MlpResnet(nn.Module):
    """The head's network, shared over the time steps."""

    def __init__(self, inputs: int, width: int, outputs: int, blocks: int = 2):
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(inputs)
        self.fc1 = nn.Linear(inputs, width)
        self.mlp_resnet_blocks = nn.ModuleList(ResidualBlock(width) for _ in range(blocks))
        self.layer_norm2 = nn.LayerNorm(width)
        self.fc2 = nn.Linear(width, outputs)

    def forward(self, x: Float[Tensor, "b k i"]) -> Float[Tensor, "b k o"]:
        x = functional.relu(self.fc1(self.layer_norm1(x)))
        for block in self.mlp_resnet_blocks:
            x = block(x)
        return self.fc2(self.layer_norm2(x))


def rows_of(slots: Float[Tensor, "b a d"], per_row: int) -> Float[Tensor, "b k i"]:
    """Slots of one time step side by side."""
    return slots.unflatten(1, (-1, per_row)).flatten(2)


class L1RegressionActionHead(nn.Module):
    """K rows of D values from the slots' hidden states; the slots of one row stand side by side."""

    def __init__(self, width: int, slots_per_row: int, action_dim: int):
        super().__init__()
        self.slots_per_row = slots_per_row
        self.model = MlpResnet(slots_per_row * width, width, action_dim)

    def forward(self, slots: Float[Tensor, "b a d"]) -> Float[Tensor, "b k D"]:
        return self.model(rows_of(slots, self.slots_per_row))


class NoisePredictor(nn.Module):
    """Holds the network under its published name."""

    def __init__(self, inputs: int, width: int, outputs: int):
        super().__init__()
        self.mlp_resnet = MlpResnet(inputs, width, outputs)


class DiffusionActionHead(nn.Module):
    """The noise in K rows of D values, in the same way as the L1 head says the values themselves."""

    def __init__(self, width: int, slots_per_row: int, action_dim: int):
        super().__init__()
        self.slots_per_row = slots_per_row
        self.noise_predictor = NoisePredictor(slots_per_row * width, width, action_dim)

    def forward(self, slots: Float[Tensor, "b a d"]) -> Float[Tensor, "b k D"]:
        return self.noise_predictor.mlp_resnet(rows_of(slots, self.slots_per_row))
