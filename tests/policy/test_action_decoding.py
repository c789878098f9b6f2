"""What heads make of the sequence: against transformers' Llama, diffusers' DDIM and the formulas of the bins."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers import LlamaConfig as PublishedConfig
from transformers import LlamaForCausalLM

from oft_demo.policy import OftModel
from oft_demo.policy.action_tokens import tokens_of, values_of
from oft_demo.policy.config import TRAINED_STEPS
from oft_demo.policy.decoding import decode
from oft_demo.policy.diffusion import less_noisy, level_embeddings, levels_visited

INSTRUCTION = "put the red pepper into the pot"
VOCABULARY = 400


@pytest.fixture
def speaking(config):
    """A small network with some head, and a vocabulary in which bins have room."""

    def make(head, **changes):
        torch.manual_seed(0)
        language = replace(config.language, vocabulary=VOCABULARY)
        sizes = replace(config, head=head, slots="per_value", language=language, **changes)
        return OftModel(sizes).eval().requires_grad_(False)

    return make


@pytest.fixture
def published():
    """transformers' causal Llama with the weights of ours."""

    def make(model):
        sizes = model.config.language
        config = PublishedConfig(
            hidden_size=sizes.width,
            intermediate_size=sizes.mlp_width,
            num_hidden_layers=sizes.layers,
            num_attention_heads=sizes.heads,
            vocab_size=sizes.vocabulary,
            rms_norm_eps=sizes.norm_epsilon,
        )
        config._attn_implementation = "eager"
        llama = LlamaForCausalLM(config).eval()
        llama.load_state_dict(model.language_model.state_dict())
        return llama

    return make


def words_of(decoded):
    assert decoded.tokens is not None
    return decoded.tokens[0].tolist()


def looked_at(model, inputs, tokenizer):
    prompt = model.prompt(torch.tensor([tokenizer.encode(INSTRUCTION)]))
    return model.see(inputs[0][:1], prompt.modulation), inputs[1][:1], prompt


def test_the_trunk_is_transformers_llama_when_nothing_is_masked(speaking, published, inputs, tokenizer):
    model = speaking("discrete", chunk_length=2)
    seen, proprio, prompt = looked_at(model, inputs, tokenizer)
    sequence = model.sequence(seen, proprio, prompt)
    everything = torch.zeros(1, 1, sequence.shape[1], sequence.shape[1])
    expected = published(model).model(inputs_embeds=sequence, attention_mask=everything).last_hidden_state
    torch.testing.assert_close(model.think(sequence, prompt.text), expected, rtol=1e-4, atol=1e-5)


def test_values_said_in_turn_are_those_of_transformers_greedy_generation(speaking, published, inputs, tokenizer):
    model = speaking("autoregressive", chunk_length=1)
    seen, proprio, prompt = looked_at(model, inputs, tokenizer)
    sequence = model.sequence(seen, proprio, prompt)
    llama, given, expected = published(model), sequence, []
    for _ in range(model.config.action_dim):
        expected.append(llama(inputs_embeds=given).logits[:, -1].argmax(-1))
        given = torch.cat([given, model.language_model.model.embed(expected[-1])[:, None]], 1)
    decoded = decode(model, seen, proprio, prompt)
    assert words_of(decoded) == [int(token) for token in expected]
    assert decoded.actions.shape == (1, 1, 14)
    model.fuse()
    assert words_of(decode(model, seen, proprio, prompt)) == words_of(decoded)


def test_the_autoregressive_sequence_ends_with_the_prompt(speaking, inputs, tokenizer):
    model = speaking("autoregressive", chunk_length=1)
    prompt = model.prompt(torch.tensor([tokenizer.encode(INSTRUCTION)]))
    assert prompt.text.ids.tolist() == [tokenizer.encode(INSTRUCTION)]


def test_values_said_at_once_are_the_likeliest_words_of_the_window(speaking, published, inputs, tokenizer):
    model = speaking("discrete", chunk_length=3)
    seen, proprio, prompt = looked_at(model, inputs, tokenizer)
    decoded = decode(model, seen, proprio, prompt)
    hidden = model.think(model.sequence(seen, proprio, prompt), prompt.text)
    start = 1 + seen.shape[1] + 1 + prompt.text.lengths[0] - 2
    expected = published(model).lm_head(hidden)[0, start : start + 3 * 14].argmax(-1)
    assert words_of(decoded) == expected.tolist()
    torch.testing.assert_close(decoded.actions.flatten(), values_of(expected, VOCABULARY))


