"""Random changes of a batch of pictures: colours as one 3x3 matrix a picture, places by resampling if asked for."""

import math

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from oft_demo.train.recipe import Augmentation

LUMA = (0.299, 0.587, 0.114)  # ITU-R 601, the grey that saturation mixes with


def _uniform(count: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * reach


def colour_matrices(
    means: Float32[Tensor, "n 3"], settings: Augmentation, generator: torch.Generator
) -> tuple[Float32[Tensor, "n 3 3"], Float32[Tensor, "n 3 1"]]:
    """Draw brightness, contrast, saturation and hue for n pictures as one affine map of RGB each."""
    count = len(means)
    grey = torch.tensor(LUMA).expand(3, 3)
    saturation = 1 + _uniform(count, settings.saturation, generator)
    matrix = grey + saturation[:, None, None] * (torch.eye(3) - grey)
    matrix = _hue_rotation(_uniform(count, settings.hue, generator) * 2 * math.pi) @ matrix
    contrast = 1 + _uniform(count, settings.contrast, generator)
    brightness = _uniform(count, settings.brightness, generator)
    level = (means @ torch.tensor(LUMA))[:, None, None]  # contrast turns about the mean grey of the picture
    matrix = contrast[:, None, None] * matrix
    return matrix, (1 - contrast[:, None, None]) * level + brightness[:, None, None] + torch.zeros(count, 3, 1)


def _hue_rotation(angle: Float32[Tensor, " n"]) -> Float32[Tensor, "n 3 3"]:
    """Rotate RGB about the grey axis (Rodrigues' formula)."""
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    cosine, sine = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    return cosine * torch.eye(3) + (1 - cosine) / 3 * torch.ones(3, 3) + sine * cross


def augment(
    pictures: Float32[Tensor, "b m 3 h w"], settings: Augmentation, generator: torch.Generator
) -> tuple[Float32[Tensor, "b m 3 h w"], Float32[Tensor, "b m 3"]]:
    """Vary each picture on its own; returns the pictures and the crops taken: left, top, side as fractions."""
    batch, count, _, height, width = pictures.shape
    flat = pictures.reshape(batch * count, 3, height * width)
    # Every 7th pixel tells the mean well enough, at a seventh of the cost.
    matrix, offset = colour_matrices(flat[:, :, ::7].mean(-1), settings, generator)
    flat = torch.baddbmm(offset.expand(-1, -1, height * width), matrix, flat).clamp_(0, 1)
    changed = flat.view(batch, count, 3, height, width)
    if settings.shift_pixels == 0 and settings.smallest_scale == 1:
        return changed, torch.tensor([0.0, 0.0, 1.0]).expand(batch, count, 3)
    side = 1 - torch.rand(batch * count, generator=generator) * (1 - settings.smallest_scale)
    corner = [(1 - side) / 2 + _uniform(batch * count, settings.shift_pixels / width, generator) for _ in range(2)]
    crops = torch.stack([*corner, side], dim=1)
    return _crop(changed.flatten(0, 1), crops).view_as(changed), crops.view(batch, count, 3)


def _crop(pictures: Float32[Tensor, "n 3 h w"], crops: Float32[Tensor, "n 3"]) -> Float32[Tensor, "n 3 h w"]:
    left, top, side = crops.unbind(1)
    theta = torch.zeros(len(crops), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, 0, 2] = 2 * left + side - 1
    theta[:, 1, 2] = 2 * top + side - 1
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def move_points(points: Float32[Tensor, "b m 2"], crops: Float32[Tensor, "b m 3"]) -> Float32[Tensor, "b m 2"]:
    """Where points of the whole picture lie in the crop, as fractions; NaN where they are outside."""
    moved = (points - crops[..., :2]) / crops[..., 2:]
    outside = ((moved < 0) | (moved > 1)).any(-1, keepdim=True)
    return moved.masked_fill(outside, float("nan"))
