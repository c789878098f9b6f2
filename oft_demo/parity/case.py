"""A recorded case: a checkpoint, questions put to it, and what the official code answered."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.errors import OftDemoError
from oft_demo.policy import HEADS, Head, VitConfig
from oft_demo.policy.config import LLAMA_7B, TRAINED_STEPS
from oft_demo.policy.official import PRESETS, Facts
from oft_demo.policy.official.files import components

EXPECTED = "expected_fp32.npz"
COMPONENTS = ("action_head", "proprio_projector", "noisy_action_projector", "vision_backbone")
MAX_ARRAY_BYTES = 1 << 28
DEFAULT_MLP_RATIO = 4.0  # timm's
# What a case may call a head beside our own names.
HEAD_NAMES: Mapping[str, Head] = {
    **{head: head for head in HEADS},
    "l1_regression": "l1",
    "ddim": "diffusion",
    "discrete_tokens": "discrete",
    "tokens": "discrete",
    "openvla": "autoregressive",
}


class InvalidCase(OftDemoError):
    """A directory that is no recorded case."""

    def __init__(self, path: Path, found: str, expected: str):
        super().__init__(f"Cannot read the case {path.name}: found {found}; expected {expected}.")


@dataclass(frozen=True)
class CaseQuery:
    """One question of a case."""

    prefix: str  # of its arrays' names
    instruction: str
    scene: Any  # queries of the same scene share the pictures that are recorded under the first of them
    images: tuple[Path, ...]  # raw camera frames, in the order of the network


@dataclass(frozen=True)
class Case:
    """Everything that a recorded case says."""

    directory: Path
    facts: Facts
    towers: Mapping[str, VitConfig]  # by timm id, without means and deviations, which the checkpoint knows
    norm_epsilon: float
    rope_theta: float
    queries: tuple[CaseQuery, ...]
    expected: Mapping[str, np.ndarray]

    @property
    def checkpoint(self) -> Path:
        """The official directory."""
        return self.directory / "checkpoint"

    def recorded(self, query: CaseQuery, name: str) -> np.ndarray | None:
        """An array of a query, or of the first query that looks at the same scene."""
        same_scene = [other for other in self.queries if other.scene == query.scene]
        for candidate in (query, *same_scene):
            if candidate.prefix + name in self.expected:
                return self.expected[candidate.prefix + name]
        return None

    def payload_names(self, query: CaseQuery) -> tuple[str, ...]:
        """Names of the pictures that the client sent, in the order of the network; empty where none are recorded."""
        for candidate in (query, *(other for other in self.queries if other.scene == query.scene)):
            start = candidate.prefix + "payload_"
            names = [name.removeprefix(candidate.prefix) for name in self.expected if name.startswith(start)]
            if names:
                return tuple(sorted(names, key=lambda name: ("wrist" in name, names.index(name))))
        return ()


def read_case(directory: Path) -> Case:
    """Parse case.json and load what was recorded; raises InvalidCase."""
    path = directory / "case.json"
    if not path.is_file():
        raise InvalidCase(directory, "no case.json", "a directory with case.json, checkpoint/ and " + EXPECTED)
    try:
        values = json.loads(path.read_text())
        return Case(
            directory=directory,
            facts=_with_step(_facts(values), values.get("checkpoint_step"), directory / "checkpoint"),
            towers={name: _tower(tower) for name, tower in (values.get("vit") or {}).items()},
            norm_epsilon=float((values.get("llm") or {}).get("rms_norm_eps", LLAMA_7B.norm_epsilon)),
            rope_theta=float((values.get("llm") or {}).get("rope_theta", LLAMA_7B.rope_theta)),
            queries=tuple(_query(directory, query) for query in values["queries"]),
            expected=_arrays(directory / EXPECTED),
        )
    except KeyError as error:
        raise InvalidCase(directory, f"case.json without {error}", "the keys of the recorded cases") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidCase(directory, f"case.json that does not fit ({error})", "a recorded case") from error


def _facts(values: Mapping[str, Any]) -> Facts:
    """What the checkpoint of a case does not say about itself."""
    head = _head(str(values["head"]))
    images = int(values["num_images"])
    preset = PRESETS[values["platform"]] if values.get("platform") in PRESETS else PRESETS["aloha"]
    cameras = preset.cameras if len(preset.cameras) == images else tuple(f"image_{n}" for n in range(images))
    alpha = values.get("lora_alpha")
    return replace(
        preset,
        chunk_length=1 if head == "autoregressive" else int(values["num_actions_chunk"]),
        action_dim=int(values["action_dim"]),
        proprio_dim=int(values.get("proprio_dim") or preset.proprio_dim),
        images=images,
        normalization="bounds_q99" if "q99" in str(values["normalization"]).lower() else "bounds",
        head=head,
        # The official wrapper asks for actions that are words without joints and FiLM, whatever the checkpoint holds.
        film=bool(values["use_film"]) and head in ("l1", "diffusion"),
        proprio=bool(values["use_proprio"]) and head in ("l1", "diffusion"),
        center_crop=bool(values["center_crop"]),
        denoising_steps=_denoising_steps(values.get("diffusion")),
        lora_alpha=None if alpha is None else int(alpha),
        cameras=cameras,
        unnorm_key=values["unnorm_key"],
    )


def _with_step(facts: Facts, step: str | int | None, checkpoint: Path) -> Facts:
    """The step of the case, where the checkpoint holds files of several."""
    several = step is not None and any(len(components(checkpoint, name)) > 1 for name in COMPONENTS)
    return replace(facts, step=step) if several else facts


def _head(name: str) -> Head:
    if name.lower() not in HEAD_NAMES:
        raise ValueError(f"head {name!r}, which is none of {', '.join(HEAD_NAMES)}")
    return HEAD_NAMES[name.lower()]


def _denoising_steps(values: Any) -> int:
    """Steps at test time from the case's entry on diffusion, however it spells them."""
    if isinstance(values, int) and not isinstance(values, bool):
        return values
    if not isinstance(values, dict):
        return TRAINED_STEPS
    numbers = {name: value for name, value in values.items() if type(value) is int}
    for hint in ("infer", "test", "sampl"):
        for name, value in numbers.items():
            if hint in name.lower():
                return value
    return next((value for name, value in numbers.items() if "train" not in name.lower()), TRAINED_STEPS)


