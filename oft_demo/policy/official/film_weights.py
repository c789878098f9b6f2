"""FiLM's layers as a checkpoint holds them, those of the unused last blocks too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from oft_demo.policy.film import GammaBeta
from oft_demo.policy.official.complaints import MissingFile, UnusableFile
from oft_demo.policy.official.facts import Facts, facts_of
from oft_demo.policy.official.files import Component, component
from oft_demo.policy.official.names import TOWERS, VISION
from oft_demo.policy.official.state_dicts import MappedTensor, read_state_dict


class FilmLayer(NamedTuple):
    """What gives one block its gamma (scale) and beta (shift)."""

    scale_weight: Float32[Tensor, "w d"]
    scale_bias: Float32[Tensor, " w"]
    shift_weight: Float32[Tensor, "w d"]
    shift_bias: Float32[Tensor, " w"]


@dataclass(frozen=True)
class FilmLayers:
    """Those of one tower, block after block."""

    blocks: tuple[FilmLayer, ...]

    def __iter__(self) -> Iterator[FilmLayer]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    def modulation(self, language: Float32[Tensor, "b d"]) -> list[GammaBeta]:
        """Gamma and beta of every block from the mean language embedding."""
        return [
            (
                functional.linear(language, layer.scale_weight, layer.scale_bias),
                functional.linear(language, layer.shift_weight, layer.shift_bias),
            )
            for layer in self.blocks
        ]


def film_layers(directory: Path, facts: Facts | None = None, *, step: str | int | None = None) -> dict[str, FilmLayers]:
    """FiLM's layers by tower, in fp32; raises InvalidCheckpoint."""
    facts = facts or facts_of(directory)
    found = component(directory, "vision_backbone", facts.step if step is None else step) if facts.film else None
    if found is None:
        raise MissingFile(directory, "vision_backbone--*_checkpoint.pt of a policy with FiLM", "exactly one")
    tensors = read_state_dict(found.path)
    return {tower: FilmLayers(tuple(_blocks(found, tensors, f"{VISION}{tower}."))) for tower in TOWERS}


def _blocks(file: Component, tensors: dict[str, MappedTensor], start: str) -> Iterator[FilmLayer]:
    index = 0
    while any(key.startswith(f"{start}blocks.{index}.") for key in tensors):
        keys = [f"{start}blocks.{index}.{layer}.{kind}" for layer in ("scale", "shift") for kind in ("weight", "bias")]
        missing = [key for key in keys if key not in tensors]
        if missing:
            raise UnusableFile(file.path.parent, file.path.name, f"without {missing[0]}", "FiLM in every block")
        layer = FilmLayer(*(tensors[key].value.float() for key in keys))
        _check(file, keys[0], layer)
        yield layer
        index += 1


def _check(file: Component, key: str, layer: FilmLayer) -> None:
    shape = layer.scale_weight.shape
    expected = (shape, shape[:1], shape, shape[:1])
    if len(shape) != 2 or any(value.shape != size for value, size in zip(layer, expected, strict=True)):
        found = f"with {key} of shape {list(shape)} beside other shapes"
        raise UnusableFile(file.path.parent, file.path.name, found, "two layers from d to w values")
