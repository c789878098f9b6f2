"""A policy as a directory: config, weights, statistics, tokenizer, settings and card."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy.config import OftConfig
from oft_demo.policy.model import OftModel
from oft_demo.policy.normalization import Statistics
from oft_demo.policy.tokenizer import Tokenizer
from oft_demo.types import CAMERAS

WEIGHTS = "model.safetensors"
FILES = (
    "config.json",
    WEIGHTS,
    "dataset_statistics.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "policy.json",
    "README.md",
)
PART, OLD = ".part", ".old"
Value = TypeVar("Value")


@dataclass(frozen=True)
class PolicySettings:
    """What belongs to a policy and to none of its weights."""

    name: str
    replan_after: int  # rows that are executed before the policy is asked again
    unnorm_key: str  # entry of dataset_statistics.json
    render_fingerprint: str = ""  # of the pictures it was trained on
    cameras: tuple[str, ...] = CAMERAS  # in the order in which the network reads them


@dataclass(frozen=True)
class Checkpoint:
    """A directory, read and checked."""

    config: OftConfig
    model: OftModel
    tokenizer: Tokenizer
    statistics: Statistics
    settings: PolicySettings
    card: str
    fingerprint: str  # of the weights


def save(
    directory: Path,
    model: OftModel,
    config: OftConfig,
    tokenizer: Tokenizer,
    statistics: Statistics,
    policy_settings: PolicySettings,
    card_text: str,
    half: bool = False,
) -> None:
    """Write a policy; until all of it is written, what was there before stays. `half` stores weights in fp16."""
    part, old = (directory.with_name(directory.name + ending) for ending in (PART, OLD))
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    dtype = torch.float16 if half else torch.float32
    weights = {name: value.detach().to("cpu", dtype).contiguous() for name, value in model.state_dict().items()}
    save_file(weights, part / WEIGHTS, metadata={"format": "pt"})
    _write(part / "config.json", config.to_json())
    _write(part / "dataset_statistics.json", {policy_settings.unnorm_key: statistics.to_json()})
    _write(part / "policy.json", {**asdict(policy_settings), **_shared(config)})
    tokenizer.save(part)
    (part / "README.md").write_text(card_text)
    shutil.rmtree(old, ignore_errors=True)
    if directory.exists():
        os.replace(directory, old)
    os.replace(part, directory)
    shutil.rmtree(old, ignore_errors=True)


def read(directory: Path) -> Checkpoint:
    """Read a policy onto the CPU; raises InvalidCheckpoint."""
    _check_files(directory)
    config = _parsed(directory, "config.json", OftConfig.from_json, "sizes of an OFT model")
    settings = _parsed(directory, "policy.json", lambda values: _settings(values, config), "settings of this model")
    statistics = _parsed(
        directory,
        "dataset_statistics.json",
        lambda values: _statistics(values[settings.unnorm_key], config),
        f"an entry {settings.unnorm_key!r} with bounds of {config.action_dim} actions and {config.proprio_dim} joints",
    )
    tokenizer = _tokenizer(directory, config)
    model = _model(directory, config)
    digest = hashlib.sha256((directory / WEIGHTS).read_bytes()).hexdigest()[:12]
    return Checkpoint(config, model, tokenizer, statistics, settings, (directory / "README.md").read_text(), digest)


def available(directory: Path) -> dict[str, Path]:
    """The policies in a directory, by the name of their own directories."""
    found = sorted(path.parent for path in directory.glob("*/policy.json"))
    return {path.name: path for path in found if path.suffix not in (PART, OLD)}


def _shared(config: OftConfig) -> dict[str, Any]:
    """Facts of the config that policy.json repeats for whoever reads only that."""
    return {
        "film": config.film,
        "chunk_length": config.chunk_length,
        "image_size": config.image_size,
        "normalization": config.normalization,
    }


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n")


def _check_files(directory: Path) -> None:
    if not directory.is_dir():
        raise InvalidCheckpoint(directory, "no such directory", f"a directory with {', '.join(FILES)}")
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise InvalidCheckpoint(directory, f"no {', '.join(missing)}", f"all of {', '.join(FILES)}")


def _parsed(directory: Path, name: str, parse: Callable[[dict[str, Any]], Value], expected: str) -> Value:
    try:
        values = json.loads((directory / name).read_text())
    except ValueError as error:
        raise InvalidCheckpoint(directory, f"{name} that is not JSON ({error})", expected) from error
    try:
        return parse(values)
    except KeyError as error:
        raise InvalidCheckpoint(directory, f"{name} without {error}", expected) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidCheckpoint(directory, f"{name} that does not fit ({error})", expected) from error


def _settings(values: dict[str, Any], config: OftConfig) -> PolicySettings:
    shared = _shared(config)
    for name, expected in shared.items():
        if values[name] != expected:
            raise ValueError(f"{name} is {values[name]!r} but config.json says {expected!r}")
    own = {name: value for name, value in values.items() if name not in shared}
    settings = PolicySettings(**{**own, "cameras": tuple(own["cameras"])})
    if len(settings.cameras) != config.images:
        raise ValueError(f"{len(settings.cameras)} cameras but config.json says {config.images} images")
    if not 1 <= settings.replan_after <= config.chunk_length:
        raise ValueError(f"replan_after is {settings.replan_after} but a chunk has {config.chunk_length} rows")
    return settings


def _statistics(entry: dict[str, Any], config: OftConfig) -> Statistics:
    statistics = Statistics.from_json(entry, config.normalization)
    found = len(statistics.action.min), len(statistics.proprio.min)
    if found != (config.action_dim, config.proprio_dim):
        raise ValueError("{} action and {} proprio dimensions".format(*found))
    return statistics


def _tokenizer(directory: Path, config: OftConfig) -> Tokenizer:
    try:
        tokenizer = Tokenizer.load(directory)
    except Exception as error:  # tokenizers raises bare Exception
        raise InvalidCheckpoint(directory, f"tokenizer.json that does not load ({error})", "a tokenizer") from error
    found = tokenizer.size, tokenizer.pad_id, tokenizer.stop_id
    language = config.language
    if found[0] > language.vocabulary or found[1:] != (language.pad_id, language.stop_id):
        raise InvalidCheckpoint(
            directory,
            "tokenizer.json with {} tokens, padding {} and stop {}".format(*found),
            f"at most {language.vocabulary}, padding {language.pad_id} and stop {language.stop_id} as in config.json",
        )
    return tokenizer


def _model(directory: Path, config: OftConfig) -> OftModel:
    try:
        model = OftModel(config)
    except (ValueError, RuntimeError, ZeroDivisionError) as error:
        raise InvalidCheckpoint(directory, f"config.json of no network ({error})", "sizes of an OFT model") from error
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    model.load_state_dict(_weights(directory, shapes))
    return model.eval().requires_grad_(False)


def _weights(directory: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    try:
        with safe_open(directory / WEIGHTS, framework="pt") as file:
            names = list(file.keys())
            found = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            _check_shapes(directory, found, shapes)  # by the header, before any weight is read
            weights = {name: file.get_tensor(name).float() for name in names}
    except SafetensorError as error:
        raise InvalidCheckpoint(
            directory, f"{WEIGHTS} that is damaged or cut short ({error})", "a whole safetensors file"
        ) from error
    bad = next((name for name, value in weights.items() if not value.isfinite().all()), None)
    if bad is not None:
        raise InvalidCheckpoint(directory, f"{WEIGHTS} with a value in {bad} that is no number", "finite weights")
    return weights


def _check_shapes(directory: Path, found: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> None:
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    for kind, names in (("without", missing), ("with the unknown", extra)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise InvalidCheckpoint(
                directory, f"{WEIGHTS} {kind} {names[0]}{more}", f"the {len(expected)} weights of config.json"
            )
    for name, shape in expected.items():
        if found[name] != shape:
            raise InvalidCheckpoint(
                directory, f"{WEIGHTS} with {name} of shape {list(found[name])}", f"shape {list(shape)} by config.json"
            )