def _tower(values: Mapping[str, Any]) -> VitConfig:
    width = int(values["embed_dim"])
    return VitConfig(
        width=width,
        heads=int(values["num_heads"]),
        mlp_width=int(width * float(values.get("mlp_ratio", DEFAULT_MLP_RATIO))),
        blocks_used=int(values.get("feature_block", int(values["depth"]) - 2)) + 1,
        patch=int(values["patch_size"]),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        class_token=bool(values.get("class_token", False)),
        registers=int(values.get("reg_tokens", 0)),
        layer_scale=values.get("init_values") is not None,
    )


def _query(directory: Path, values: Mapping[str, Any]) -> CaseQuery:
    images = tuple(directory / name for name in values["images"])
    for image in images:
        if directory.resolve() not in image.resolve().parents:
            raise ValueError(f"the picture {image.name} is outside the case")
    return CaseQuery(str(values["prefix"]), str(values["instruction"]), values.get("scene"), images)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise InvalidCase(path.parent, f"no {path.name}", "the recorded arrays")
    try:
        with zipfile.ZipFile(path) as archive:
            largest = max((entry.file_size for entry in archive.infolist()), default=0)
        if largest > MAX_ARRAY_BYTES:
            raise ValueError(f"{path.name} holds an array of {largest} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidCase(path.parent, f"{path.name} that is damaged ({error})", "a whole npz file") from error
