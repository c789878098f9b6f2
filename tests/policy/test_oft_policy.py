"""The contract of a policy, and what is particular to OFT's."""

from dataclasses import replace

import numpy as np
import pytest

from oft_demo.policy import MissingCamera, load, resize_images
from oft_demo.types import CAMERAS, POLICY_HZ, Observation, Policy


@pytest.fixture
def policy(policy_directory):
    return load(policy_directory)


def test_it_returns_a_chunk_of_joint_targets(policy, observation):
    asked: Policy = policy
    chunk = asked.act(observation, "Cook the corn")
    assert chunk.targets.shape == (policy.chunk_length, 14)
    assert chunk.targets.dtype == np.float32
    assert np.isfinite(chunk.targets).all()
    assert chunk.instruction == "Cook the corn"
    assert chunk.dt == 1 / POLICY_HZ
    assert {"images", "model", "total"} <= set(chunk.latency_ms)
    assert chunk.latency_ms["total"] >= chunk.latency_ms["model"] >= 0


def test_it_leaves_the_observation_as_it_is(policy, observation):
    images = {camera: image.copy() for camera, image in observation.images.items()}
    joints = observation.joints.copy()
    policy.act(observation, "cook the corn")
    assert all((observation.images[camera] == image).all() for camera, image in images.items())
    assert (observation.joints == joints).all()


def test_it_acts_from_read_only_arrays(policy, observation):
    for array in (*observation.images.values(), observation.joints):
        array.flags.writeable = False
    policy.act(observation, "cook the corn")


def test_the_same_question_has_the_same_answer(policy, observation):
    first = policy.act(observation, "cook the corn").targets
    other = policy.act(observation, "cook the pepper").targets
    assert (policy.act(observation, "cook the corn").targets == first).all()
    assert (other != first).any()


def test_pictures_joints_and_their_cameras_matter(policy, observation):
    first = policy.act(observation, "cook the corn").targets
    swapped = dict(zip(CAMERAS, reversed(observation.images.values()), strict=True))
    moved = replace(observation, joints=observation.joints + 0.3)
    for changed in (replace(observation, images=swapped), moved):
        assert (policy.act(changed, "cook the corn").targets != first).any()


def test_the_order_of_the_cameras_in_the_observation_does_not_matter(policy, observation):
    turned = Observation(dict(reversed(observation.images.items())), observation.joints)
    first, second = (policy.act(seen, "cook the corn").targets for seen in (observation, turned))
    assert (first == second).all()


def test_missing_cameras_are_named(policy, observation):
    with pytest.raises(MissingCamera, match="tiny needs pictures from cam_left_wrist, cam_right_wrist"):
        policy.act(Observation({"cam_high": observation.images["cam_high"]}, observation.joints), "cook the corn")


def test_film_can_be_switched_off_in_the_same_weights(policy, policy_directory, observation):
    on = policy.act(observation, "cook the corn").targets
    policy.film_scale = 0.0
    off = policy.act(observation, "cook the corn").targets
    assert (on != off).any()
    assert (load(policy_directory, film_scale=0.0).act(observation, "cook the corn").targets == off).all()
    policy.film_scale = 1.0
    assert (policy.act(observation, "cook the corn").targets == on).all()


def test_it_tells_what_it_is(policy):
    assert (policy.name, policy.film, policy.chunk_length, policy.replan_after) == ("tiny", True, 5, 3)
    assert (policy.cameras, policy.image_size, policy.card) == (CAMERAS, 16, "# A card\n")
    assert policy.parameter_count > 0
    assert policy.unknown_words("cook the aubergine") == ("aubergine",)


def test_pictures_shrink_to_the_mean_of_their_areas():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:2, :4] = 200
    image[0, 0] = 100
    small = resize_images(image, 2)
    assert small.shape == (2, 2, 3)
    assert small[..., 0].tolist() == [[188, 0], [0, 0]]


def test_a_picture_of_the_right_size_is_copied():
    image = np.zeros((4, 4, 3), np.uint8)
    same = resize_images(image, 4)
    same[0] = 1
    assert image.max() == 0
