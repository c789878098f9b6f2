"""How weights move: AdamW, a learning-rate schedule, and a moving average of the weights."""

import math

import torch
from torch import Tensor, nn

from oft_demo.train.recipe import TrainSettings


def make_optimizer(modules: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only; norms, biases and embeddings of places are left alone."""
    trained = [parameter for parameter in modules.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    # One fused kernel walks through all parameters once; on a CPU the loop of small ones costs several times more.
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)


def rate_at(step: int, done: float, settings: TrainSettings) -> float:
    """The learning rate: linear warm-up by steps, then a cosine over the share of the budget that is done (0..1)."""
    warm = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return settings.learning_rate * warm * (settings.final_rate + (1 - settings.final_rate) * cosine)


class WeightAverage:
    """A moving average of a model's weights, shorter while there are few steps to average."""

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.updates = 0
        self.weights: dict[str, Tensor] = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards the model's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value, 1 - decay)
            else:
                self.weights[name].copy_(value)
