"""Visitors have simulations of their own, and seats come back."""

import threading

import pytest

from oft_demo.errors import SeatsTaken


def test_two_visitors_never_share_a_simulation(visitors):
    one, other = visitors.get("one"), visitors.get("other")
    assert one.env("put_x_into_pot") is not other.env("put_x_into_pot")
    assert one.env("put_x_into_pot") is one.env("put_x_into_pot")
    assert one.env("put_x_into_pot", "a") is not one.env("put_x_into_pot", "b")


def test_another_task_closes_the_simulation_of_the_last(visitors):
    visitor = visitors.get("one")
    first = visitor.env("put_x_into_pot")
    assert visitor.env("transfer_cube").task == "transfer_cube"
    assert first.closed


def test_a_visitor_too_many_is_told_so_until_a_seat_is_free(visitors):
    for session in ("one", "two"):
        visitors.get(session).env("put_x_into_pot")
    with pytest.raises(SeatsTaken, match="2 simulation seats"):
        visitors.get("three").env("put_x_into_pot")
    visitors.release("one")
    assert visitors.get("three").env("put_x_into_pot")


def test_leaving_closes_simulations_and_stops_what_runs(visitors):
    visitor = visitors.get("one")
    started, ended = threading.Event(), threading.Event()

    def work():
        with visitor.activity() as activity:
            visitor.env("put_x_into_pot")
            started.set()
            while not activity.stopped:
                ended.wait(0.001)
            ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(2)
    env = visitor.env("put_x_into_pot")
    visitors.release("one")
    thread.join(2)
    assert ended.is_set()
    assert env.closed


def test_a_new_activity_stops_the_one_before(visitors):
    visitor = visitors.get("one")
    with visitor.activity() as first:
        visitor.stop()
        assert first.stopped
    with visitor.activity() as second:
        assert not second.stopped


def test_idle_seats_are_given_back_and_closed_pages_forgotten(visitors, monkeypatch):
    visitor = visitors.get("one")
    env = visitor.env("put_x_into_pot")
    monkeypatch.setattr("oft_demo.studio.visitors.GONE_SECONDS", -1.0)
    visitors.release_idle()
    assert env.closed
    assert visitors.by_ticket(visitor.ticket) is None


def test_a_page_that_is_open_but_idle_keeps_its_ticket_and_loses_its_simulation(visitors):
    visitor = visitors.get("one")
    env = visitor.env("put_x_into_pot")
    visitor.last_seen -= 10_000
    visitors.release_idle()
    assert env.closed
    assert visitors.by_ticket(visitor.ticket) is visitor
    assert visitor.env("put_x_into_pot") is not env


def test_tickets_differ_and_only_the_right_one_opens(visitors):
    one, other = visitors.get("one"), visitors.get("other")
    assert one.ticket != other.ticket
    assert visitors.by_ticket(one.ticket) is one
    assert visitors.by_ticket("") is None
    assert visitors.by_ticket("täg") is None


def test_a_preparation_stops_nothing_and_gives_way_to_everything(visitors):
    visitor = visitors.get("one")
    with visitor.activity() as activity, visitor.preparation("run") as refused:
        assert refused.superseded
        assert not activity.stopped
    with visitor.preparation("run") as first:
        with visitor.preparation("compare-a") as other:
            assert not first.stopped
        with visitor.preparation("run") as second:
            assert first.superseded
            assert not other.stopped
            with visitor.activity():
                assert second.superseded


def test_a_brief_activity_leaves_preparations_alone(visitors):
    visitor = visitors.get("one")
    with visitor.preparation("run") as loading:
        with visitor.activity(brief=True), visitor.preparation("record") as another:
            assert not another.stopped
        assert not loading.stopped


def test_stop_ends_preparations_and_takes_the_place_of_nothing(visitors):
    visitor, said = visitors.get("one"), []
    with visitor.preparation("run") as loading:
        visitor.stop()
        assert loading.stopped
        visitor.while_wanted(loading, lambda: said.append("stopped"))
        with visitor.activity():
            visitor.while_wanted(loading, lambda: said.append("too late"))
    assert said == ["stopped"]
