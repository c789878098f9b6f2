"""Auxiliary heads that ask where the named object is; they are used in training only and never part of a policy."""

from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.train.batches import Batch


@dataclass(frozen=True)
class GroundingLoss:
    """What the heads say about one batch."""

    patch: Float32[Tensor, ""]  # cross-entropy over the patches of each picture, mean
    position: Float32[Tensor, ""]  # smooth L1 of the scaled position
    right: Float32[Tensor, ""]  # share of cam_high pictures whose best patch holds the object
    error_cm: Float32[Tensor, ""]  # mean distance of the regressed position


def patch_labels(points: Float32[Tensor, "b m 2"], side: int) -> Float32[Tensor, "b m patches+1"]:
    """Spread each point over its four nearest patch centres; the last entry stands for "not in view".

    The spreading tells where in its patch an object is, which a hard label would not.
    """
    place = (points.nan_to_num(0.5) * side - 0.5).clamp(0, side - 1)
    low = place.floor().clamp(max=side - 2).long() if side > 1 else place.long()
    share = place - low
    labels = torch.zeros(*points.shape[:2], side * side + 1)
    for dx in range(2):
        for dy in range(2):
            weight = (share[..., 0] if dx else 1 - share[..., 0]) * (share[..., 1] if dy else 1 - share[..., 1])
            index = (low[..., 1] + dy) * side + low[..., 0] + dx
            labels.scatter_add_(2, index.clamp(max=side * side - 1)[..., None], weight[..., None])
    hidden = points.isnan().any(-1, keepdim=True)
    nowhere = functional.one_hot(torch.tensor(side * side), side * side + 1).float()
    return torch.where(hidden, nowhere, labels)


class GroundingHeads(nn.Module):
    """One linear score a patch and camera, "not in view" from the mean patch, and the position from the mean slot."""

    centre: Tensor
    scale: Tensor

    def __init__(self, width: int, cameras: int, positions: Float32[Tensor, "n 3"]):
        super().__init__()
        self.score = nn.Linear(width, cameras)
        self.nowhere = nn.Linear(width, cameras)
        self.position = nn.Linear(width, 3)
        known = positions[~positions.isnan().any(-1)]
        usable = len(known) > 1
        self.register_buffer("centre", known.mean(0) if usable else torch.zeros(3))
        self.register_buffer("scale", known.std(0).clamp(min=0.01) if usable else torch.ones(3))

    def logits(self, patches: Float32[Tensor, "b m n d"]) -> Float32[Tensor, "b m n+1"]:
        """Score every patch of every picture, and "not in view" last."""
        scores = torch.einsum("bmnd,md->bmn", patches, self.score.weight) + self.score.bias[:, None]
        nowhere = torch.einsum("bmd,md->bm", patches.mean(2), self.nowhere.weight) + self.nowhere.bias
        return torch.cat([scores, nowhere[..., None]], dim=-1)

    def forward(
        self, patches: Float32[Tensor, "b m n d"], slots: Float32[Tensor, "b k d"], batch: Batch
    ) -> GroundingLoss:
        """Compare with where the object that was asked for really is; frames without labels do not count."""
        known = ~batch.position.isnan().any(-1)
        count = known.sum().clamp(min=1)
        logits = self.logits(patches.float())
        labels = patch_labels(batch.points, round(patches.shape[2] ** 0.5))
        entropy = -(labels * logits.log_softmax(-1)).sum(-1).mean(-1)
        target = (batch.position.nan_to_num() - self.centre) / self.scale
        scaled = self.position(slots.float().mean(1))
        distance = functional.smooth_l1_loss(scaled, target, beta=0.1, reduction="none").mean(-1)
        seen = known & ~batch.points[:, 0].isnan().any(-1)
        right = (logits[:, 0].argmax(-1) == labels[:, 0].argmax(-1)) & seen
        metres = ((scaled - target) * self.scale).norm(dim=-1)
        return GroundingLoss(
            patch=(entropy * known).sum() / count,
            position=(distance * known).sum() / count,
            right=right.sum() / seen.sum().clamp(min=1),
            error_cm=100 * (metres * known).sum() / count,
        )
