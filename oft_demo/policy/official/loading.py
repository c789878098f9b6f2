"""Official checkpoints onto a device, tensor by tensor: in memory are the network and one piece of a file."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from oft_demo.policy.checkpoint import Checkpoint, PolicySettings
from oft_demo.policy.config import OftConfig, VitConfig
from oft_demo.policy.model import OftModel
from oft_demo.policy.official.card import card_of, fingerprint_of
from oft_demo.policy.official.complaints import MissingFile, UnusableFile
from oft_demo.policy.official.facts import Facts, facts_of
from oft_demo.policy.official.memory import chosen_device, chosen_dtype
from oft_demo.policy.official.plan import Source, plan_of
from oft_demo.policy.official.shards import PIECE, StoredTensor
from oft_demo.policy.official.sizes import config_of
from oft_demo.policy.official.statistics import read_statistics
from oft_demo.policy.official.tokenizer import read_tokenizer


@dataclass(frozen=True)
class LoadProgress:
    """How far loading has come."""

    bytes_read: int
    bytes_total: int
    what: str  # the file that is being read

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self.bytes_read / max(self.bytes_total, 1)


def read(
    directory: Path,
    facts: Facts | None = None,
    *,
    towers: Mapping[str, VitConfig] | None = None,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    step: str | int | None = None,
    norm_epsilon: float | None = None,
    rope_theta: float | None = None,
) -> Checkpoint:
    """`reading` without looking at its progress."""
    steps = reading(
        directory,
        facts,
        towers=towers,
        device=device,
        dtype=dtype,
        step=step,
        norm_epsilon=norm_epsilon,
        rope_theta=rope_theta,
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def reading(
    directory: Path,
    facts: Facts | None = None,
    *,
    towers: Mapping[str, VitConfig] | None = None,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    step: str | int | None = None,
    norm_epsilon: float | None = None,
    rope_theta: float | None = None,
) -> Generator[LoadProgress, None, Checkpoint]:
    """Load a directory, telling how far it has come; raises InvalidCheckpoint and NotEnoughMemory.

    `facts` None reads policy.json; `towers` gives sizes for timm ids other than the published ones; `step` stands in
    for the facts' own; `norm_epsilon` and `rope_theta` hold where config.json is silent.
    """
    if not directory.is_dir():
        raise MissingFile(directory, "such directory", "a directory as vla-scripts/finetune.py writes it")
    facts = facts or facts_of(directory)
    step = facts.step if step is None else step
    config = config_of(directory, facts, towers, norm_epsilon, rope_theta)
    tokenizer = read_tokenizer(directory, config.language)
    model = _without_memory(config)
    plan = plan_of(directory, config, facts, _shapes(model), step)
    entry = read_statistics(directory, facts)
    device = chosen_device(device)
    dtype = chosen_dtype(directory.name, config, device, dtype)
    fingerprint, card = fingerprint_of(plan), card_of(directory, config, facts, plan, entry)
    sources = dict(plan.sources)
    del plan  # so that a mapped file is let go when its last tensor has been read
    yield from _fill(model, sources, device, dtype)
    settings = PolicySettings(directory.name, config.chunk_length, entry.key, cameras=facts.cameras)
    return Checkpoint(config, model, tokenizer, entry.statistics, settings, card, fingerprint)


def _without_memory(config: OftConfig) -> OftModel:
    """The network with shapes only; its buffers, which no file holds, are real."""
    with torch.device("meta"):
        return OftModel(config).eval().requires_grad_(False)


def _shapes(model: OftModel) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def _fill(
    model: OftModel, sources: dict[str, Source], device: torch.device, dtype: torch.dtype
) -> Generator[LoadProgress, None, None]:
    """Give one weight after another memory of its own and copy it there; sources are let go as they are used up."""
    done, total = 0, sum(source.bytes_read for source in sources.values())
    for name in sorted(sources, key=lambda name: _turn(sources[name])):
        source = sources.pop(name)
        weight = torch.empty(source.shape, dtype=dtype, device=device)
        for count in source.fill(weight):
            done += count
            yield LoadProgress(done, total, source.path.name)
        _check_finite(source, weight)
        owner, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(owner), leaf, nn.Parameter(weight, requires_grad=False))
    model.to(device)


def _turn(source: Source) -> tuple[bool, str, int]:
    """Files that are mapped into memory come first, while there is little else in it; then as tensors are stored."""
    if isinstance(source, StoredTensor):
        return True, source.path.name, source.start
    return False, source.path.name, 0


def _check_finite(source: Source, weight: Tensor) -> None:
    flat = weight.view(-1)
    for first in range(0, len(flat), PIECE):
        # A NaN anywhere makes both NaN: one pass, without a mask as large as the weight.
        extremes = torch.stack(torch.aminmax(flat[first : first + PIECE])).tolist()
        if not all(map(math.isfinite, extremes)):
            found = f"with a value in {source.key} that is no number, or too large for {weight.dtype}"
            raise UnusableFile(source.path.parent, source.path.name, found, "finite weights")
