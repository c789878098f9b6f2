"""A held control counts only as long as the browser keeps saying so."""

import threading

from oft_demo.teleoperation.inputs import ArmInput, HandsInput
from oft_demo.teleoperation.latch import DEADLINE, Latch

HELD = HandsInput({"left": ArmInput(grip=1.0)}, limit=0.4)


def test_nothing_is_asked_before_the_first_message():
    latch = Latch()
    assert latch.current(0.0).idle
    assert latch.touched_at is None


def test_an_input_holds_until_the_deadline_and_not_longer():
    latch = Latch()
    latch.put(HELD, 10.0)
    assert latch.current(10.0 + DEADLINE * 0.9) == HELD
    assert latch.current(10.0 + DEADLINE * 1.1).idle


def test_every_message_moves_the_deadline():
    latch = Latch()
    for tick in range(20):
        latch.put(HELD, tick * 0.05)
    assert latch.current(19 * 0.05 + 0.1) == HELD


def test_the_speed_stays_as_it_was_set_after_the_deadline():
    latch = Latch()
    latch.put(HELD, 0.0)
    assert latch.current(1.0).limit == 0.4


def test_clearing_lets_go_at_once():
    latch = Latch()
    latch.put(HELD, 0.0)
    latch.clear()
    assert latch.current(0.01).idle


def test_it_remembers_when_a_control_was_held_last():
    latch = Latch()
    latch.put(HELD, 1.0)
    latch.put(HELD, 2.0)
    latch.put(HandsInput(), 3.0)
    latch.clear()
    assert latch.touched_at == 2.0


def test_two_threads_can_use_it():
    latch, seen = Latch(), []
    writer = threading.Thread(target=lambda: [latch.put(HELD, float(second)) for second in range(2000)])
    writer.start()
    while writer.is_alive():
        seen.append(latch.current(2000.0))
    writer.join()
    assert latch.current(1999.0) == HELD
    assert all(given.idle for given in seen[:-1] if given != HELD)
