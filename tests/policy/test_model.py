"""The whole network: layout of the sequence, what is read from it, and how batches are padded."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from oft_demo.policy import OftConfig, OftModel, aloha_mini
from oft_demo.policy.llama import rotations


def padded(tokenizer, *texts):
    rows = [tokenizer.encode(text) for text in texts]
    width = max(map(len, rows))
    return torch.tensor([row + [tokenizer.pad_id] * (width - len(row)) for row in rows])


@pytest.mark.parametrize("slots", ["per_step", "per_value"])
def test_shapes_do_not_depend_on_the_kind_of_slots(make_model, inputs, tokenizer, slots):
    output = make_model(slots=slots)(*inputs, padded(tokenizer, "cook the corn", "transfer cube"))
    assert output.actions.shape == (2, 5, 14)
    assert output.patches.shape == (2, 3, 4, 16)
    assert output.slots.shape == (2, 5, 16)


@pytest.mark.parametrize("changes", [{}, {"slots": "per_value"}, {"film": False}, {"learned_slots": True}])
def test_padding_changes_nothing(make_model, inputs, tokenizer, changes):
    model = make_model(**changes)
    texts = ("cook the corn", "put the red pepper into the pot")
    together = model(*inputs, padded(tokenizer, *texts))
    for index, text in enumerate(texts):
        alone = model(*(part[index : index + 1] for part in inputs), padded(tokenizer, text))
        for found, expected in zip(together, alone, strict=True):
            torch.testing.assert_close(found[index], expected[0], rtol=1e-4, atol=1e-5)


def test_training_and_acting_compute_the_same(make_model, inputs, tokenizer):
    model, tokens = make_model(), padded(tokenizer, "cook the corn", "put the red pepper into the pot")
    written_out = model(*inputs, tokens)
    with torch.inference_mode():
        fused = model(*inputs, tokens)
    for found, expected in zip(fused, written_out, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_the_sequence_is_start_patches_joints_prompt_slots_stop(make_model, inputs, tokenizer):
    model, tokens = make_model(slots="per_value"), padded(tokenizer, "cook the corn", "cook the corn")
    captured = []
    model.language_model.model.register_forward_pre_hook(lambda _, given: captured.append(given[0]))
    model(*inputs, tokens)
    prompt, table = tokens[0].tolist(), model.language_model.model.embed_tokens.weight
    (sequence,) = captured
    assert sequence.shape[1] == 1 + 3 * 4 + 1 + (len(prompt) - 1) + 5 * 14 + 1
    seen = model.see(inputs[0], model.prompt(tokens).modulation)
    torch.testing.assert_close(sequence[:, 0], table[prompt[0]].expand(2, -1))
    torch.testing.assert_close(sequence[:, 1:13], seen)
    torch.testing.assert_close(sequence[:, 13], model.proprio_projector(inputs[1]))
    torch.testing.assert_close(sequence[0, 14 : 13 + len(prompt)], table[prompt[1:]])
    assert (sequence[:, 13 + len(prompt) : -1] == 0).all()
    torch.testing.assert_close(sequence[:, -1], table[tokenizer.stop_id].expand(2, -1))


@pytest.mark.parametrize("texts", [("cook the corn", "cook the corn"), ("cook the corn", "transfer cube")])
def test_the_window_starts_at_the_last_prompt_token(make_model, inputs, tokenizer, texts):
    model, tokens = make_model(), padded(tokenizer, *texts)
    hidden = []
    model.language_model.model.register_forward_hook(lambda *given: hidden.append(given[2]))
    output = model(*inputs, tokens)
    for index, text in enumerate(texts):
        start = 3 * 4 + 1 + len(tokenizer.encode(text)) - 1
        torch.testing.assert_close(output.slots[index], hidden[0][index, start : start + 5])


def test_learned_slots_stand_where_empty_ones_would(make_model, inputs, tokenizer):
    model, tokens = make_model(learned_slots=True), padded(tokenizer, "cook the corn", "transfer cube")
    captured = []
    model.language_model.model.register_forward_pre_hook(lambda _, given: captured.append(given[0]))
    model(*inputs, tokens)
    for index, text in enumerate(("cook the corn", "transfer cube")):
        start = 3 * 4 + 1 + len(tokenizer.encode(text))
        torch.testing.assert_close(captured[0][index, start : start + 5], model.action_slots)


def test_every_token_sees_every_other(make_model):
    trunk = make_model().language_model.model
    sequence = torch.randn(1, 6, 16, requires_grad=True)
    for place in range(6):
        (gradient,) = torch.autograd.grad(trunk(sequence)[0, place].sum(), sequence)
        assert (gradient.abs().sum(-1) > 0).all()


def test_rotary_positions_equal_the_formula_on_halves(make_model):
    attention = make_model().language_model.model.layers[0].self_attn
    x, turns = torch.randn(1, 7, 16), rotations(7, 8, 10000.0)
    cosine, sine = (torch.cat([part, part], -1) for part in (turns.real, turns.imag))

    def rotated(layer):
        split = layer(x).view(1, 7, 2, 8).transpose(1, 2)
        first, second = split.chunk(2, -1)
        return split * cosine + torch.cat([-second, first], -1) * sine

    value = attention.v_proj(x).view(1, 7, 2, 8).transpose(1, 2)
    mixed = functional.scaled_dot_product_attention(rotated(attention.q_proj), rotated(attention.k_proj), value)
    expected = attention.o_proj(mixed.transpose(1, 2).reshape(1, 7, 16))
    torch.testing.assert_close(attention(x, turns, None), expected)
    attention.fuse()
    torch.testing.assert_close(attention(x, turns, None), expected)


@pytest.mark.parametrize("changes", [{}, {"film": False, "learned_slots": True}])
def test_fusing_keeps_the_function(make_model, inputs, tokenizer, changes):
    model, tokens = make_model(**changes), padded(tokenizer, "cook the corn", "transfer cube")
    with torch.inference_mode():
        before, products = model(*inputs, tokens), sum(1 for _ in model.modules())
        model.fuse()
        for found, expected in zip(model(*inputs, tokens), before, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert sum(1 for _ in model.modules()) < products


def test_pixels_are_normalised_by_each_tower(make_model, inputs):
    tower = make_model().vision_backbone.featurizer
    captured = []
    tower.patch_embed.register_forward_pre_hook(lambda _, given: captured.append(given[0]))
    pixels = inputs[0][0]
    tower(pixels, ())
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.25, 0.3])
    torch.testing.assert_close(captured[0], (pixels - mean.view(3, 1, 1)) / std.view(3, 1, 1))


def test_weights_have_published_names(make_model):
    names = set(make_model().state_dict())
    assert {
        "vision_backbone.featurizer.cls_token",
        "vision_backbone.featurizer.reg_token",
        "vision_backbone.featurizer.pos_embed",
        "vision_backbone.featurizer.patch_embed.proj.weight",
        "vision_backbone.featurizer.blocks.0.attn.qkv.bias",
        "vision_backbone.featurizer.blocks.0.ls1.scale_factor",
        "vision_backbone.fused_featurizer.blocks.0.mlp.fc2.weight",
        "vision_backbone.fused_featurizer.blocks.0.scale.weight",
        "projector.fc3.bias",
        "language_model.model.embed_tokens.weight",
        "language_model.model.layers.1.self_attn.o_proj.weight",
        "language_model.model.layers.1.mlp.gate_proj.weight",
        "language_model.model.layers.1.post_attention_layernorm.weight",
        "language_model.model.norm.weight",
        "action_head.model.mlp_resnet_blocks.1.ffn.1.weight",
        "action_head.model.layer_norm2.bias",
        "proprio_projector.fc2.weight",
    } <= names


def test_gradients_reach_every_weight(make_model, inputs, tokenizer):
    model = make_model(learned_slots=True)
    output = model(*inputs, padded(tokenizer, "cook the corn", "transfer cube"))
    output.actions.abs().mean().backward()
    assert [name for name, value in model.named_parameters() if value.grad is None] == []


@pytest.mark.parametrize("film", [True, False])
def test_the_small_preset_is_small_and_survives_json(film):
    config = aloha_mini(film)
    assert OftConfig.from_json(config.to_json()) == config
    assert OftModel(config).parameter_count < 5_000_000


def test_sizes_that_do_not_fit_are_refused(config):
    with pytest.raises(ValueError, match="multiple of patch"):
        OftModel(replace(config, image_size=17))
