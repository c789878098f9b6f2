"""A network small enough to be made anew for each test, and a saved policy of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from oft_demo.policy import (
    LlamaConfig,
    OftConfig,
    OftModel,
    PolicySettings,
    Statistics,
    VitConfig,
    build_tokenizer,
    save,
)
from oft_demo.types import CAMERAS, Observation

SENTENCES = ("put the red pepper into the pot", "cook the corn", "transfer cube")


@pytest.fixture
def tokenizer():
    return build_tokenizer(SENTENCES)


@pytest.fixture
def config(tokenizer):
    tower = VitConfig(
        width=16,
        heads=2,
        mlp_width=24,
        blocks_used=2,
        patch=8,
        mean=(0.4, 0.5, 0.6),
        std=(0.2, 0.25, 0.3),
        class_token=True,
        registers=2,
        layer_scale=True,
        positions="learned",
    )
    second = VitConfig(
        width=8,
        heads=2,
        mlp_width=24,
        blocks_used=1,
        patch=8,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        positions="sincos2d",
        stem="convolutional",
        stem_widths=(4, 6),
    )
    language = LlamaConfig(width=16, heads=2, layers=2, mlp_width=24, vocabulary=0, embedding_std=0.5)
    sizes = OftConfig(16, tower, second, language, chunk_length=5, slots="per_step")
    return sizes.with_vocabulary(tokenizer.size, tokenizer.pad_id, tokenizer.stop_id)


@pytest.fixture
def make_model(config):
    """Build the network with some settings changed; layer scale is opened so that its branches count."""

    def make(**changes):
        torch.manual_seed(0)
        model = OftModel(replace(config, **changes)).eval()
        with torch.no_grad():
            for name, value in model.named_parameters():
                if name.endswith("scale_factor"):
                    value.fill_(0.7)
        return model

    return make


@pytest.fixture
def inputs():
    """Pictures and joints of two queries."""
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, 3, 16, 16, generator=generator), torch.rand(2, 14, generator=generator)


@pytest.fixture
def statistics():
    generator = np.random.default_rng(2)
    return Statistics.of(generator.normal(size=(50, 14)), generator.normal(size=(50, 14)), trajectories=3)


@pytest.fixture
def policy_directory(tmp_path, make_model, tokenizer, statistics):
    model = make_model()
    settings = PolicySettings("tiny", replan_after=3, unnorm_key="tests", render_fingerprint="plain")
    directory = tmp_path / "tiny"
    save(directory, model, model.config, tokenizer, statistics, settings, "# A card\n")
    return directory


@pytest.fixture
def observation():
    generator = np.random.default_rng(3)
    images = {camera: generator.integers(0, 256, (24, 32, 3), np.uint8) for camera in CAMERAS}
    return Observation(images, generator.normal(size=14).astype(np.float32))
