"""The pace of a rollout, on a clock of its own."""

from itertools import pairwise

import pytest

from oft_demo.studio.pace import Pace


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def paced(clock, speed=1.0):
    return Pace(speed, clock, clock.sleep)


def test_a_fast_simulation_waits_for_real_time(clock):
    pace = paced(clock)
    for step in range(1, 51):
        clock.now += 0.005
        pace.wait(step * 0.02)
    assert clock.now == pytest.approx(1.0)
    assert pace.factor == pytest.approx(1.0)
    assert pace.possible_factor == pytest.approx(4.0)


@pytest.mark.parametrize("speed", [0.25, 2.0])
def test_another_speed_stretches_time(clock, speed):
    pace = paced(clock, speed)
    for step in range(1, 51):
        pace.wait(step * 0.02)
    assert clock.now == pytest.approx(1.0 / speed)
    assert pace.factor == pytest.approx(speed)


def test_a_speed_that_changes_on_the_way_counts_from_there(clock):
    pace = paced(clock)
    pace.wait(1.0, 1.0)
    pace.wait(1.0, 0.5)
    pace.wait(2.0, 0.5)
    assert clock.now == pytest.approx(3.0)


def test_a_short_delay_is_caught_up_and_a_long_one_forgotten(clock):
    pace = paced(clock)
    clock.now = 0.1
    pace.wait(0.02)
    assert clock.now == pytest.approx(0.1)
    pace.wait(0.2)
    assert clock.now == pytest.approx(0.2)
    clock.now = 5.0
    for step in range(11, 110):
        pace.wait(step * 0.02)
    assert clock.now > 6.0


def test_stamps_stay_even_while_the_simulation_catches_up(clock):
    pace = paced(clock)
    stamps = []
    for step in range(1, 20):
        clock.now += 0.06 if step == 7 else 0.001  # a policy that thinks
        pace.wait(step * 0.02)
        stamps.append(pace.stamp)
    gaps = [after - before for before, after in pairwise(stamps)]
    assert gaps == pytest.approx([0.02] * len(gaps))


def test_news_come_evenly_in_the_visitors_time(clock):
    for speed, expected in ((1.0, 25), (0.25, 25), (4.0, 25)):
        pace = paced(clock, speed)
        due = sum(pace.news_due(step * 0.005 * speed) for step in range(200))
        assert due == pytest.approx(expected, abs=2)


def test_a_pause_counts_for_nothing(clock):
    pace = paced(clock)
    pace.wait(1.0)
    pace.pause()
    clock.now += 60
    assert pace.factor == pytest.approx(1.0)
    pace.resume()
    pace.wait(2.0)
    assert pace.factor == pytest.approx(1.0)
    assert clock.now == pytest.approx(62.0)
