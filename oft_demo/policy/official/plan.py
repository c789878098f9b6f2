"""Which stored tensor fills which weight of the network: everything is settled before any tensor is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor

from oft_demo.policy.config import OftConfig
from oft_demo.policy.official.complaints import MissingFile, UnusableFile
from oft_demo.policy.official.contradictions import HEAD_MARKS, check_head, check_joints, check_uncalled
from oft_demo.policy.official.facts import Facts
from oft_demo.policy.official.files import Component, component
from oft_demo.policy.official.lora import MergedTensor, alpha_of, check_ranks
from oft_demo.policy.official.names import VISION, unwrapped, without_effect
from oft_demo.policy.official.shards import read_headers
from oft_demo.policy.official.state_dicts import MappedTensor, read_state_dict


class Source(Protocol):
    """Something on disk that becomes one weight."""

    @property
    def path(self) -> Path: ...

    @property
    def key(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def bytes_read(self) -> int: ...

    def fill(self, target: Tensor) -> Iterator[int]: ...

    def sample(self, places: int, width: int) -> bytes: ...


@dataclass(frozen=True)
class Plan:
    """A checkpoint, looked through and not yet read."""

    sources: Mapping[str, Source]  # by the names of the network here
    components: tuple[Component, ...]

    @property
    def updates(self) -> list[MergedTensor]:
        """The weights that are merged from LoRA updates."""
        return [source for source in self.sources.values() if isinstance(source, MergedTensor)]


def plan_of(
    directory: Path,
    config: OftConfig,
    facts: Facts,
    shapes: Mapping[str, tuple[int, ...]],
    step: str | int | None = None,
) -> Plan:
    """Find a source of the right shape for every weight; raises InvalidCheckpoint."""
    found = _components(directory, facts, step)
    check_uncalled(directory, facts, step)
    sources: dict[str, Source] = dict(read_headers(directory))
    if facts.film:
        sources = {name: source for name, source in sources.items() if not name.startswith(VISION)}
    for name, one in found.items():
        tensors = read_state_dict(one.path)
        if name == "vision_backbone":
            sources.update(_vision(directory, one, tensors, facts))
            continue
        if name == "action_head":
            check_head(directory, one, tensors, config, facts)
        if name == "proprio_projector":
            check_joints(directory, one, tensors, facts)
        sources.update({f"{name}.{key}": tensor for key, tensor in tensors.items()})
    _check_names(directory, sources, shapes, config)
    used = {name: sources[name] for name in shapes}
    _check_shapes(directory, used, shapes)
    return Plan(used, tuple(found.values()))


def _components(directory: Path, facts: Facts, step: str | int | None) -> dict[str, Component]:
    """The files that such a policy needs beside the language model; raises where one is missing."""
    needed = {
        "action_head": facts.head in HEAD_MARKS,
        "noisy_action_projector": facts.head == "diffusion",
        "proprio_projector": facts.proprio,
        "vision_backbone": facts.film,
    }
    instead = {
        "action_head": 'without one actions are words: write "head": "discrete" into policy.json',
        "noisy_action_projector": 'a diffusion head cannot do without; is the policy "head": "l1" in policy.json?',
        "proprio_projector": 'for a policy that reads no joints write "proprio": false into policy.json',
        "vision_backbone": 'for a policy without FiLM write "film": false into policy.json',
    }
    found: dict[str, Component] = {}
    for name in (name for name, asked in needed.items() if asked):
        one = component(directory, name, step)
        if one is None:
            raise MissingFile(directory, f"{name}--*_checkpoint.pt", f"exactly one; {instead[name]}")
        found[name] = one
    return found


def _vision(
    directory: Path, one: Component, tensors: Mapping[str, MappedTensor], facts: Facts
) -> dict[str, MappedTensor | MergedTensor]:
    """The towers as FiLM's training left them; those in the safetensors are the ones that it began with."""
    whole = unwrapped(one.path, tensors, alpha_of(directory, facts.lora_alpha))
    check_ranks(directory, (source for source in whole.values() if isinstance(source, MergedTensor)))
    return whole


def _check_names(
    directory: Path, sources: Mapping[str, Source], shapes: Mapping[str, tuple[int, ...]], config: OftConfig
) -> None:
    """Every weight has a source, and every tensor is a weight or one that is known to have no effect."""
    missing = sorted(shapes.keys() - sources.keys())
    if missing:
        place = _home(missing[0], config, sources)
        found = f"without {missing[0]}{_more(missing)}"
        raise UnusableFile(directory, place, found, f"all {len(shapes)} tensors of such a network")
    unknown = sorted(n for n in sources.keys() - shapes.keys() if not without_effect(n, config))
    if unknown:
        source = sources[unknown[0]]
        found, expected = f"with the unknown {source.key}{_more(unknown)}", "only tensors of such a network"
        raise UnusableFile(directory, source.path.name, found, expected)


def _home(name: str, config: OftConfig, sources: Mapping[str, Source]) -> str:
    """The file in which a weight would be: that of its neighbours."""
    part = name.split(".")[0]
    if part == "vision_backbone" and not config.film:
        part = "projector"
    near = (source.path.name for other, source in sources.items() if other.startswith(f"{part}."))
    return next(near, "the weights")


def _check_shapes(directory: Path, used: Mapping[str, Source], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        source = used[name]
        if source.shape != shape:
            found = f"with {source.key} of shape {list(source.shape)}"
            raise UnusableFile(directory, source.path.name, found, f"shape {list(shape)} by the sizes of the network")


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
