"""The contract of a policy, and what is particular to OFT's."""

from dataclasses import replace

import numpy as np
import pytest

from oft_demo.policy import MissingCamera, WrongQuery, WrongRobot, load, resize_images
from oft_demo.types import CAMERAS, POLICY_HZ, Observation, Policy, Query


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


def queries_of(policy, observation, *instructions):
    images = tuple(observation.images[camera] for camera in policy.cameras)
    state = observation.joints.astype(np.float64)
    return [Query(images, state + index, text) for index, text in enumerate(instructions)]


def test_queries_that_come_together_are_answered_as_they_would_be_alone(policy, observation):
    queries = queries_of(policy, observation, "cook the corn", "put the red pepper into the pot")
    together = policy.plan(queries)
    for query, plan in zip(queries, together, strict=True):
        (alone,) = policy.plan([query])
        np.testing.assert_allclose(plan.actions, alone.actions, atol=1e-4)
        assert plan.actions.dtype == np.float64
        assert plan.latency_ms["total"] > 0


def test_acting_and_planning_agree(policy, observation):
    (plan,) = policy.plan(queries_of(policy, observation, "cook the corn"))
    chunk = policy.act(observation, "cook the corn")
    np.testing.assert_allclose(chunk.targets, plan.actions, atol=1e-6)


def test_queries_of_another_robot_are_refused(policy, observation):
    (query,) = queries_of(policy, observation, "cook the corn")
    with pytest.raises(WrongQuery, match="reads 3 pictures and 14 joints; found 2 pictures"):
        policy.plan([replace(query, images=query.images[:2])])
    with pytest.raises(WrongQuery, match=r"joints of shape \[8\]"):
        policy.plan([replace(query, state=np.zeros(8))])


def test_a_policy_of_another_robot_does_not_drive_aloha(policy, observation):
    policy.config = replace(policy.config, action_dim=7, proprio_dim=8)
    with pytest.raises(WrongRobot, match="7 actions and 8 joints; ALOHA has 14"):
        policy.act(observation, "cook the corn")


def test_pictures_from_the_wire_are_taken_as_they_are_where_the_policy_squashes_them_itself(policy, observation):
    image = observation.images["cam_high"]
    assert policy.receive(image) is image
    assert policy.frame_size == (240, 320)
