"""A policy meets an env: rows, chunks, pictures and the end of a rollout."""

import numpy as np
import pytest
from contracts import EnvContract, PolicyContract
from fakes import CountingPolicy, FakeEnv

from oft_demo.rollout import SETTLING_STEPS, InvalidChunk, Manner, run
from oft_demo.take import Take
from oft_demo.types import CAMERAS, ActionChunk, Observation


class TestFakeEnv(EnvContract):
    @pytest.fixture
    def env(self):
        return FakeEnv()


class TestSteadyPolicy(PolicyContract):
    @pytest.fixture
    def policy(self):
        class Steady:
            def act(self, observation, instruction):
                return ActionChunk(np.repeat(observation.joints[None], 3, axis=0), instruction)

        return Steady()

    @pytest.fixture
    def observation(self):
        return Observation({camera: np.zeros((6, 8, 3), np.uint8) for camera in CAMERAS}, np.ones(14, np.float32))


def test_every_row_is_held_for_two_control_steps():
    steps = list(run(CountingPolicy(3), FakeEnv(), "go", max_steps=8))
    assert [step.row for step in steps] == [0, 0, 1, 1, 2, 2, 0, 0]
    assert [step.target[0] for step in steps] == [0, 0, 1, 1, 2, 2, 100, 100]
    assert [step.index for step in steps] == list(range(8))


def test_the_policy_is_asked_again_after_the_rows_that_were_to_be_carried_out():
    steps = list(run(CountingPolicy(5), FakeEnv(), "go", replan_after=2, max_steps=8))
    assert [step.chunk_index for step in steps] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_policy_may_say_itself_how_many_rows_to_carry_out():
    policy = CountingPolicy(5)
    policy.replan_after = 1
    assert [step.row for step in run(policy, FakeEnv(), "go", max_steps=6)] == [0] * 6


def test_pictures_are_drawn_only_when_a_chunk_is_due():
    env = FakeEnv()
    steps = list(run(CountingPolicy(5), env, "go", max_steps=30))
    assert env.drawn == [0, 10, 20]
    assert [step.index for step in steps if step.chunk is not None] == env.drawn
    assert set(steps[0].observation.images) == set(CAMERAS)


def test_a_policy_that_needs_no_pictures_gets_none():
    env = FakeEnv()
    list(run(CountingPolicy(5), env, "go", max_steps=30, cameras=()))
    assert env.drawn == []


def test_a_step_tells_the_joints_before_and_the_score_after_it():
    first, second, third = list(run(CountingPolicy(3), FakeEnv(succeeds_at=2), "go", max_steps=3))
    assert [first.joints[0], second.joints[0], third.joints[0]] == [0, 0, 0]
    assert [first.score.success, second.score.success] == [False, True]
    assert second.time == pytest.approx(0.02)


def test_a_rollout_ends_when_success_has_lasted_half_a_second():
    steps = list(run(CountingPolicy(25), FakeEnv(succeeds_at=10), "go"))
    assert len(steps) == 10 + SETTLING_STEPS
    assert steps[-1].score.success


def test_a_success_that_is_lost_again_does_not_end_it():
    env = FakeEnv(succeeds_at=10, lasts=5)
    steps = list(run(CountingPolicy(25), env, "go"))
    assert len(steps) == env.max_steps
    assert not steps[-1].score.success


def test_an_instruction_that_is_changed_meanwhile_counts_from_the_next_chunk():
    env, policy, words = FakeEnv(), CountingPolicy(5), ["put the corn into the pot"]
    for step in run(policy, env, lambda: words[-1], max_steps=20):
        if step.index == 3:
            words.append("put the green pepper into the pot")
    assert [instruction for _, instruction in policy.asked] == words
    assert env.assigned == words


class Whim:
    """A guide whose mind is changed from outside."""

    def __init__(self, *manner, **more):
        self.now, self.interrupted = Manner(*manner, **more), False

    def manner(self):
        self.interrupted = False
        return self.now

    def interrupts(self):
        return self.interrupted


def test_a_guide_can_have_the_policy_look_again_at_once():
    policy, guide = CountingPolicy(5), Whim("one")
    rows = []
    for step in run(policy, FakeEnv(), guide, max_steps=10):
        rows.append((step.chunk_index, step.row))
        if step.index == 2:
            guide.now, guide.interrupted = Manner("two"), True
    assert rows[:6] == [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 0)]
    assert [instruction for _, instruction in policy.asked] == ["one", "two"]


def test_a_guide_says_before_every_chunk_how_many_rows_to_carry_out():
    guide = Whim("go", replan_after=1)
    lengths = {}
    for step in run(CountingPolicy(5), FakeEnv(), guide, max_steps=12):
        lengths[step.chunk_index] = lengths.get(step.chunk_index, 0) + 1
        guide.now = Manner("go", replan_after=3)
    assert list(lengths.values()) == [2, 6, 4]


def test_ensembling_blends_rows_of_chunks_that_overlap():
    steps = list(run(CountingPolicy(4), FakeEnv(), Whim("go", replan_after=2, ensemble=True), max_steps=8))
    applied = [float(step.target[0]) for step in steps[::2]]
    assert applied[:2] == [0, 1]
    weights = np.exp(-0.01 * np.arange(2))
    assert applied[2] == pytest.approx(np.average([2, 100], weights=weights), rel=1e-5)


def test_ensembling_never_blends_what_was_predicted_under_other_words():
    guide = Whim("one", replan_after=2, ensemble=True)
    applied = []
    for step in run(CountingPolicy(4), FakeEnv(), guide, max_steps=8):
        applied.append(float(step.target[0]))
        guide.now = Manner("two", replan_after=2, ensemble=True)
    assert applied[::2] == [0, 1, 100, 101]


def test_a_step_tells_how_long_the_policy_will_not_look():
    steps = list(run(CountingPolicy(5), FakeEnv(), "go", replan_after=2, max_steps=8))
    assert [step.steps_to_replan for step in steps] == [3, 2, 1, 0, 3, 2, 1, 0]


def test_latency_is_told_for_policy_and_pictures():
    first = next(run(CountingPolicy(5), FakeEnv(), "go"))
    assert first.chunk.latency_ms["total"] >= 0
    assert first.chunk.latency_ms["render"] >= 0


@pytest.mark.parametrize("targets", [np.zeros((0, 14)), np.zeros((5, 7)), np.full((5, 14), np.nan), np.zeros(14)])
def test_a_chunk_that_cannot_be_carried_out_is_refused(targets):
    class Broken:
        def act(self, observation, instruction):
            return ActionChunk(targets, instruction)

    with pytest.raises(InvalidChunk, match="k >= 1"):
        next(run(Broken(), FakeEnv(), "go"))


def test_a_take_holds_the_state_before_every_step():
    env = FakeEnv(succeeds_at=3)
    take = Take(env, seed=7)
    for step in run(CountingPolicy(5), env, "put the corn into the pot", max_steps=12):
        take.add(step)
    episode = take.episode()
    assert episode.length == 12
    assert episode.states[:, 0].tolist() == list(range(12))
    assert np.array_equal(episode.qpos, episode.states[:, 1:].astype(np.float32))
    assert (episode.seed, episode.success, episode.instruction) == (7, True, "put the corn into the pot")