@pytest.mark.parametrize("steps", [1, 2, 10, 50])
def test_denoising_is_diffusers_ddim(speaking, inputs, tokenizer, steps):
    model = speaking("diffusion", chunk_length=3, denoising_steps=steps)
    seen, proprio, prompt = looked_at(model, inputs, tokenizer)
    noise = torch.randn(1, 3, 14)
    scheduler = DDIMScheduler(num_train_timesteps=TRAINED_STEPS, beta_schedule="squaredcos_cap_v2")
    scheduler.set_timesteps(steps)
    sample, hidden, width = noise, noise, model.config.width
    for timestep in scheduler.timesteps:
        frequencies = torch.exp(-torch.arange(width // 2) * (np.log(10000) / (width // 2 - 1))) * timestep
        level = torch.cat([frequencies.sin(), frequencies.cos()])[None, None]
        noisy = model.noisy_action_projector(sample.reshape(1, -1, 1))
        sequence = model.sequence(seen, proprio, prompt, level)
        first = sequence.shape[1] - 1 - 3 * 14
        sequence[:, first:-1] = noisy
        hidden = model.language_model.model(sequence)[:, first - 1 : -2]
        predicted = model.action_head(hidden)
        (sample,) = scheduler.step(predicted, int(timestep), sample, return_dict=False)[:1]
    found = decode(model, seen, proprio, prompt, noise)
    torch.testing.assert_close(found.actions, sample, rtol=1e-4, atol=2e-5)
    torch.testing.assert_close(found.hidden, hidden, rtol=1e-3, atol=1e-4)


def test_the_noise_that_a_denoising_starts_from_matters(speaking, inputs, tokenizer):
    model = speaking("diffusion", chunk_length=3, denoising_steps=5)
    seen, proprio, prompt = looked_at(model, inputs, tokenizer)
    first, second = (decode(model, seen, proprio, prompt, torch.randn(1, 3, 14)).actions for _ in range(2))
    assert (first != second).any()


def test_levels_are_visited_from_noisy_to_clean():
    assert levels_visited(5) == (40, 30, 20, 10, 0)
    assert levels_visited(50) == tuple(range(49, -1, -1))


def test_a_step_takes_out_the_noise_that_was_predicted():
    clean, noise = torch.rand(1, 2, 3) * 2 - 1, torch.randn(1, 2, 3)
    alphas = DDIMScheduler(num_train_timesteps=TRAINED_STEPS, beta_schedule="squaredcos_cap_v2").alphas_cumprod
    noisy = alphas[30].sqrt() * clean + (1 - alphas[30]).sqrt() * noise
    less = less_noisy(noisy, noise, 30, 5)
    torch.testing.assert_close(less, alphas[20].sqrt() * clean + (1 - alphas[20]).sqrt() * noise, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(less_noisy(noisy, noise, 30, 1), clean, rtol=1e-4, atol=1e-5)


def test_level_embeddings_are_sines_then_cosines():
    found = level_embeddings(5, 8, torch.device("cpu"))
    angles = np.outer([40, 30, 20, 10, 0], 10000.0 ** (-np.arange(4) / 3))
    np.testing.assert_allclose(found.numpy(), np.concatenate([np.sin(angles), np.cos(angles)], 1), atol=1e-5)


def test_actions_become_words_and_words_the_middle_of_their_bins():
    values = np.linspace(-1, 1, 1001)
    tokens = tokens_of(values, 32064)
    assert (tokens.min(), tokens.max()) == (31744, 31999)
    back = values_of(torch.from_numpy(tokens), 32064).numpy()
    assert np.abs(back - values).max() <= 1 / 255 + 1e-6
    assert (np.diff(back) >= 0).all()


def test_words_that_are_no_actions_become_the_nearest_bin():
    lowest, highest = values_of(torch.tensor([32063, 5]), 32064)
    assert (round(float(lowest), 4), round(float(highest), 4)) == (-0.9961, 0.9961)


def test_prompts_of_different_lengths_are_denoised_together(speaking, inputs, tokenizer):
    model = speaking("diffusion", chunk_length=3, denoising_steps=2)
    rows = [tokenizer.encode(text) for text in ("cook the corn", INSTRUCTION)]
    padded = torch.tensor([row + [tokenizer.pad_id] * (max(map(len, rows)) - len(row)) for row in rows])
    noise = torch.randn(2, 3, 14)

    def denoised(tokens, pixels, proprio, start):
        prompt = model.prompt(tokens)
        return decode(model, model.see(pixels, prompt.modulation), proprio, prompt, start).actions

    together = denoised(padded, inputs[0], inputs[1], noise)
    for index, row in enumerate(rows):
        part = slice(index, index + 1)
        alone = denoised(torch.tensor([row]), inputs[0][part], inputs[1][part], noise[part])
        torch.testing.assert_close(together[part], alone, rtol=1e-4, atol=1e-5)
