"""Low-rank updates that a checkpoint keeps beside their layers: base + alpha / r * B A."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float, Float32
from torch import Tensor

from oft_demo.policy.official.complaints import UnusableFile
from oft_demo.policy.official.files import read_json
from oft_demo.policy.official.state_dicts import MappedTensor

ADAPTER = "lora_adapter/adapter_config.json"
LARGEST_DEFAULT_ALPHA = 16  # vla-scripts/finetune.py: lora_alpha = min(lora_rank, 16)
UNSUPPORTED = ("use_dora", "use_rslora", "alpha_pattern", "fan_in_fan_out")


@dataclass(frozen=True)
class MergedTensor:
    """A weight and its update as one."""

    base: MappedTensor
    down: MappedTensor  # A, (r, inputs) or of a convolution (r, channels, height, width)
    up: MappedTensor  # B, (outputs, r) or (outputs, r, 1, 1)
    alpha: float

    @property
    def path(self) -> Path:
        """The file."""
        return self.base.path

    @property
    def key(self) -> str:
        """Name of the weight."""
        return self.base.key

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return self.base.shape

    @property
    def rank(self) -> int:
        """r, which may differ from layer to layer."""
        return self.down.shape[0]

    @property
    def bytes_read(self) -> int:
        """Size of the three in the file."""
        return self.base.bytes_read + self.down.bytes_read + self.up.bytes_read

    def fill(self, target: Tensor) -> Iterator[int]:
        """Merge in fp32, whatever the target is; yields how many bytes were read."""
        target.copy_(merged(self.base.value, self.down.value, self.up.value, self.alpha))
        yield self.bytes_read

    def sample(self, places: int, width: int) -> bytes:
        """A few bytes from several places of the three."""
        return b"".join(part.sample(places, width) for part in (self.base, self.down, self.up))


def merged(
    base: Float[Tensor, "out ..."], down: Float[Tensor, "rank ..."], up: Float[Tensor, "out rank ..."], alpha: float
) -> Float32[Tensor, "out ..."]:
    """The weight of a linear layer or of a convolution with its update; a convolution's B is a 1 x 1 one."""
    update = up.float().flatten(1) @ down.float().flatten(1)
    return base.float() + (alpha / len(down)) * update.view(base.shape)


def merge(base: MappedTensor, down: MappedTensor, up: MappedTensor, alpha: float | None) -> MergedTensor:
    """Check that an update fits its weight; alpha None stands for the one that training scripts choose."""
    rank = (down.shape or (0,))[0]
    outputs, inputs = base.shape[:1], base.shape[1:]
    shapes = (rank, *inputs), (*outputs, rank, *(1 for _ in inputs[1:]))
    if rank < 1 or not inputs or (down.shape, up.shape) != shapes:
        found = f"with {down.key} of shape {list(down.shape)} and {up.key} of shape {list(up.shape)}"
        expected = " and ".join(str(list(shape)) for shape in shapes)
        raise UnusableFile(base.path.parent, base.path.name, found, f"{expected} for {base.key} {list(base.shape)}")
    return MergedTensor(base, down, up, float(min(rank, LARGEST_DEFAULT_ALPHA) if alpha is None else alpha))


def alpha_of(directory: Path, fact: int | None) -> float | None:
    """What was said, or what the adapter's config says; None where nothing is known."""
    values = read_json(directory, ADAPTER) if (directory / ADAPTER).is_file() else {}
    asked = [name for name in UNSUPPORTED if values.get(name)]
    if asked:
        raise UnusableFile(directory, ADAPTER, f"with {asked[0]} {values[asked[0]]!r}", "plain LoRA updates")
    alpha = values.get("lora_alpha")
    if alpha is not None and (type(alpha) not in (int, float) or not math.isfinite(alpha) or alpha <= 0):
        raise UnusableFile(directory, ADAPTER, f"with lora_alpha {alpha!r}", "a positive number")
    return fact if fact is not None else alpha


def check_ranks(directory: Path, updates: Iterable[MergedTensor]) -> None:
    """Raise where the adapter's config speaks of another rank than the weights have."""
    values = read_json(directory, ADAPTER) if (directory / ADAPTER).is_file() else {}
    said = values.get("r")
    if said is None or values.get("rank_pattern"):
        return
    for update in updates:
        if update.rank != said:
            found = f"with r {said!r}, but {update.down.key} in {update.path.name} has {update.rank} rows"
            raise UnusableFile(directory, ADAPTER, found, "the rank of the weights beside it")
