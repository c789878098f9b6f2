"""The recorded cases as directories that a test may damage, and small random checkpoints."""

import shutil
from dataclasses import replace

import pytest
from official_cases import CASES, Official, official

from oft_demo.policy.config import OftConfig, openvla_7b
from oft_demo.policy.official import PRESETS
from oft_demo.policy.official.synthetic import towers_of, write_random

SHARED = (
    *("images", "film", "chunk_length", "action_dim", "proprio_dim", "normalization", "head", "proprio"),
    *("denoising_steps", "center_crop"),
)


@pytest.fixture
def film_case(tmp_path):
    shutil.copytree(CASES / "aloha_film" / "checkpoint", tmp_path / "filmed")
    return official("aloha_film", tmp_path / "filmed")


@pytest.fixture
def plain_case(tmp_path):
    shutil.copytree(CASES / "aloha_nofilm" / "checkpoint", tmp_path / "plain")
    return official("aloha_nofilm", tmp_path / "plain")


@pytest.fixture
def tiny() -> OftConfig:
    """A network as published, but a few values wide."""
    config = openvla_7b()
    first = replace(config.featurizer, width=16, heads=2, mlp_width=24, blocks_used=2)
    second = replace(config.fused_featurizer, width=24, heads=3, mlp_width=40, blocks_used=3)
    language = replace(config.language, width=16, heads=2, layers=2, mlp_width=24)
    return replace(config, image_size=56, featurizer=first, fused_featurizer=second, language=language)


@pytest.fixture
def write(tmp_path, tiny):
    """Write a tiny random checkpoint with some facts changed."""

    def make(name="random", preset="aloha", config=tiny, written=None, **changes):
        facts = replace(PRESETS[preset], **changes)
        shared = {field: getattr(facts, field) for field in SHARED}
        config = replace(config, **shared)
        directory = tmp_path / name
        write_random(directory, config, facts, **(written or {}))
        return Official(directory, facts, towers_of(config))

    return make
