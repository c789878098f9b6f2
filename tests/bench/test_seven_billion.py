"""What is measured on a GPU in the 7B shape runs in a small shape here."""

import pytest
import torch

from oft_demo.bench import seven_billion as module
from oft_demo.bench.literal import LiteralPolicy
from oft_demo.bench.networks import random_question
from oft_demo.bench.seven_billion import LENGTHS, NoGpu, Plan, act, inputs_of, measured, random_weights
from oft_demo.policy import openvla_7b
from oft_demo.policy.cost import sequence


@pytest.fixture
def plan(small):
    start = sum(sequence(small, 0).values())
    return Plan(small, torch.device("cpu"), torch.bfloat16, (start + 5, start + 9), queries=2, warm_ups=1, square=64)


def test_prompts_make_sequences_of_the_lengths_asked_for():
    plan = Plan(openvla_7b(), torch.device("meta"), torch.bfloat16)
    assert [plan.tokens(length) - 1 for length in LENGTHS] == [24, 31, 40]


def test_every_length_has_its_floor_and_every_way(plan):
    lines = [str(line) for line in measured(plan)]
    for length in plan.lengths:
        named = [line for line in lines if line.startswith(f"S = {length}:")]
        assert [word for line in named for word in ("floor", "published", "waste", "fused") if word in line] == [
            "floor",
            "published",
            "waste",
            "fused",
        ]


def test_random_weights_are_of_the_type_asked_for_and_shared_with_the_literal_way(plan):
    model = random_weights(plan)
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    trunk = LiteralPolicy(model).trunk
    assert trunk.table.data_ptr() == model.language_model.model.embed_tokens.weight.data_ptr()


@torch.inference_mode()
def test_both_ways_agree_in_bf16(plan):
    model = random_weights(plan)
    question = random_question(plan.config, 9)
    ours = act(model, inputs_of(model, question))[0].float()
    torch.testing.assert_close(LiteralPolicy(model).act(question), ours, rtol=0, atol=0.02)
    model.fuse()
    torch.testing.assert_close(act(model, inputs_of(model, question))[0].float(), ours, rtol=0, atol=0.02)


def test_without_a_gpu_the_error_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NoGpu, match="No CUDA device"):
        next(module.seven_billion())
