"""What pixels are normalised by: preprocessor_config.json, read as the published code reads it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeAlias

from oft_demo.policy.official.complaints import UnusableFile
from oft_demo.policy.official.files import PREPROCESSOR, read_json

RESIZE = "resize-naive"  # squashed to the network's size, nothing cut off and nothing added
Triple: TypeAlias = tuple[float, float, float]


def means_and_stds(directory: Path) -> list[tuple[Triple, Triple]]:
    """Of both towers, DINOv2 first: on loading, tvf_normalize_params take the place of means and stds."""
    values = read_json(directory, PREPROCESSOR)
    if values.get("tvf_do_letterbox") or values.get("image_resize_strategy", RESIZE) != RESIZE:
        found = f"with image_resize_strategy {values.get('image_resize_strategy')!r}"
        raise UnusableFile(directory, PREPROCESSOR, found, RESIZE)
    try:
        listed = values.get("tvf_normalize_params")
        if listed is None:
            means, stds = values["means"], values["stds"]
        else:
            means, stds = ([entry[name] for entry in listed] for name in ("mean", "std"))
        pairs = [(_triple(mean, -math.inf), _triple(std, 0)) for mean, std in zip(means, stds, strict=True)]
        if len(pairs) != 2:
            raise ValueError(f"{len(pairs)} towers")
    except (KeyError, TypeError, ValueError) as error:
        expected = "three means and three deviations for each of two towers"
        raise UnusableFile(directory, PREPROCESSOR, f"that does not fit ({error})", expected) from error
    return pairs


def _triple(values: Any, above: float) -> Triple:
    numbers = [float(value) for value in values]
    if len(numbers) != 3 or not all(math.isfinite(number) and number > above for number in numbers):
        raise ValueError(f"{values!r}")
    return numbers[0], numbers[1], numbers[2]
