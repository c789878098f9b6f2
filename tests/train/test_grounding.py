"""Grounding labels sit at the right patch."""

import torch

from oft_demo.train.grounding import patch_labels


def test_a_point_in_the_middle_of_a_patch_is_that_patch():
    points = torch.tensor([[[2.5 / 6, 1.5 / 6]]])  # column 2, row 1
    labels = patch_labels(points, 6)
    assert labels.shape == (1, 1, 37)
    assert int(labels.argmax()) == 1 * 6 + 2
    torch.testing.assert_close(labels.max(), torch.tensor(1.0))


def test_a_point_between_patches_is_shared():
    labels = patch_labels(torch.tensor([[[2 / 6, 1.5 / 6]]]), 6)[0, 0]
    torch.testing.assert_close(labels[[7, 8]], torch.tensor([0.5, 0.5]))


def test_points_at_the_edges_stay_inside():
    labels = patch_labels(torch.tensor([[[0.0, 0.0], [1.0, 1.0]]]), 6)
    assert labels[0].argmax(-1).tolist() == [0, 35]
    torch.testing.assert_close(labels.sum(-1), torch.ones(1, 2))


def test_an_object_out_of_view_is_nowhere():
    labels = patch_labels(torch.full((1, 1, 2), torch.nan), 6)[0, 0]
    assert int(labels.argmax()) == 36
    assert float(labels.sum()) == 1
