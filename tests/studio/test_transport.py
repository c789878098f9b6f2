"""The controls of a rollout, turned while it goes on."""

import threading

import numpy as np
import pytest

from oft_demo.rollout import Manner, run
from oft_demo.studio.transport import Heard, Transport
from oft_demo.types import ActionChunk, Observation, Score


class Env:
    """Counts steps; nothing else happens."""

    max_steps = 40

    def __init__(self):
        self.steps = 0

    def assign(self, instruction):
        pass

    def observe(self, cameras=()):
        return Observation({}, np.zeros(14, np.float32), self.steps / 50)

    def apply(self, target, dt):
        self.steps += 1

    def score(self):
        return Score(0.0, "not started", False)


class Policy:
    """Five rows; remembers how it was asked."""

    def __init__(self):
        self.asked = []

    def act(self, observation, instruction):
        self.asked.append(instruction)
        return ActionChunk(np.zeros((5, 14), np.float32), instruction)


@pytest.fixture
def policy():
    return Policy()


def driven(policy, transport, on_step=lambda step: None, limit=40):
    """Run to the end, or to the first pause; returns the steps."""
    steps = []
    for step in run(policy, Env(), transport, max_steps=limit):
        steps.append(step)
        on_step(step)
        transport.after(step)
        if transport.paused:
            break
    return steps


def test_one_row_is_two_control_steps_and_then_a_pause(policy):
    transport = Transport(Manner("go"))
    transport.turn("row")
    assert len(driven(policy, transport)) == 2


@pytest.mark.parametrize(("rows", "steps"), [(None, 10), (3, 6)])
def test_one_chunk_is_as_many_rows_as_are_carried_out(policy, rows, steps):
    transport = Transport(Manner("go", rows))
    transport.turn("chunk")
    assert len(driven(policy, transport)) == steps
    assert len(policy.asked) == 1


def test_a_policy_of_its_own_mind_about_rows_is_obeyed_unless_told_otherwise(policy):
    transport = Transport(Manner("go"), own_rows=2)
    assert [step.chunk_index for step in driven(policy, transport, limit=8)] == [0] * 4 + [1] * 4
    transport.set(4, ensemble=False)
    assert transport.manner().replan_after == 4


def test_new_words_wait_for_the_next_chunk(policy):
    transport = Transport(Manner("one"))
    steps = driven(policy, transport, lambda step: transport.say("two") if step.index == 3 else None, limit=20)
    assert policy.asked == ["one", "two"]
    assert [step.chunk_index for step in steps] == [0] * 10 + [1] * 10


def test_new_words_that_are_urgent_end_the_chunk_at_the_next_row(policy):
    transport = Transport(Manner("one"))
    steps = driven(policy, transport, lambda step: transport.say("two", True) if step.index == 3 else None, limit=20)
    assert policy.asked[:2] == ["one", "two"]
    assert [step.chunk_index for step in steps][:5] == [0, 0, 0, 0, 1]


def test_what_was_heard_can_be_played_again_exactly():
    first, policy = Transport(Manner("one")), Policy()

    def interrupt(step):
        if step.index == 5:
            first.say("two", at_once=True)
        if step.index == 20:
            first.set(2, ensemble=True)

    told = [step.chunk_index for step in driven(policy, first, interrupt)]
    assert [heard.step for heard in first.heard[:2]] == [0, 6]
    repeated, other = Transport(Manner("one"), script=tuple(first.heard[1:])), Policy()
    assert [step.chunk_index for step in driven(other, repeated)] == told
    assert other.asked == policy.asked
    assert repeated.heard == first.heard


def test_whoever_speaks_takes_over_from_the_script(policy):
    transport = Transport(Manner("one"), script=(Heard(10, Manner("scripted")),))
    driven(policy, transport, lambda step: transport.say("mine") if step.index == 0 else None, limit=30)
    assert policy.asked == ["one", "mine", "mine"]


def test_a_pause_lasts_until_play_and_is_announced_once():
    transport, announced, held = Transport(Manner("go")), [], []
    transport.turn("pause")
    waiting = threading.Thread(
        target=lambda: held.append(transport.hold(lambda: False, lambda: announced.append(1))), daemon=True
    )
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    transport.turn("play")
    waiting.join(5)
    assert (announced, held) == ([1], [True])


def test_a_pause_ends_when_the_run_is_stopped():
    transport = Transport(Manner("go"))
    transport.turn("pause")
    assert transport.hold(lambda: True, lambda: None)
    transport.turn("play")
    assert not transport.hold(lambda: True, lambda: None)
