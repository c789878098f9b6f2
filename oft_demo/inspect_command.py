"""`inspect`: what a policy's network costs, from its sizes alone; no weights are read."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import tyro

from . import policy
from .errors import InvalidCheckpoint, OftDemoError, UnknownName
from .inspect_report import Inspection, report, values
from .policy import OftConfig, census, cost, official, probe
from .policy.floors import DEVICES, Device, floor
from .policy.model import MAX_PROMPT
from .policy.official.files import CONFIG, read_json
from .settings import Settings

SIZES = {"aloha-mini": policy.aloha_mini}  # of bundled policies, whether or not they are here
MAX_WEIGHTS, MAX_BLOCKS, MAX_TOKENS = 10**12, 1000, 10**5  # of a directory: far beyond any policy


class PromptLength(OftDemoError):
    """A prompt that no policy reads."""

    def __init__(self, found: int):
        super().__init__(f"A prompt of {found} tokens; policies read 1 to {MAX_PROMPT}, its BOS not counted.")


@dataclass(frozen=True)
class InspectOptions:
    """Count a policy's weights, memory and work, and the time that no program can beat."""

    target: Annotated[str, tyro.conf.Positional]  # a preset, a bundled policy, or a directory
    prompt_tokens: int = 40  # the instruction in its template, BOS not counted; usual ones have 20 to 35
    gpu: str | None = None  # one of those with known rates; default: all
    json: bool = False  # print JSON instead of a table


@dataclass(frozen=True)
class Target:
    """What a name or a directory stands for."""

    kind: str
    config: OftConfig
    published: bool  # official sizes, as opposed to our own


def main(options: InspectOptions) -> int:
    """Print what the network of the target costs."""
    if not 1 <= options.prompt_tokens <= MAX_PROMPT:
        raise PromptLength(options.prompt_tokens)
    found = inspect(options.target, options.prompt_tokens, devices(options.gpu))
    print(json.dumps(values(found), indent=2) if options.json else report(found))
    return 0


def inspect(name: str, prompt_tokens: int, gpus: tuple[Device, ...]) -> Inspection:
    """Build the network without memory, count it, and measure this CPU for a moment."""
    target = find(name)
    config = target.config
    parameters = _counted(name, config)
    cpus = [probe.this_cpu(dtype) for dtype in (probe.DTYPES if target.published else probe.DTYPES[:1])]
    return Inspection(
        name=name,
        kind=target.kind,
        published=target.published,
        config=config,
        prompt_tokens=prompt_tokens,
        parameters=parameters,
        floors=[(device, floor(config, prompt_tokens, device)) for device in gpus],
        cpus=[(device, floor(config, prompt_tokens, device)) for device in cpus],
    )


def devices(name: str | None) -> tuple[Device, ...]:
    """The GPU of this name, spelled in any case, or all with known rates; raises UnknownName."""
    if name is None:
        return DEVICES
    named = {_plain(device.name): device for device in DEVICES}
    if _plain(name) not in named:
        raise UnknownName("GPU", name, [device.name for device in DEVICES])
    return (named[_plain(name)],)


def find(name: str, policies: Path = Settings.policies) -> Target:
    """A preset, a policy in `policies`, or a directory; raises UnknownName and InvalidCheckpoint."""
    bundled = policy.available(policies)
    if name in official.PRESETS:
        return Target("preset in the published 7B sizes", _preset(official.PRESETS[name]), published=True)
    if name in bundled:
        return Target("bundled policy", _own(bundled[name]), published=False)
    if name in SIZES:
        return Target("sizes of a bundled policy", SIZES[name](), published=False)
    directory = Path(name)
    if not directory.is_dir():
        raise UnknownName("preset, bundled policy or directory", name, {*official.PRESETS, *bundled, *SIZES})
    if official.is_official(directory):
        config = official.config_of(directory, official.facts_of(directory))
        return Target("official directory", _checked(directory, config), published=True)
    return Target("policy directory", _own(directory), published=False)


def _preset(facts: official.Facts) -> OftConfig:
    """The published network with what a preset says about it."""
    named = {field.name for field in fields(OftConfig)} & {field.name for field in fields(facts)}
    return replace(policy.openvla_7b(), **{name: getattr(facts, name) for name in named})


def _own(directory: Path) -> OftConfig:
    """The sizes of a policy that was trained here."""
    expected = "sizes of an OFT model or an official checkpoint's config.json"
    if not (directory / CONFIG).is_file():
        raise InvalidCheckpoint(directory, f"no {CONFIG}", expected)
    try:
        config = OftConfig.from_json(read_json(directory, CONFIG))
    except KeyError as error:
        raise InvalidCheckpoint(directory, f"{CONFIG} without {error}", expected) from error
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise InvalidCheckpoint(directory, f"{CONFIG} that does not fit ({error})", expected) from error
    return _checked(directory, config)


def _counted(name: str, config: OftConfig) -> dict[str, int]:
    try:
        return census.count(config)
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise InvalidCheckpoint(Path(name), f"sizes of no network ({error})", "sizes of an OFT model") from error


def _checked(directory: Path, config: OftConfig) -> OftConfig:
    """The same sizes, where a network of them can be built in reasonable time."""
    towers = config.featurizer, config.fused_featurizer
    try:
        sizes = {
            "weights": (sum(cost.parameters(config).values()), MAX_WEIGHTS),
            "blocks": (config.language.layers + sum(tower.blocks_used for tower in towers), MAX_BLOCKS),
            "tokens": (sum(cost.sequence(config, 0).values()), MAX_TOKENS),
        }
    except (TypeError, ZeroDivisionError) as error:
        raise InvalidCheckpoint(directory, f"{CONFIG} of no network ({error})", "whole numbers") from error
    for kind, (found, most) in sizes.items():
        if type(found) is not int or not 0 < found <= most:
            raise InvalidCheckpoint(directory, f"{CONFIG} of {found} {kind}", f"1 to {most}")
    return config


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
