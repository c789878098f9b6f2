"""Official directories with what their files leave open."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from oft_demo.policy.config import VitConfig
from oft_demo.policy.official import PRESETS, Facts, read

CASES = Path(__file__).parents[2] / "cases"
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Official:
    """An official directory and what its files leave open."""

    directory: Path
    facts: Facts
    towers: dict[str, VitConfig]

    def read(self, facts=None, **more):
        """Load it, in fp32 unless asked otherwise."""
        more = {"towers": self.towers, "device": CPU, "dtype": torch.float32, **more}
        return read(self.directory, facts or self.facts, **more)

    def read_as_found(self):
        """Load it with what policy.json says."""
        return read(self.directory, towers=self.towers, device=CPU, dtype=torch.float32)

    def weights(self, **more):
        return self.read(**more).model.state_dict()

    def edit(self, name, change):
        """Change a JSON file."""
        path = self.directory / name
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    def path(self, component):
        (path,) = self.directory.glob(f"{component}--*")
        return path

    def retrain(self, component, change):
        """Replace a component's tensors by what `change` makes of them."""
        path = self.path(component)
        torch.save(change(dict(torch.load(path, weights_only=True))), path)


def recorded(case):
    with np.load(CASES / case / "expected_fp32.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def described(case):
    return json.loads((CASES / case / "case.json").read_text())


def official(case, directory):
    """A recorded case as a directory somewhere else."""
    values = described(case)
    facts = replace(PRESETS["aloha"], film=values["use_film"])
    towers = {name: tower(sizes) for name, sizes in values["vit"].items()}
    return Official(directory, facts, towers)


def tower(sizes):
    return VitConfig(
        width=sizes["embed_dim"],
        heads=sizes["num_heads"],
        mlp_width=int(sizes["embed_dim"] * sizes["mlp_ratio"]),
        blocks_used=sizes["feature_block"] + 1,
        patch=sizes["patch_size"],
        mean=(0.0, 0.0, 0.0),  # the checkpoint knows
        std=(1.0, 1.0, 1.0),
        class_token=sizes["class_token"],
        registers=sizes["reg_tokens"],
        layer_scale=sizes["init_values"] is not None,
    )
