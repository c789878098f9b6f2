"""The pace of a rollout, on a clock of its own."""

from oft_demo.studio.pace import Pace


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_a_fast_simulation_waits_for_real_time():
    clock = Clock()
    pace = Pace(clock, clock.sleep)
    for step in range(1, 51):
        clock.now += 0.005
        pace.wait(step * 0.02)
    assert abs(clock.now - 1.0) < 1e-6
    assert abs(pace.factor - 1.0) < 1e-6
    assert abs(pace.possible_factor - 4.0) < 1e-6


def test_a_long_delay_is_forgotten_rather_than_caught_up():
    clock = Clock()
    pace = Pace(clock, clock.sleep)
    clock.now = 5.0
    pace.wait(0.02)
    for step in range(2, 100):
        pace.wait(step * 0.02)
    assert clock.now > 6.0


def test_a_late_simulation_draws_fewer_pictures():
    def pictures(step_time):
        clock = Clock()
        pace = Pace(clock, clock.sleep)
        count = 0
        while clock.now < 10:
            clock.now += step_time
            count += pace.picture_due()
            pace.wait(clock.now if step_time < 0.02 else clock.now / 5)
        return count

    assert pictures(0.01) > 1.5 * pictures(0.03)
