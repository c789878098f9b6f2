"""The recorded cases, loaded and asked what the official code was asked."""

import numpy as np
import pytest
import torch
from official_cases import CASES, CPU, described, official, recorded

from oft_demo.policy import OftPolicy
from oft_demo.policy.film import language_mean
from oft_demo.policy.official import film_layers

QUERIES = [(case, index) for case in ("aloha_film", "aloha_nofilm") for index in range(len(described(case)["queries"]))]


def loaded(case):
    return official(case, CASES / case / "checkpoint").read()


def answer(checkpoint, arrays, prefix, instruction):
    pixels = np.stack([arrays[f"q0_cropped_{image}"] for image in range(3)])
    pixels = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()[None] / 255
    proprio = torch.from_numpy(arrays[f"{prefix}proprio_normalized"])
    tokens = torch.tensor([checkpoint.tokenizer.encode(instruction)])
    with torch.inference_mode():
        return checkpoint.model(pixels, proprio, tokens).actions[0].numpy()


@pytest.mark.parametrize(("case", "index"), QUERIES)
def test_actions_are_those_of_the_official_code(case, index):
    checkpoint, arrays, query = loaded(case), recorded(case), described(case)["queries"][index]
    found = answer(checkpoint, arrays, query["prefix"], query["instruction"])
    np.testing.assert_allclose(found, arrays[f"{query['prefix']}normalized_actions"], rtol=0, atol=3e-5)


@pytest.mark.parametrize(("case", "index"), QUERIES)
def test_prompts_are_those_of_the_official_code(case, index):
    tokenizer, arrays, query = loaded(case).tokenizer, recorded(case), described(case)["queries"][index]
    expected = arrays[f"{query['prefix']}prompt_ids"][0].tolist()
    assert tokenizer.prompt_ids(query["instruction"]) == expected
    assert tokenizer.encode(query["instruction"]) == [*expected, 29871]
    assert arrays[f"{query['prefix']}input_ids_full"][0, : len(expected) + 1].tolist() == [*expected, 29871]


def test_film_layers_are_those_of_every_block():
    checkpoint, arrays = loaded("aloha_film"), recorded("aloha_film")
    layers = film_layers(CASES / "aloha_film" / "checkpoint")
    for short, tower in (("dino", "featurizer"), ("siglip", "fused_featurizer")):
        gammas, betas = zip(*layers[tower].modulation(torch.from_numpy(arrays["q0_language_mean"])), strict=True)
        for kind, values in (("gamma", gammas), ("beta", betas)):
            np.testing.assert_allclose(torch.cat(values).numpy(), arrays[f"q0_film_{kind}_{short}"], rtol=0, atol=2e-6)
    prompt = checkpoint.model.prompt(torch.tensor([checkpoint.tokenizer.encode("Put the Green Pepper into the pot")]))
    words = checkpoint.model.language_model.model.embed(prompt.text.ids)
    mean = language_mean(words, prompt.text.spoken)
    np.testing.assert_allclose(mean.numpy(), arrays["q0_language_mean"], rtol=0, atol=1e-6)


def test_a_loaded_checkpoint_acts_as_a_policy(film_case):
    policy = OftPolicy(film_case.read(), CPU)
    assert (policy.name, policy.film, policy.replan_after, policy.chunk_length) == ("filmed", True, 25, 25)
    assert policy.settings.unnorm_key == "aloha1_put_X_into_pot_300_demos"
    assert policy.cameras == ("cam_high", "cam_left_wrist", "cam_right_wrist")
    assert policy.vocabulary == ()
    assert policy.unknown_words("juggle the aubergine") == ()
    assert len(policy.fingerprint) == 12
    for fact in ("K = 25", "r = 32, alpha = 16", "FiLM | yes", "100000", "aloha1_put_X", "dataset_statistics.json"):
        assert fact in policy.card
