"""Towers without a published name: their sizes from policy.json."""

import json
import shutil

import pytest
from official_cases import CASES

from oft_demo.errors import InvalidCheckpoint
from oft_demo.parity import read_case
from oft_demo.policy import official
from oft_demo.policy.official.towers import described


@pytest.fixture
def directory(tmp_path):
    """A recorded checkpoint whose towers have no published name."""
    return shutil.copytree(CASES / "aloha_film" / "checkpoint", tmp_path / "run")


def say(directory, **values):
    (directory / "policy.json").write_text(json.dumps({"preset": "aloha", **values}))


def test_a_described_tower_needs_nobody_who_knows_it(directory):
    towers = read_case(CASES / "aloha_film").towers
    say(directory, towers={name: described(tower) for name, tower in towers.items()})
    checkpoint = official.read(directory)
    assert checkpoint.config.featurizer.width == 32
    assert checkpoint.config.fused_featurizer.blocks_used == 4
    assert checkpoint.config.featurizer.mean == (0.484375, 0.455078125, 0.40625)


def test_an_unknown_tower_is_refused_with_what_to_write(directory):
    with pytest.raises(InvalidCheckpoint, match=r'tiny_dinov2_reg4_p14.*Describe it in policy.json: \{"towers"'):
        official.read(directory)


@pytest.mark.parametrize(
    ("towers", "message"),
    [
        ({"a": {"width": 8}}, "a without heads"),
        ({"a": {"width": 8, "heads": 2, "mlp_width": 8, "blocks_used": 1, "patch": 14, "colour": 1}}, "unknown colour"),
        ({"a": {"width": -8, "heads": 2, "mlp_width": 8, "blocks_used": 1, "patch": 14}}, "width of a is -8"),
        ({"a": {"width": 8, "heads": 2, "mlp_width": 8, "blocks_used": 1, "patch": 14, "class_token": 1}}, "not true"),
        ({"a": 3}, "do not fit"),
        ([1], "do not fit"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(directory, towers, message):
    say(directory, towers=towers)
    with pytest.raises(InvalidCheckpoint, match=message):
        official.read(directory)
