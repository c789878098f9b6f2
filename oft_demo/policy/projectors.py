"""What brings pictures, joints and noisy actions to the width of the language trunk."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class VisionProjector(nn.Module):
    """Fused patch features (width V) to language tokens: V -> 4V -> d -> d."""

    def __init__(self, vision_width: int, width: int):
        super().__init__()
        self.fc1 = nn.Linear(vision_width, 4 * vision_width)
        self.fc2 = nn.Linear(4 * vision_width, width)
        self.fc3 = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b n v"]) -> Float[Tensor, "b n d"]:
        return self.fc3(functional.gelu(self.fc2(functional.gelu(self.fc1(x)))))


class NoisyActionProjector(nn.Module):
    """Each value of a noisy chunk to a token of its own: 1 -> d -> d."""

    def __init__(self, width: int):
        super().__init__()
        self.fc1 = nn.Linear(1, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b a 1"]) -> Float[Tensor, "b a d"]:
        return self.fc2(functional.gelu(self.fc1(x)))


class ProprioProjector(nn.Module):
    """Normalised joints to one token: P -> d -> d."""

    def __init__(self, proprio_dim: int, width: int):
        super().__init__()
        self.fc1 = nn.Linear(proprio_dim, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b p"]) -> Float[Tensor, "b d"]:
        return self.fc2(functional.gelu(self.fc1(x)))
