"""What the weights of a published checkpoint do not say, from presets or from policy.json beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy.config import HEADS, TRAINED_STEPS, Head, Normalization
from oft_demo.policy.official.complaints import POLICY_FILE, UnusableFile
from oft_demo.policy.official.files import CONFIG, components, read_json
from oft_demo.policy.official.state_dicts import read_state_dict
from oft_demo.policy.official.towers import KEY
from oft_demo.types import CAMERAS, CHUNK_LENGTH, JOINT_COUNT, POLICY_HZ

MODEL_TYPE = "openvla"
LAST_LAYER = "fc2.bias"  # of an action head: D values
LARGEST = {"chunk_length": 1000, "action_dim": 256, "proprio_dim": 256, "images": 16, "denoising_steps": TRAINED_STEPS}


@dataclass(frozen=True)
class Facts:
    """A policy, as far as its weights leave it open."""

    chunk_length: int  # K
    action_dim: int  # D
    proprio_dim: int  # P
    images: int
    normalization: Normalization
    head: Head
    film: bool
    proprio: bool  # whether the joints are a token of the sequence
    cameras: tuple[str, ...]  # in the order of the images
    control_hz: float  # rows a second
    center_crop: bool = True
    denoising_steps: int = TRAINED_STEPS  # of a diffusion head when it acts
    lora_alpha: int | None = None  # None: adapter_config.json's, otherwise min(r, 16)
    unnorm_key: str | None = None  # None: the only entry of the statistics
    platform: str = "custom"  # the preset that these began as
    step: str | int | None = None  # which files, where a directory holds those of several training steps

    def __post_init__(self):
        for name, largest in LARGEST.items():
            if not 1 <= getattr(self, name) <= largest:
                raise ValueError(f"{name} is {getattr(self, name)}, not 1 to {largest}")
        if self.head not in HEADS:
            raise ValueError(f"head is {self.head!r}, not one of {', '.join(HEADS)}")
        if self.normalization not in get_args(Normalization):
            raise ValueError(f"normalization is {self.normalization!r}, not {' or '.join(get_args(Normalization))}")
        if len(self.cameras) != self.images or len(set(self.cameras)) != self.images:
            raise ValueError(f"cameras are {', '.join(self.cameras) or 'none'}, but images is {self.images}")
        if not (math.isfinite(self.control_hz) and self.control_hz > 0):
            raise ValueError(f"control_hz is {self.control_hz}, not a positive number")
        if self.lora_alpha is not None and self.lora_alpha < 1:
            raise ValueError(f"lora_alpha is {self.lora_alpha}, not 1 or more")
        if self.head == "autoregressive" and self.chunk_length != 1:
            raise ValueError(f"chunk_length is {self.chunk_length}, but an autoregressive head says one row: write 1")


# prismatic/vla/constants.py; one of them holds for a whole training run and for none of its files.
PRESETS: Mapping[str, Facts] = {
    "aloha": Facts(
        chunk_length=CHUNK_LENGTH,
        action_dim=JOINT_COUNT,
        proprio_dim=JOINT_COUNT,
        images=3,
        normalization="bounds",
        head="l1",
        film=True,
        proprio=True,
        cameras=CAMERAS,
        control_hz=POLICY_HZ,
        platform="aloha",
    ),
    "libero": Facts(
        chunk_length=8,
        action_dim=7,
        proprio_dim=8,
        images=2,
        normalization="bounds_q99",
        head="l1",
        film=False,
        proprio=True,
        cameras=("full_image", "wrist_image"),
        control_hz=20,
        platform="libero",
    ),
    # No checkpoint of it was published. The paper's policies look at one picture here; whether they read the joints
    # is not said anywhere, and a proprio projector beside the weights of such a policy is an error that asks for it.
    "bridge": Facts(
        chunk_length=5,
        action_dim=7,
        proprio_dim=7,
        images=1,
        normalization="bounds_q99",
        head="l1",
        film=False,
        proprio=False,
        cameras=("full_image",),
        control_hz=5,
        platform="bridge",
    ),
}
KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("film", "proprio", "center_crop"), (bool,)),
    **dict.fromkeys(LARGEST, (int,)),
    **dict.fromkeys(("normalization", "head", "platform"), (str,)),
    "cameras": (list,),
    "control_hz": (int, float),
    "lora_alpha": (int, NoneType),
    "unnorm_key": (str, NoneType),
    "step": (str, int, NoneType),
}


class UnknownPlatform(InvalidCheckpoint):
    """A checkpoint that could be of more than one robot, and nobody said of which."""

    def __init__(self, directory: Path, action_dim: int | None):
        head = f"an action head of {action_dim} values" if action_dim else "no action head"
        presets = "; ".join(
            f'"{name}" (K {facts.chunk_length}, D {facts.action_dim}, P {facts.proprio_dim}, {facts.images} images, '
            f"{facts.normalization}, FiLM {'yes' if facts.film else 'no'})"
            for name, facts in PRESETS.items()
        )
        super().__init__(
            directory,
            f"{head} and no {POLICY_FILE}",
            f"to be told what weights do not say. Write {POLICY_FILE} beside the weights, for example "
            f'{{"preset": "libero", "images": 1, "cameras": ["full_image"]}}; presets are {presets}',
        )


def is_official(directory: Path) -> bool:
    """Whether a directory is laid out as OpenVLA's own code writes it."""
    try:
        return read_json(directory, CONFIG).get("model_type") == MODEL_TYPE
    except (InvalidCheckpoint, OSError):
        return False


def facts_of(directory: Path) -> Facts:
    """Parse policy.json; without one, what the weights allow to conclude. Raises InvalidCheckpoint."""
    values = read_json(directory, POLICY_FILE) if (directory / POLICY_FILE).is_file() else {}
    values.pop(KEY, None)  # sizes are read beside those of config.json
    try:
        preset = PRESETS[values.pop("preset")] if "preset" in values else _concluded(directory)
        return replace(preset, **_parsed(values))
    except KeyError as error:
        expected = f"one of {', '.join(PRESETS)}"
        raise UnusableFile(directory, POLICY_FILE, f"with the preset {error}", expected) from error
    except (TypeError, ValueError) as error:
        raise UnusableFile(directory, POLICY_FILE, f"that does not fit ({error})", "facts that agree") from error


def _parsed(values: dict[str, Any]) -> dict[str, Any]:
    """Facts of policy.json; raises ValueError."""
    known = [field.name for field in fields(Facts)]
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{name} is none of preset, {', '.join(known)}")
        if type(value) not in KINDS[name]:
            kinds = " or ".join("null" if kind is NoneType else kind.__name__ for kind in KINDS[name])
            raise ValueError(f"{name} is {value!r}, not of type {kinds}")
    if not all(isinstance(camera, str) for camera in values.get("cameras", ())):
        raise ValueError("cameras are names")
    return {name: tuple(value) if name == "cameras" else value for name, value in values.items()}


def _concluded(directory: Path) -> Facts:
    """The preset of a checkpoint that speaks of as many values as only one robot has."""
    found = components(directory, "action_head")
    tensors = read_state_dict(found[0].path) if found else {}
    sizes = [tensor.shape[0] for key, tensor in tensors.items() if key.endswith("." + LAST_LAYER) and tensor.shape]
    action_dim = sizes[0] if sizes else None
    if action_dim != JOINT_COUNT:
        raise UnknownPlatform(directory, action_dim)
    return PRESETS["aloha"]
