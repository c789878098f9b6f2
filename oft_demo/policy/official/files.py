"""The files of an official checkpoint directory, found by name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oft_demo.policy.official.complaints import MissingFile, UnusableFile

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
MAX_JSON_BYTES = 1 << 25  # a published index has 0.1 MB, a tokenizer 2 MB
COMPONENTS = ("action_head", "proprio_projector", "noisy_action_projector", "vision_backbone")


@dataclass(frozen=True)
class Component:
    """A state dict beside the language model's weights: `<name>--<step>_checkpoint.pt`."""

    name: str
    step: str  # a number of training steps, or "latest"
    path: Path


def read_json(directory: Path, name: str) -> dict[str, Any]:
    """Parse a file that holds one object; raises MissingFile or UnusableFile."""
    path = directory / name
    if not path.is_file():
        raise MissingFile(directory, name, "the files of an OpenVLA-OFT checkpoint")
    if path.stat().st_size > MAX_JSON_BYTES:
        raise UnusableFile(directory, name, f"of {path.stat().st_size} bytes", f"at most {MAX_JSON_BYTES}")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnusableFile(directory, name, f"that is not JSON ({error})", "one JSON object") from error
    if not isinstance(values, dict):
        raise UnusableFile(directory, name, f"that holds a {type(values).__name__}", "one JSON object")
    return values


def weight_files(directory: Path) -> tuple[str, ...]:
    """Names of the safetensors files: one, or those that the index lists."""
    if (directory / SINGLE).is_file():
        return (SINGLE,)
    if not (directory / INDEX).is_file():
        raise MissingFile(directory, f"{SINGLE} and no {INDEX}", "one of them")
    listed = read_json(directory, INDEX).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise UnusableFile(directory, INDEX, "without a weight_map", "the file of every tensor by its name")
    names = sorted({_plain(directory, name) for name in listed.values()})
    missing = [name for name in names if not (directory / name).is_file()]
    if missing:
        raise MissingFile(directory, ", ".join(missing), f"the {len(names)} files that {INDEX} lists")
    return tuple(names)


def component(directory: Path, name: str, step: str | int | None = None) -> Component | None:
    """The one file of a component, or the one of a step; None where there is none of that component at all."""
    found = components(directory, name)
    wanted = [one for one in found if step is None or one.step == str(step)]
    if not found or len(wanted) == 1:
        return wanted[0] if found else None
    steps = ", ".join(one.step for one in found)
    if not wanted:
        raise MissingFile(directory, f"{name}--{step}_checkpoint.pt", f"one of the steps that are there: {steps}")
    names = ", ".join(one.path.name for one in wanted)
    raise UnusableFile(
        directory,
        name,
        f"in {len(wanted)} files: {names}",
        "exactly one",
        f'Say which: "step" in policy.json, one of {steps}',
    )


def components(directory: Path, name: str) -> list[Component]:
    """Every file of a component, as the official loader looks for them: by two words in the name."""
    paths = sorted(path for path in directory.glob("*.pt") if name in path.name and "checkpoint" in path.name)
    return [Component(name, _step(path), path) for path in paths if path.is_file()]


def _step(path: Path) -> str:
    match = re.search(r"--([^-]+?)_checkpoint", path.name)
    return match[1] if match else path.stem


def _plain(directory: Path, name: object) -> str:
    """A file name of the index, which may have been written by anybody."""
    if not isinstance(name, str) or name != Path(name).name or "\\" in name or not name.endswith(".safetensors"):
        raise UnusableFile(directory, INDEX, f"that names {name!r}", "names of safetensors files in the same directory")
    return name
