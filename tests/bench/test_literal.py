"""The published inference written out is an oracle of ours: the same actions from the same weights."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from oft_demo.bench.literal import Habits, LiteralPolicy
from oft_demo.bench.literal.adapters import AdaptedConvolution, AdaptedLinear, Parts
from oft_demo.bench.literal.trunk import Ask, Cache, Trunk
from oft_demo.bench.literal.vision import Block
from oft_demo.bench.networks import ALOHA, LIBERO, answer, middle, random_model, random_question, with_head
from oft_demo.policy import aloha_mini
from oft_demo.policy.inference import Engine
from oft_demo.policy.llama import LlamaLayer

CPU = torch.device("cpu")
GATE = 5e-5  # of normalised actions in fp32


def both(model):
    """Literal and our actions; the network is fused by this."""
    question = random_question(model.config)
    literal = LiteralPolicy(model).act(question)
    return literal, answer(Engine(model, CPU), question)


@pytest.mark.parametrize(
    "changes",
    [{}, {"film": False}, {"proprio": False}, {"images": 1, "chunk_length": 1}, {"images": 2, "action_dim": 7}],
)
def test_a_small_network_says_the_same_both_ways(make_model, changes):
    literal, ours = both(make_model(**changes))
    assert literal.shape == ours.shape
    assert ours.std() > 0.01
    torch.testing.assert_close(literal, ours, rtol=0, atol=GATE)


@pytest.mark.parametrize("setting", [LIBERO, ALOHA], ids=["libero", "aloha"])
def test_the_middle_sized_network_says_the_same_both_ways(setting):
    literal, ours = both(random_model(middle(setting)))
    assert ours.std() > 0.01
    torch.testing.assert_close(literal, ours, rtol=0, atol=GATE)


@pytest.mark.parametrize(("head", "rows"), [("discrete", 4), ("discrete", 1), ("autoregressive", 1)])
def test_words_are_the_same_both_ways(make_model, head, rows):
    model = with_head(make_model(), head, rows)
    with torch.no_grad():
        model.language_model.lm_head.weight[:31744] = 0  # only action words are likely
        for layer in model.language_model.model.layers:
            assert isinstance(layer, LlamaLayer)
            layer.self_attn.q_proj.weight.mul_(30)  # so that every slot sees something else, and says it
    literal, ours = both(model)
    assert literal.shape == (rows, 3)
    assert len(ours.unique()) > 1
    assert torch.equal(literal, ours)


@pytest.mark.parametrize("habit", ["adapters", "last_blocks", "single_pictures", "words", "keeps"])
def test_no_waste_changes_the_actions(make_model, habit):
    model = make_model()
    question = random_question(model.config)
    lean = LiteralPolicy(model, replace(Habits(), **{habit: False})).act(question)
    torch.testing.assert_close(LiteralPolicy(model).act(question), lean, rtol=0, atol=GATE)


def parts(weights):
    return Parts(weights, 4, torch.Generator().manual_seed(0))


def test_an_adapter_beside_its_base_is_the_merged_weight():
    weight, bias, x = torch.randn(6, 5), torch.randn(6), torch.randn(2, 5)
    layer = parts({"l.weight": weight, "l.bias": bias}).linear("l", taught=True)
    assert isinstance(layer, AdaptedLinear)
    assert not torch.allclose(layer.base(x), layer(x))
    torch.testing.assert_close(layer(x), functional.linear(x, weight, bias))


def test_the_patch_embedding_has_an_adapter_too():
    weight, bias, pixels = torch.randn(6, 3, 2, 2), torch.randn(6), torch.randn(1, 3, 4, 4)
    layer = parts({"p.weight": weight, "p.bias": bias}).convolution("p")
    assert isinstance(layer, AdaptedConvolution)
    assert not torch.allclose(layer.base(pixels), layer(pixels))
    torch.testing.assert_close(layer(pixels), functional.conv2d(pixels, weight, bias, stride=2))


def test_only_the_towers_have_learned_adapters(make_model):
    policy = LiteralPolicy(make_model())
    by_owner = {
        owner: [layer.up.weight.abs().max() for layer in part.modules() if isinstance(layer, AdaptedLinear)]
        for owner, part in (("eye", policy.eyes[0]), ("projector", policy.projector), ("trunk", policy.trunk))
    }
    assert {owner: len(found) for owner, found in by_owner.items()} == {
        "eye": 4 * 3,
        "projector": 3,
        "trunk": 7 * 3 + 1,
    }
    assert all(largest > 0 for largest in by_owner["eye"])
    assert all(largest == 0 for owner in ("projector", "trunk") for largest in by_owner[owner])


def test_without_film_nothing_has_an_adapter(make_model):
    policy = LiteralPolicy(make_model(film=False))
    assert not [layer for layer in policy.trunk.modules() if isinstance(layer, AdaptedLinear)]


def test_pictures_go_through_every_block_one_at_a_time(make_model, monkeypatch):
    seen = []
    forward = Block.forward
    monkeypatch.setattr(Block, "forward", lambda block, x, words: seen.append(len(x)) or forward(block, x, words))
    model = make_model()
    LiteralPolicy(model).act(random_question(model.config))
    assert seen == [1] * (3 * 2 * (2 + 1))  # pictures, towers, blocks with the last one


def test_a_pass_leaves_what_nobody_reads(make_model):
    model = make_model()
    trunk = LiteralPolicy(model).trunk
    x, cache = torch.randn(1, 6, 32), Cache()
    thought = trunk(x, torch.ones(1, 6, dtype=torch.bool), Ask(cache, words=True, states=True))
    assert (len(thought.states), cache.length, len(cache.keys)) == (4, 6, 3)
    assert thought.logits.shape == (1, 6, 32064)


def test_padding_is_left_out_and_nothing_else(make_model):
    trunk = LiteralPolicy(make_model()).trunk
    assert isinstance(trunk, Trunk)
    x, ask = torch.randn(1, 6, 32), Ask(None, words=False, states=False)
    standing = torch.tensor([[True] * 4 + [False] * 2])
    padded = trunk(x, standing, ask).hidden[:, :4]
    torch.testing.assert_close(padded, trunk(x[:, :4], standing[:, :4], ask).hidden, rtol=1e-4, atol=1e-5)


def test_towers_of_another_form_are_refused():
    config = replace(aloha_mini(), language=replace(aloha_mini().language, vocabulary=40000))
    with pytest.raises(ValueError, match="published form"):
        LiteralPolicy(random_model(config))
