"""The scripted experts do their tasks, cleanly and with disturbances."""

import numpy as np
import pytest
from contracts import PolicyContract

from oft_demo import rollout
from oft_demo.sim import TASKS, demonstrate, make_env, make_expert
from oft_demo.types import CHUNK_LENGTH


@pytest.mark.parametrize("task", TASKS)
def test_the_expert_solves_fresh_seeds(task):
    env = make_env(task)
    assert all(demonstrate(env, seed).success for seed in (30_000, 30_001))


def test_the_expert_recovers_from_pushes_and_its_labels_stay_clean():
    env = make_env("put_x_into_pot")
    episode = next(
        episode for seed in range(30_000, 30_010) if not (episode := demonstrate(env, seed, noise=1.0)).valid.all()
    )
    assert episode.success
    assert np.abs(episode.applied - episode.action)[episode.valid].max() > 0.005
    assert np.array_equal(episode.applied[~episode.valid], episode.action[~episode.valid])


def test_an_instruction_chooses_the_object():
    env = make_env("put_x_into_pot")
    for text in ("put the corn into the pot", "put the red pepper into the pot"):
        assert demonstrate(env, 30_002, text).success
        assert env.score().followed


def test_the_expert_is_a_policy_that_plans_from_the_present_state():
    env = make_env("put_x_into_pot")
    env.reset(5)
    expert = make_expert(env, seed=5)
    observation = env.observe(())
    chunk = expert.act(observation, env.instruction)
    assert chunk.targets.shape == (CHUNK_LENGTH, 14)
    assert np.abs(chunk.targets[0] - observation.joints).max() < 0.1
    again = expert.act(observation, env.instruction)
    assert np.array_equal(chunk.targets, again.targets)


def test_the_same_seed_makes_the_same_demonstration():
    env = make_env("transfer_cube")
    first, second = demonstrate(env, 8, noise=0.5), demonstrate(env, 8, noise=0.5)
    assert np.array_equal(first.states, second.states)
    assert np.array_equal(first.action, second.action)


class TestExpert(PolicyContract):
    """The contract of all policies."""

    @pytest.fixture
    def policy(self, scene):
        return make_expert(scene, seed=1)

    @pytest.fixture
    def observation(self, scene):
        return scene.observe()

    @pytest.fixture
    def scene(self):
        env = make_env("put_x_into_pot", image_size=(48, 64))
        env.reset(1)
        yield env
        env.close()


class Drifter:
    """A policy that leads the arms astray."""

    replan_after = 10

    def act(self, observation, instruction):
        from oft_demo.types import ActionChunk

        return ActionChunk(np.tile(observation.joints + 0.02, (CHUNK_LENGTH, 1)).astype(np.float32), instruction)


def test_the_expert_takes_over_where_a_policy_has_led():
    env = make_env("put_x_into_pot", image_size=(48, 64))
    episode = demonstrate(env, 30_003, lead=Drifter())
    first = int(np.argmax(episode.valid))
    assert episode.success
    assert first >= 20
    assert not episode.valid[:first].any()
    assert episode.valid[first:].all()
    env.close()


@pytest.mark.parametrize("task", TASKS)
def test_the_expert_succeeds_when_it_is_asked_anew_every_second(task):
    env = make_env(task)
    env.reset(30_004)
    assert [step.score.success for step in rollout.run(make_expert(env, 1), env, env.instruction, cameras=())][-1]
