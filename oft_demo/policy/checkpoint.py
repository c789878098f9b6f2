"""A policy on disk: a directory with sizes, weights, statistics, tokenizer, settings and a card."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import InvalidCheckpoint
from ..types import CAMERAS
from .config import OftConfig
from .model import OftModel
from .normalization import Method, Statistics
from .tokenizer import Tokenizer

CONFIG, WEIGHTS, STATISTICS = "config.json", "model.safetensors", "dataset_statistics.json"
TOKENIZER, SETTINGS, CARD = "tokenizer.json", "policy.json", "README.md"
FILES = (CONFIG, WEIGHTS, STATISTICS, TOKENIZER, SETTINGS, CARD)
LARGEST_JSON = 8 * 2**20  # [bytes]


@dataclass(frozen=True)
class PolicySettings:
    """What weights and sizes do not say."""

    name: str
    unnorm_key: str
    normalization: Method = "bounds"
    cameras: tuple[str, ...] = CAMERAS  # in the order the model was trained with
    replan_after: int = 25  # rows carried out before the policy is asked again
    template: str = "in: {instruction} out:"
    render_fingerprint: str = ""  # of the pictures it was trained on


@dataclass(frozen=True)
class Checkpoint:
    """Everything that was read from a directory."""

    model: OftModel
    tokenizer: Tokenizer
    statistics: Statistics
    settings: PolicySettings
    card: str
    fingerprint: str  # the first 12 hex digits of the SHA-256 of the weights file


def save(
    directory: Path,
    model: OftModel,
    tokenizer: Tokenizer,
    statistics: Statistics,
    settings: PolicySettings,
    card: str,
) -> None:
    """Write a checkpoint beside `directory` and put it in place when it is whole."""
    part = directory.with_name(directory.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, part / WEIGHTS, metadata={"format": "pt"})
    for name, values in (
        (CONFIG, model.config.to_json()),
        (STATISTICS, statistics.to_json()),
        (SETTINGS, asdict(settings)),
    ):
        (part / name).write_text(json.dumps(values, indent=2) + "\n")
    tokenizer.save(part / TOKENIZER)
    (part / CARD).write_text(card)
    old = directory.with_name(directory.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if directory.exists():
        directory.rename(old)
    part.rename(directory)
    shutil.rmtree(old, ignore_errors=True)


def load(directory: Path) -> Checkpoint:
    """Read and check a checkpoint; raises InvalidCheckpoint that names the file and what is wrong with it."""
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise InvalidCheckpoint(directory, f"no {', '.join(missing)}", f"the files {', '.join(FILES)}")
    values = _json(directory, SETTINGS)
    try:
        settings = PolicySettings(**{**values, "cameras": tuple(values["cameras"])})
    except (TypeError, KeyError) as error:
        raise InvalidCheckpoint(directory, f"{SETTINGS} with {error}", "the settings that saving writes") from None
    try:
        config = OftConfig.from_json(_json(directory, CONFIG))
    except (TypeError, KeyError) as error:
        raise InvalidCheckpoint(directory, f"{CONFIG} with {error}", "the sizes that saving writes") from None
    statistics = _statistics(directory, settings, config)
    try:
        tokenizer = Tokenizer.load(directory / TOKENIZER, settings.template)
    except Exception as error:  # the library raises plain Exception for a damaged file
        raise InvalidCheckpoint(directory, f"{TOKENIZER}: {error}", "a tokenizers file") from None
    if tokenizer.size > config.vocabulary:
        found = f"{tokenizer.size} words in {TOKENIZER}"
        raise InvalidCheckpoint(directory, found, f"at most {config.vocabulary}, the rows of the embedding")
    model = OftModel(config, tokenizer.pad_id, tokenizer.stop_id)
    _load_weights(directory, model)
    model.eval().requires_grad_(False)
    digest = hashlib.sha256((directory / WEIGHTS).read_bytes()).hexdigest()[:12]
    return Checkpoint(model, tokenizer, statistics, settings, (directory / CARD).read_text(), digest)


def available(directory: Path) -> dict[str, Path]:
    """Checkpoints in a directory by name."""
    found = sorted(directory.glob(f"*/{SETTINGS}"))
    return {path.parent.name: path.parent for path in found if not path.parent.name.endswith((".part", ".old"))}


def _json(directory: Path, name: str) -> dict[str, Any]:
    path = directory / name
    if path.stat().st_size > LARGEST_JSON:
        raise InvalidCheckpoint(directory, f"{name} of {path.stat().st_size} bytes", f"at most {LARGEST_JSON}")
    try:
        values = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidCheckpoint(directory, f"{name}: {error}", "JSON") from None
    if not isinstance(values, dict):
        raise InvalidCheckpoint(directory, f"{name} with a {type(values).__name__}", "a JSON object")
    return values


def _statistics(directory: Path, settings: PolicySettings, config: OftConfig) -> Statistics:
    values = _json(directory, STATISTICS)
    if settings.unnorm_key not in values:
        found = f"{STATISTICS} with the keys {', '.join(sorted(values)) or 'none'}"
        raise InvalidCheckpoint(directory, found, f"the key {settings.unnorm_key!r} that {SETTINGS} names")
    try:
        statistics = Statistics.from_json(values, settings.unnorm_key, settings.normalization)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCheckpoint(directory, f"{STATISTICS} with {error}", "min, max, mean and std lists") from None
    for name, part, size in (
        ("action", statistics.action, config.action_dim),
        ("proprio", statistics.proprio, config.proprio_dim),
    ):
        if part.min.shape != (size,):
            raise InvalidCheckpoint(directory, f"{name} statistics of {len(part.min)} numbers", f"{size} of {CONFIG}")
    return statistics


def _load_weights(directory: Path, model: OftModel) -> None:
    """Compare names and shapes from the file's header before any weight is read."""
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    try:
        with safe_open(directory / WEIGHTS, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  no mapping
            for name, shape in wanted.items():
                if shapes.get(name) != shape:
                    found = f"{name} of shape {shapes[name]}" if name in shapes else f"no {name}"
                    raise InvalidCheckpoint(directory, f"{found} in {WEIGHTS}", f"shape {shape} by {CONFIG}")
            extra = sorted(set(shapes) - set(wanted))
            if extra:
                raise InvalidCheckpoint(directory, f"{extra[0]} in {WEIGHTS}", f"only the weights that {CONFIG} has")
            with torch.no_grad():
                for name, value in model.state_dict().items():
                    value.copy_(file.get_tensor(name))
    except SafetensorError as error:
        raise InvalidCheckpoint(directory, f"{WEIGHTS}: {error}", "a whole safetensors file") from None
