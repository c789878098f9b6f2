"""A take that a visitor drives, without a browser."""

import threading
import time

import numpy as np
import pytest

from oft_demo.policy_card import expert_card
from oft_demo.recording.recorder import Recorder
from oft_demo.sim import make_env, make_expert
from oft_demo.studio.live_take import LiveTake
from oft_demo.studio.players import Player
from oft_demo.studio.request import Request
from oft_demo.studio.visitors import Visitors
from oft_demo.teleoperation.inputs import HandsInput
from oft_demo.types import ActionChunk

UP = HandsInput.from_message({"left": {"move": [0, 0, 1]}})
IDLE = HandsInput.from_message({})
PATIENCE = 20.0  # [s]


class Slow:
    """A policy that thinks for a while and then stays where it is."""

    def __init__(self):
        self.thinking = threading.Event()

    def act(self, observation, instruction):
        self.thinking.set()
        time.sleep(0.5)
        return ActionChunk(np.tile(observation.joints, (25, 1)), instruction)


@pytest.fixture
def visitor():
    visitors = Visitors(1, 600, lambda task: make_env(task, image_size=(48, 64)))
    yield visitors.get("somebody")
    visitors.close()


@pytest.fixture
def take(visitor, tmp_path):
    """A take whose loop runs in a thread until the test is over."""
    asked = Request("put_x_into_pot", 20000, "put the red pepper into the pot")
    ready, made = threading.Event(), []

    def work():
        with visitor.activity((asked.task, asked.seed)) as activity:
            env = visitor.env(asked.task)
            env.reset(asked.seed)
            made.append(LiveTake(visitor, activity, env, Recorder(env, tmp_path, seed=asked.seed), asked))
            ready.set()
            made[0].carry_out()
            made[0].recorder.discard()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(PATIENCE)
    until(lambda: visitor.board.content("record-take") is not None)  # its first pictures are drawn
    yield made[0]
    visitor.stop()
    thread.join(PATIENCE)


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def hold(take, given, seconds=0.3):
    until_then = time.monotonic() + seconds
    while time.monotonic() < until_then:
        take.drive(given)
        time.sleep(0.03)
    take.drive(IDLE)


def player(policy, source="policy"):
    return Player("somebody", policy, source, expert_card())


def test_a_take_begins_with_the_first_touch(take):
    time.sleep(0.2)
    assert (take.mode, take.session.length) == ("ready", 0)
    hold(take, UP)
    assert take.mode == "running"
    assert take.session.length > 0


def test_time_stands_still_while_nobody_does_anything(take):
    hold(take, UP)
    time.sleep(1.5)
    length = take.session.length
    time.sleep(0.4)
    assert take.session.length == length
    take.still = False
    until(lambda: take.session.length > length + 5)


def test_a_touch_counts_although_the_policy_was_thinking_all_the_while(take):
    policy = Slow()
    take.ask(lambda: take.hand_to(player(policy)))
    assert policy.thinking.wait(PATIENCE)
    take.drive(UP)
    take.drive(IDLE)
    until(lambda: take.session.actor is None)


def test_after_a_rewind_a_touch_goes_on(take):
    hold(take, UP, 0.8)
    until(lambda: take.session.length > 10)
    take.ask(lambda: take.rewind(5, keep=False))
    until(lambda: take.mode == "paused")
    time.sleep(0.2)
    assert take.session.length == 5
    hold(take, UP)
    until(lambda: take.session.length > 5)


def test_the_expert_ends_with_a_pause_and_a_success(take):
    expert = make_expert(take.env, 20000)
    take.ask(lambda: take.hand_to(player(expert, "expert")))
    until(lambda: take.mode == "paused")
    assert take.session.last.score.success


def test_what_goes_wrong_between_steps_is_told_and_ends_nothing(take, visitor):
    hold(take, UP)
    take.ask(lambda: take.rewind(10_000, keep=False))
    until(lambda: "beginning" in str(visitor.board.content("record-status")))
    hold(take, UP)
    assert take.mode == "running"
