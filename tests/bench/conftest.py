"""Networks of the published form, small enough to be made anew for each test."""

from dataclasses import replace

import pytest
import torch

from oft_demo.bench.networks import random_model
from oft_demo.policy import openvla_7b


@pytest.fixture
def small():
    """Published towers and trunk in miniature; pictures of 28 pixels."""
    published = openvla_7b()

    def tower(tower, width, heads):
        return replace(tower, width=width, heads=heads, mlp_width=3 * width, blocks_used=2)

    return replace(
        published,
        image_size=28,
        featurizer=tower(published.featurizer, 16, 2),
        fused_featurizer=tower(published.fused_featurizer, 24, 3),
        language=replace(published.language, width=32, heads=2, layers=3, mlp_width=48),
        chunk_length=4,
        action_dim=3,
        proprio_dim=5,
    )


@pytest.fixture
def make_model(small):
    """The network with some settings changed; its final norm is no identity."""

    def make(**changes):
        model = random_model(replace(small, **changes))
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "norm" in name and name.endswith("weight"):
                    weight.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(3))
        return model

    return make
