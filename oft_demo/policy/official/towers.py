"""Sizes of vision towers that have no published name, as policy.json describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from oft_demo.policy.config import DINOV2_LARGE, SIGLIP_SO400M, VitConfig
from oft_demo.policy.official.complaints import POLICY_FILE, UnusableFile
from oft_demo.policy.official.files import read_json

KEY = "towers"
PUBLISHED: Mapping[str, VitConfig] = {
    "vit_large_patch14_reg4_dinov2.lvd142m": DINOV2_LARGE,
    "vit_so400m_patch14_siglip_224": SIGLIP_SO400M,
}
LARGEST = {"width": 1 << 13, "heads": 256, "mlp_width": 1 << 15, "blocks_used": 128, "patch": 64, "registers": 64}
SWITCHES = ("class_token", "layer_scale")
OPTIONAL = ("registers", *SWITCHES)


def described_towers(directory: Path) -> dict[str, VitConfig]:
    """Towers by their timm ids: the published ones, and those under "towers" in policy.json; raises UnusableFile."""
    found = read_json(directory, POLICY_FILE).get(KEY) if (directory / POLICY_FILE).is_file() else None
    try:
        own = {name: _tower(name, values) for name, values in (found or {}).items()}
    except (AttributeError, TypeError, ValueError) as error:
        expected = f"for each timm id {', '.join(name for name in LARGEST if name not in OPTIONAL)} as whole numbers"
        raise UnusableFile(directory, POLICY_FILE, f"with {KEY} that do not fit ({error})", expected) from error
    return {**PUBLISHED, **own}


def described(tower: VitConfig) -> dict[str, Any]:
    """A tower as policy.json has it."""
    return {name: getattr(tower, name) for name in (*LARGEST, *SWITCHES)}


def _tower(name: str, values: Mapping[str, Any]) -> VitConfig:
    missing = [size for size in LARGEST if size not in values and size not in OPTIONAL]
    unknown = [size for size in values if size not in (*LARGEST, *SWITCHES)]
    if missing or unknown:
        raise ValueError(f"{name} without {missing[0]}" if missing else f"{name} with the unknown {unknown[0]}")
    for size, largest in LARGEST.items():
        value = values.get(size, 0)
        if type(value) is not int or not (0 if size in OPTIONAL else 1) <= value <= largest:
            raise ValueError(f"{size} of {name} is {value!r}, not a whole number up to {largest}")
    for switch in SWITCHES:
        if type(values.get(switch, False)) is not bool:
            raise ValueError(f"{switch} of {name} is {values[switch]!r}, not true or false")
    plain = replace(SIGLIP_SO400M, class_token=False, registers=0, layer_scale=False)
    return replace(plain, **dict(values))
