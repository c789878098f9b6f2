"""What every Env and every Policy has to keep; inherit a class and give it the fixtures that it names.

EnvContract needs the fixture `env`, PolicyContract the fixtures `policy` and `observation`.
"""

from dataclasses import replace

import numpy as np
import pytest

from oft_demo.types import CAMERAS, CONTROL_HZ, JOINT_COUNT, ActionChunk


class EnvContract:
    """A seed decides everything, seeing changes nothing, and acting refuses what is no target."""

    def test_a_seed_makes_the_same_scene_every_time(self, env):
        states = []
        for seed in (4, 5, 4):
            env.reset(seed)
            states.append((env.state(), env.instruction))
        assert np.array_equal(states[0][0], states[2][0])
        assert states[0][1] == states[2][1]

    def test_a_restored_state_is_the_saved_one_and_goes_on_alike(self, env):
        env.reset(1)
        saved, target = env.state(), env.observe(()).joints + 0.05
        ends = []
        for _ in range(2):
            env.restore(saved)
            assert np.array_equal(env.state(), saved)
            for _ in range(3):
                env.apply(target)
            ends.append(env.state())
        assert np.array_equal(*ends)

    def test_seeing_changes_nothing(self, env):
        env.reset(2)
        before = env.state()
        env.observe(CAMERAS)
        env.score()
        assert np.array_equal(env.state(), before)

    def test_an_observation_has_joints_and_the_pictures_that_were_asked_for(self, env):
        env.reset(2)
        for cameras in ((), CAMERAS[:1], CAMERAS):
            seen = env.observe(cameras)
            assert seen.joints.shape == (JOINT_COUNT,)
            assert seen.joints.dtype == np.float32
            assert set(seen.images) == set(cameras)
            assert all(image.dtype == np.uint8 and image.shape[2:] == (3,) for image in seen.images.values())

    def test_acting_moves_the_joints_towards_the_target_and_the_clock_on(self, env):
        env.reset(3)
        start = env.observe(())
        target = start.joints.copy()
        target[0] += 0.2
        for _ in range(10):
            env.apply(target, 1 / CONTROL_HZ)
        end = env.observe(())
        assert abs(target[0] - end.joints[0]) < abs(target[0] - start.joints[0])
        assert end.time == pytest.approx(start.time + 10 / CONTROL_HZ)

    @pytest.mark.parametrize("wrong", [np.zeros(13, np.float32), np.full(14, np.nan, np.float32)])
    def test_what_is_no_target_is_refused_and_changes_nothing(self, env, wrong):
        env.reset(3)
        before = env.state()
        with pytest.raises(Exception, match="target"):
            env.apply(wrong)
        assert np.array_equal(env.state(), before)

    def test_a_score_is_between_nothing_and_everything(self, env):
        env.reset(3)
        score = env.score()
        assert 0 <= score.points <= 100
        assert not score.success
        assert score.stage

    def test_an_assigned_instruction_is_the_one_that_is_scored(self, env):
        env.reset(3)
        env.assign("put the green pepper into the pot")
        assert env.instruction == "put the green pepper into the pot"


class PolicyContract:
    """An observation and an instruction go in, a chunk that can be carried out comes out, and nothing else changes."""

    instruction = "put the red pepper into the pot"

    def test_a_chunk_can_be_carried_out(self, policy, observation):
        chunk = policy.act(observation, self.instruction)
        assert isinstance(chunk, ActionChunk)
        assert chunk.targets.ndim == 2
        assert chunk.targets.shape[1] == JOINT_COUNT
        assert chunk.targets.dtype == np.float32
        assert len(chunk.targets) >= 1
        assert np.isfinite(chunk.targets).all()
        assert chunk.dt > 0
        assert chunk.instruction == self.instruction

    def test_acting_leaves_the_observation_alone(self, policy, observation):
        copied = {camera: image.copy() for camera, image in observation.images.items()}
        kept = replace(observation, images=copied, joints=observation.joints.copy())
        policy.act(observation, self.instruction)
        assert np.array_equal(observation.joints, kept.joints)
        assert all(np.array_equal(image, copied[camera]) for camera, image in observation.images.items())

    def test_the_same_question_gets_the_same_answer(self, policy, observation):
        first, second = (policy.act(observation, self.instruction).targets for _ in range(2))
        assert np.array_equal(first, second)
