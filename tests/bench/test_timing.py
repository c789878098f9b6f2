"""What is compared takes turns."""

from oft_demo.bench.timing import Entrant, median_seconds, taking_turns


def test_every_entrant_warms_up_and_then_takes_turns():
    calls = []
    taking_turns([(name, Entrant(lambda name=name: calls.append(name))) for name in "ab"], 3)
    assert calls == ["a", "b"] * 4


def test_a_slow_entrant_takes_part_seldom():
    calls = []
    works = [("a", Entrant(lambda: calls.append("a"))), ("b", Entrant(lambda: calls.append("b"), every=2))]
    taking_turns(works, 4)
    assert "".join(calls) == "ab" + "ab" + "a" + "ab" + "a"


def test_medians_are_by_the_clock_that_is_given():
    times = iter([5.0, 1.0, 3.0])
    found = median_seconds(lambda: None, 3, clock=lambda work: next(times), warm_ups=0)
    assert found == 3.0


def test_each_entrant_has_its_own_median():
    times = iter([1.0, 10.0, 3.0, 30.0, 2.0, 20.0])
    found = taking_turns([("a", Entrant(int)), ("b", Entrant(int))], 3, clock=lambda work: next(times))
    assert found == {"a": 2.0, "b": 20.0}
