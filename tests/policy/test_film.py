"""FiLM: formula, place in the block, and what it is computed from."""

from dataclasses import replace

import torch
from torch.nn import functional

from oft_demo.policy.film import Modulation, language_mean, modulate


def test_gamma_is_added_to_one_and_beta_is_added():
    x, gamma, beta = torch.randn(2, 4, 3), torch.randn(2, 3), torch.randn(2, 3)
    torch.testing.assert_close(modulate(x, gamma, beta), x * (1 + gamma[:, None]) + beta[:, None])


def test_all_images_of_a_query_get_its_own_modulation():
    x, gamma, beta = torch.randn(6, 4, 3), torch.randn(2, 3), torch.randn(2, 3)
    found = modulate(x, gamma, beta)
    for query in range(2):
        for image in range(3 * query, 3 * query + 3):
            torch.testing.assert_close(found[image], x[image] * (1 + gamma[query]) + beta[query])


def test_film_acts_between_attention_and_mlp(make_model):
    block = make_model().vision_backbone.featurizer.blocks[0]
    x, gamma, beta = torch.randn(2, 5, 16), torch.randn(2, 16), torch.randn(2, 16)
    attended = x + 0.7 * block.attn(block.norm1(x))
    modulated = attended * (1 + gamma[:, None]) + beta[:, None]
    expected = modulated + 0.7 * block.mlp(block.norm2(modulated))
    torch.testing.assert_close(block(x, (gamma, beta)), expected)


def test_the_language_mean_holds_start_prompt_and_stop_but_no_slots_and_no_padding(make_model, tokenizer):
    model = make_model()
    table = model.language_model.model.embed_tokens.weight
    rows = [tokenizer.encode(text) for text in ("cook the corn", "put the red pepper into the pot")]
    width = max(map(len, rows))
    tokens = torch.tensor([row + [tokenizer.pad_id] * (width - len(row)) for row in rows])
    text = model.lay_out(tokens)
    found = language_mean(table[text.ids], text.spoken)
    for index, row in enumerate(rows):
        torch.testing.assert_close(found[index], table[[*row, tokenizer.stop_id]].mean(0))


def test_each_block_has_its_own_gamma_and_beta(make_model, tokenizer):
    model = make_model()
    tokens = torch.tensor([tokenizer.encode("cook the corn")])
    table = model.language_model.model.embed_tokens.weight
    mean = table[[*tokens[0].tolist(), tokenizer.stop_id]].mean(0, keepdim=True)
    modulation = model.prompt(tokens).modulation
    assert (len(modulation.featurizer), len(modulation.fused_featurizer)) == (2, 1)
    for block, (gamma, beta) in zip(model.vision_backbone.featurizer.blocks, modulation.featurizer, strict=True):
        torch.testing.assert_close(gamma, functional.linear(mean, block.scale.weight, block.scale.bias))
        torch.testing.assert_close(beta, functional.linear(mean, block.shift.weight, block.shift.bias))


def test_modulation_by_nothing_equals_a_network_without_film(make_model, inputs, tokenizer):
    model = make_model()
    modulation = model.prompt(torch.tensor([tokenizer.encode("cook the corn")] * 2)).modulation
    torch.testing.assert_close(model.see(inputs[0], modulation.scaled(0.0)), model.see(inputs[0], None))
    assert isinstance(modulation, Modulation)


def test_the_instruction_changes_what_is_seen_only_with_film(make_model, inputs, tokenizer):
    for film in (True, False):
        model = make_model(film=film)
        seen = [
            model.see(inputs[0], model.prompt(torch.tensor([tokenizer.encode(text)] * 2)).modulation)
            for text in ("cook the corn", "cook the pepper")
        ]
        assert torch.equal(*seen) != film


def test_initial_film_weights_can_be_small(make_model):
    model = make_model(film_std=1e-3)
    weights = [value for name, value in model.named_parameters() if ".scale.weight" in name or ".shift.weight" in name]
    assert len(weights) == 6
    assert all(value.abs().max() < 0.01 for value in weights)
    assert replace(model.config, film=False).film is False
