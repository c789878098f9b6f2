"""The published way against ours, on the recorded case and on any network."""

import numpy as np
import torch

from oft_demo.bench.command import CASE
from oft_demo.bench.fast_path import LEFT_OUT, compared, recorded
from oft_demo.bench.literal import LiteralPolicy
from oft_demo.bench.networks import random_question


def test_the_literal_way_says_what_the_official_code_said():
    model, question = recorded(CASE)
    actions = LiteralPolicy(model).act(question)
    with np.load(CASE / "expected_fp32.npz") as expected:
        np.testing.assert_allclose(actions, expected["q0_normalized_actions"].reshape(25, 14), rtol=0, atol=5e-5)


def test_each_waste_and_ours_have_a_line(make_model):
    model = make_model()
    lines = [str(line) for line in compared("Small", model, random_question(model.config), rounds=1)]
    assert all(any(name in line for line in lines) for name, _ in LEFT_OUT)
    assert sum("bar 2 x" in line for line in lines) == 1
    difference = float(lines[-1].split(":")[-1])
    assert difference < 5e-5
    assert torch.is_tensor(next(model.parameters()))
