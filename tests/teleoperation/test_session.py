"""A take in which a person, a policy and the expert have the arms in turn."""

import numpy as np
import pytest

from oft_demo import sim
from oft_demo.recording.recorder import Recorder
from oft_demo.teleoperation.driver import HumanDriver
from oft_demo.teleoperation.inputs import HandsInput
from oft_demo.teleoperation.session import Actor, NothingToRewind, Session
from oft_demo.types import SOURCES, ActionChunk

IDLE = HandsInput.from_message({})
UP = HandsInput.from_message({"left": {"move": [0, 0, 1]}})
HUMAN, EXPERT, POLICY = (SOURCES.index(name) for name in ("human", "expert", "policy"))
LARGEST_STEP = 0.12  # [rad] of a joint in a control step: 6 rad/s


class Elsewhere:
    """A policy that wants the arms at one place, far from where they are."""

    replan_after = None

    def act(self, observation, instruction):
        targets = np.tile(np.array([0.5, -0.5, 0.8, 0.2, -0.2, 0.3, 1.0] * 2, np.float32), (25, 1))
        return ActionChunk(targets, instruction)


@pytest.fixture
def env():
    env = sim.make_env("put_x_into_pot")
    env.reset(20000)
    yield env
    env.close()


@pytest.fixture
def session(env, tmp_path):
    return Session(env, HumanDriver(env), Recorder(env, tmp_path, seed=20000))


def expert(env):
    return Actor("expert", sim.make_expert(env, 20000), "expert", sees=False)


def ticks(session, given, count):
    return [session.tick(given) for _ in range(count)]


def test_the_expert_does_the_rest_after_a_person(env, session):
    ticks(session, UP, 30)
    session.hand_to(expert(env))
    while session.tick(IDLE) is not None:
        pass
    assert session.last.score.success
    assert session.source == "human"  # the arms are the person's again
    assert [source for _, source in session.runs] == [HUMAN, EXPERT]


def test_a_touch_takes_the_arms_away_without_a_jump(env, session):
    session.hand_to(expert(env))
    ticks(session, IDLE, 60)
    before = env.commanded()
    step = session.tick(UP)
    assert step.source == "human"
    assert np.abs(step.target - before).max() < 0.02
    assert session.actor is None


def test_a_policy_begins_where_the_arms_are_commanded_to_be(env, session):
    ticks(session, UP, 20)
    before = env.commanded()
    session.hand_to(Actor("elsewhere", Elsewhere(), "policy", sees=False))
    targets = np.stack([before, *(step.target for step in ticks(session, IDLE, 40))])
    arms = [column for column in range(14) if column not in (6, 13)]
    assert np.abs(np.diff(targets, axis=0))[:, arms].max() < LARGEST_STEP
    assert np.abs(targets[-1] - Elsewhere().act(None, "").targets[-1]).max() < 1e-3  # it gets its way in the end


def test_every_step_knows_who_did_it(env, session):
    ticks(session, UP, 10)
    session.hand_to(expert(env))
    ticks(session, IDLE, 20)
    ticks(session, UP, 5)
    session.hand_to(Actor("elsewhere", Elsewhere(), "policy", sees=False))
    ticks(session, IDLE, 7)
    episode = session._recorder.episode()
    assert episode.sources.tolist() == [HUMAN] * 10 + [EXPERT] * 20 + [HUMAN] * 5 + [POLICY] * 7
    assert episode.source == "human"
    assert [event.kind for event in episode.events] == ["hand_back", "take_over", "hand_back"]
    assert [event.step for event in episode.events] == [10, 30, 35]


def test_a_rewind_goes_back_to_the_very_state(env, session):
    ticks(session, UP, 25)
    state = env.state()
    ticks(session, UP, 25)
    session.rewind(25, keep=False)
    assert np.array_equal(env.state(), state)
    assert session.length == 25
    again = session.tick(UP)
    assert again.index == 25


def test_a_rewind_to_a_chunk_goes_to_where_it_began(env, session):
    session.hand_to(expert(env))
    ticks(session, IDLE, 70)  # chunks of 50 control steps
    assert session.chunk_back() == 50
    session.rewind(session.chunk_back(), keep=False)
    assert session.chunk_back() == 0
    assert session.runs == [(0, EXPERT)]


def test_nothing_can_be_rewound_at_the_beginning(session):
    with pytest.raises(NothingToRewind, match="beginning"):
        session.rewind(0, keep=True)


def test_chunks_are_numbered_through_hand_overs(env, session):
    session.hand_to(expert(env))
    ticks(session, IDLE, 60)
    ticks(session, UP, 5)
    session.hand_to(expert(env))
    last = ticks(session, IDLE, 3)[-1]
    assert last.chunk_index == 2
    assert session.chunks == [0, 50, 65]


def test_other_words_are_scored_from_then_on(env, session):
    ticks(session, UP, 5)
    session.say("put the yellow corn into the pot")
    ticks(session, UP, 5)
    episode = session._recorder.episode()
    assert episode.instruction == "put the yellow corn into the pot"
    assert episode.named_object == "yellow corn"
