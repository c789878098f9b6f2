"""What FiLM does with an instruction, measured in a small network."""

import numpy as np
import pytest
import torch

from oft_demo.policy import PolicySettings, load, save
from oft_demo.policy.film_effect import TOWERS, NoFilm, film_effect

INSTRUCTIONS = ("put the red pepper into the pot", "cook the corn", "transfer cube")


@pytest.fixture
def policy(policy_directory):
    return load(policy_directory, torch.device("cpu"))


def test_sizes_are_root_mean_squares_of_each_block(policy, observation):
    effect = film_effect(policy, observation, INSTRUCTIONS)
    modulation = policy.engine.prompt(policy.tokens("cook the corn")).modulation
    for tower in TOWERS:
        blocks = getattr(modulation, tower)
        assert effect.gamma[tower].shape == (3, len(blocks))
        for index, (gamma, beta) in enumerate(blocks):
            assert effect.gamma[tower][1, index] == pytest.approx(float(np.sqrt(np.mean(gamma.numpy() ** 2))))
            assert effect.beta[tower][1, index] == pytest.approx(float(np.sqrt(np.mean(beta.numpy() ** 2))))


def test_a_patch_s_change_is_a_share_of_its_feature(policy, observation):
    effect = film_effect(policy, observation, INSTRUCTIONS)
    assert effect.against_none.shape == effect.against_mean.shape == (3, 3, 2, 2)
    pixels = policy.pixels(policy.images(observation))[None]
    see, prompt = policy.engine.model.vision_backbone, policy.engine.prompt(policy.tokens("transfer cube"))
    with torch.inference_mode():
        feature, plain = see(pixels, prompt.modulation)[0], see(pixels, prompt.modulation.scaled(0.0))[0]
    last = 2 * 4 + 3  # lower right patch of the third camera
    share = (feature - plain)[last].norm() / feature[last].norm()
    assert effect.against_none[2, 2, 1, 1] == pytest.approx(float(share), rel=1e-4)


def test_one_instruction_alone_is_its_own_mean(policy, observation):
    effect = film_effect(policy, observation, INSTRUCTIONS[:1])
    assert effect.against_mean.max() < 1e-6 < effect.against_none.min()


def test_it_can_be_ended_before_each_look(policy, observation):
    looks = []
    film_effect(policy, observation, INSTRUCTIONS, lambda: looks.append(1))
    assert len(looks) == len(INSTRUCTIONS) + 2

    def end():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film_effect(policy, observation, INSTRUCTIONS, end)


def test_a_policy_without_film_is_refused(make_model, tokenizer, statistics, tmp_path, observation):
    model = make_model(film=False)
    save(tmp_path / "plain", model, model.config, tokenizer, statistics, PolicySettings("plain", 3, "tests"), "")
    with pytest.raises(NoFilm, match="trained without it"):
        film_effect(load(tmp_path / "plain", torch.device("cpu")), observation, INSTRUCTIONS)


def test_film_switched_off_by_hand_is_not_called_a_training_without_it(policy, observation):
    policy.film_scale = 0.0
    with pytest.raises(NoFilm, match="set by hand"):
        film_effect(policy, observation, INSTRUCTIONS)
