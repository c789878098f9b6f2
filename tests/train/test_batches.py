"""Batches are a pure function of the step and carry labels of the object that was asked for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from oft_demo.train.augment import augment, move_points
from oft_demo.train.batches import BatchSource, frame_weights, split
from oft_demo.train.export import statistics_of, tokenizer_of
from oft_demo.train.recipe import Augmentation, WordVariation
from oft_demo.train.words import telling_words, vary


@pytest.fixture
def source(cache, settings):
    return BatchSource(cache, tokenizer_of(cache), statistics_of(cache), settings)


def test_the_same_step_gives_the_same_batch(source):
    first, second, other = source.imitation(3), source.imitation(3), source.imitation(4)
    for name, value in vars(first).items():
        torch.testing.assert_close(getattr(second, name), value, equal_nan=True, rtol=0, atol=0)
    assert not torch.equal(first.pixels, other.pixels)


def test_held_out_episodes_are_never_drawn(cache, settings):
    training, validation = split(cache, settings)
    assert not (training & validation).any()
    assert not set(cache.episode_index[training]) & set(cache.episode_index[validation])
    assert (frame_weights(cache, training, settings)[validation] == 0).all()


def test_some_episodes_can_count_more(cache, settings):
    usable = np.ones(len(cache), bool)
    plain = frame_weights(cache, usable, settings)
    weighted = frame_weights(cache, usable, replace(settings, episode_weights=(("episode_3", 2.0), ("frames/", 1.5))))
    third = cache.episode_index == [name.endswith("episode_3") for name in cache.names].index(True)
    np.testing.assert_allclose(weighted[third], 3 * plain[third])
    np.testing.assert_allclose(weighted[~third], 1.5 * plain[~third])


def test_rows_count_only_where_the_expert_went_for_the_object(source):
    everything = [source.grounding(step) for step in range(20)]
    weights = torch.cat([batch.row_weight for batch in everything])
    assert 0.1 < float(weights[:, 0].mean()) < 0.6  # one of three objects
    assert all((source.imitation(step).row_weight == 1).all() for step in range(3))


def test_actions_are_normalised_to_the_bounds(source):
    batch = source.imitation(0)
    assert batch.actions.shape == (4, 5, 14)
    assert float(batch.actions.abs().max()) <= 1


def test_colours_change_but_places_do_not_by_default():
    pictures = torch.rand(4, 3, 3, 16, 16)
    varied, crops = augment(pictures, Augmentation(), torch.Generator().manual_seed(0))
    assert varied.shape == pictures.shape
    assert 0 <= float(varied.min()) <= float(varied.max()) <= 1
    assert not torch.equal(varied, pictures)
    assert (crops == torch.tensor([0.0, 0.0, 1.0])).all()


def test_no_strength_changes_nothing():
    pictures = torch.rand(2, 3, 3, 16, 16)
    still = Augmentation(brightness=0, contrast=0, saturation=0, hue=0)
    torch.testing.assert_close(augment(pictures, still, torch.Generator())[0], pictures)


def test_a_crop_moves_the_labels_with_the_picture():
    pictures = torch.zeros(8, 1, 3, 64, 64)
    pictures[:, :, :, 20:24, 40:44] = 1
    shifting = Augmentation(0, 0, 0, 0, shift_pixels=3, smallest_scale=0.9)
    cropped, crops = augment(pictures, shifting, torch.Generator().manual_seed(1))
    points = move_points(torch.tensor([42 / 64, 22 / 64]).expand(8, 1, 2), crops)
    for index in range(8):
        mass = cropped[index, 0, 0]
        rows, columns = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
        centre = torch.stack([(mass * columns).sum(), (mass * rows).sum()]) / mass.sum() / 64
        torch.testing.assert_close(points[index, 0], centre, atol=0.006, rtol=0)


def test_points_outside_a_crop_are_out_of_view():
    moved = move_points(torch.tensor([[[0.01, 0.5]]]), torch.tensor([[[0.05, 0.0, 0.9]]]))
    assert moved.isnan().all()


def test_varied_instructions_keep_a_word_that_tells_the_object():
    wordings = {"red pepper": ("put the red pepper in", "cook the red one"), "corn": ("put the yellow corn in",)}
    telling = telling_words(wordings)
    assert {"red", "pepper"} <= telling["red pepper"]
    random = np.random.default_rng(0)
    always = WordVariation(unknown_words=1, extra_words=0.5, shuffle=0.5)
    texts = {vary("put the red pepper in", telling["red pepper"], always, random) for _ in range(200)}
    assert all({"red", "pepper"} & set(text.split()) for text in texts)
    assert any("xxxxx" in text for text in texts)


def test_stages_see_different_frames_for_the_same_step(cache, settings):
    settings = replace(settings, batch_size=16)
    source = BatchSource(cache, tokenizer_of(cache), statistics_of(cache), settings)
    assert not torch.equal(source.grounding(0).pixels, source.imitation(0).pixels)
