"""The arithmetic against networks that are built and run, and against the published sizes."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from oft_demo.policy import OftModel, aloha_mini, census, cost, floors, openvla_7b, probe
from oft_demo.policy.decoding import decode

PROMPT = 40
ALOHA = openvla_7b()
LIBERO = replace(ALOHA, images=2, film=False, chunk_length=8, action_dim=7, proprio_dim=8)
H200, A100 = floors.DEVICES[0], floors.DEVICES[2]
KINDS = [
    {},
    {"film": False, "proprio": False, "learned_slots": True},
    {"slots": "per_value"},
    {"slots": "per_value", "head": "diffusion", "denoising_steps": 3},
    {"slots": "per_value", "head": "discrete"},
    {"slots": "per_value", "head": "autoregressive", "chunk_length": 1, "action_dim": 4},
]


def total(counts):
    return sum(counts.values())


@pytest.mark.parametrize("changes", KINDS)
def test_weights_are_those_of_the_network_that_is_built(config, changes):
    assert cost.parameters(replace(config, **changes)) == census.count(replace(config, **changes))


def test_weights_of_the_published_size_are_those_of_the_network_that_is_built():
    assert cost.parameters(ALOHA) == census.count(ALOHA)


@pytest.mark.parametrize("changes", KINDS)
def test_work_is_what_a_query_runs(make_model, inputs, tokenizer, changes):
    model = make_model(**changes)
    tokens = torch.tensor([tokenizer.encode("cook the corn")])
    prompt = model.prompt(tokens)
    with FlopCounterMode(display=False) as counter:  # attention is counted where it is written out, with gradients
        seen = model.see(inputs[0][:1], prompt.modulation)
        decode(model, seen, inputs[1][:1], prompt)
    assert total(cost.flops(model.config, tokens.shape[1] - 1)) == counter.get_total_flops()


def test_work_of_a_new_instruction_is_that_of_film(make_model, tokenizer):
    model = make_model()
    tokens = torch.tensor([tokenizer.encode("cook the corn")])
    with FlopCounterMode(display=False) as counter:
        prompt = model.prompt(tokens)
    mean = 2 * prompt.text.ids.shape[1] * model.config.width
    assert cost.film_flops(model.config) + mean == counter.get_total_flops()


def test_the_small_policy_is_counted_too():
    assert cost.parameters(aloha_mini()) == census.count(aloha_mini())
    assert total(cost.parameters(aloha_mini())) == OftModel(aloha_mini()).parameter_count


@pytest.mark.parametrize(
    ("config", "part", "millions"),
    [
        (ALOHA, "action_head", 269),
        (LIBERO, "action_head", 151),
        (ALOHA, "proprio_projector", 17),
        (LIBERO, "proprio_projector", 17),
    ],
)
def test_parts_have_the_sizes_of_the_paper(config, part, millions):
    assert round(cost.parameters(config)[part] / 1e6) == millions


def test_film_is_456_million_with_the_unused_blocks_and_438_without():
    assert round(cost.film_parameters(ALOHA, unused_blocks=1) / 1e6) == 456
    assert round(cost.parameters(ALOHA)["film"] / 1e6) == 438
    assert "film" not in cost.parameters(LIBERO)


def test_a_query_of_the_published_size_reads_seven_and_a_half_billion_weights():
    assert cost.read_in_every_query(ALOHA) / 1e9 == pytest.approx(7.50, rel=0.01)


def test_the_published_sequence_has_1161_tokens():
    assert total(cost.sequence(ALOHA, PROMPT)) == 1161


@pytest.mark.parametrize(
    ("parts", "teraflops"),
    [
        (("trunk",), 15.04),
        (("attention",), 0.71),
        (("featurizer", "fused_featurizer"), 1.10),
        (("projector", "proprio_projector", "action_head"), 0.12),
    ],
)
def test_parts_of_a_published_query_do_the_known_work(parts, teraflops):
    work = cost.flops(ALOHA, PROMPT)
    assert sum(work[part] for part in parts) / 1e12 == pytest.approx(teraflops, rel=0.03)


def test_a_published_query_takes_17_teraflop():
    assert total(cost.flops(ALOHA, PROMPT)) / 1e12 == pytest.approx(16.97, rel=1e-3)


def test_denoising_repeats_the_trunk_and_not_the_towers():
    once, often = (cost.flops(replace(ALOHA, head="diffusion", denoising_steps=steps), PROMPT) for steps in (1, 50))
    repeated = {part for part in once if often[part] == 50 * once[part]}
    assert repeated == {"trunk", "attention", "action_head", "noisy_action_projector", "proprio_projector"}
    assert {part for part in once if often[part] == once[part]} == once.keys() - repeated


@pytest.mark.parametrize(
    ("device", "compute_ms", "reading_ms"), [(H200, 21.5, 3.5), (A100, 54.4, 7.5), (floors.DEVICES[3], 103, 15)]
)
def test_floors_are_the_known_ones(device, compute_ms, reading_ms):
    floor = floors.floor(ALOHA, PROMPT, device)
    assert 1e3 * floor.compute == pytest.approx(compute_ms, rel=0.01)
    assert 1e3 * floor.reading == pytest.approx(reading_ms, rel=0.01)
    assert (floor.total, floor.bound) == (floor.compute, "compute")


def test_words_said_in_turn_are_bound_by_reading_the_weights():
    config = replace(LIBERO, images=1, proprio=False, head="autoregressive", chunk_length=1)
    passes = list(cost.passes(config, PROMPT))
    floor = floors.floor(config, PROMPT, A100)
    assert len(passes) == 7
    assert floor.bound == "reading"
    assert max(floor.compute, floor.reading) < floor.total < floor.compute + floor.reading


@pytest.mark.parametrize("changes", [{}, {"head": "discrete"}, {"head": "diffusion"}])
def test_activations_of_a_published_query_are_small_beside_its_weights(changes):
    config = replace(ALOHA, **changes)
    assert 0.1e9 < cost.activation_bytes(config, PROMPT) < 0.2e9


class Clock:
    """A CPU that takes `milliseconds` for the product of two matrices of 64 rows, and the watch beside it."""

    def __init__(self, milliseconds):
        self.cost, self.now, self.sizes = milliseconds / 1e3 / 64**3, 0.0, []

    def perf_counter(self):
        self.now += 1e-6
        return self.now

    def linear(self, x, weight):
        self.sizes.append(len(x))
        self.now += self.cost * len(x) ** 3


@pytest.mark.parametrize(("milliseconds", "largest"), [(0.02, 1024), (0.3, 512), (3, 256), (40, 128)])
def test_a_slow_cpu_is_probed_with_small_matrices(monkeypatch, milliseconds, largest):
    clock = Clock(milliseconds)
    monkeypatch.setattr(probe, "time", clock)
    monkeypatch.setattr(probe, "functional", clock)
    assert probe.products(torch.bfloat16, seconds=0.2) == pytest.approx(2 / clock.cost, rel=0.1)
    assert clock.now < 0.8
    assert max(clock.sizes) == largest


def test_the_estimate_for_this_cpu_grows_with_the_network(config):
    small = probe.seconds_per_query(config, 10, torch.float32)
    assert 0 < 1000 * small < probe.seconds_per_query(ALOHA, PROMPT, torch.float32)
