"""Work that several visitors wait for is done once, and given up when nobody waits any longer."""

import gc
import threading
import time
import weakref

import pytest

from oft_demo.errors import InvalidData
from oft_demo.studio import lending
from oft_demo.studio.lending import Loading, LoadingStopped


class Large:
    """Something whose memory is missed."""


def never():
    return False


def ignore(news):
    pass


def waiting(loading, stopped=never, tell=ignore):
    """A thread that waits, and what came of it."""
    came = []

    def wait():
        try:
            came.append(loading.wait(stopped, tell))
        except Exception as error:
            came.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, came


def test_all_who_wait_get_the_one_result():
    begun, go = [], threading.Event()

    def steps():
        begun.append(1)
        yield "working"
        go.wait(5)
        return "result"

    loading = Loading("x", steps(), lambda loading: None)
    waiters = [waiting(loading) for _ in range(3)]
    loading.start()
    go.set()
    for thread, _ in waiters:
        thread.join(5)
    assert [came for _, came in waiters] == [["result"]] * 3
    assert begun == [1]


def test_those_who_wait_hear_what_is_done():
    told, heard = [], threading.Event()

    def steps():
        yield "1 of 2 GB"
        heard.wait(5)
        return "result"

    def tell(news):
        told.append(news)
        if news:
            heard.set()

    loading = Loading("x", steps(), lambda loading: None)
    loading.start()
    assert loading.wait(never, tell) == "result"
    assert "1 of 2 GB" in told


def test_what_nobody_waits_for_is_closed_and_its_memory_given_back():
    closed, ended, held = threading.Event(), threading.Event(), []

    def steps():
        large = Large()
        held.append(weakref.ref(large))
        try:
            while True:
                time.sleep(0.001)
                yield "working"
        finally:
            closed.set()

    loading = Loading("x", steps(), lambda loading: ended.set())
    loading.start()
    with pytest.raises(LoadingStopped, match="x was stopped"):
        loading.wait(lambda: bool(held), ignore)
    assert closed.wait(5)
    assert ended.wait(5)
    del loading
    gc.collect()
    assert held[0]() is None


def test_one_who_stops_waiting_does_not_stop_it_for_another(monkeypatch):
    rounds, heard = [], threading.Event()

    def steps():
        while len(rounds) < 100:
            time.sleep(0.001)
            rounds.append(1)
            yield "working"
            heard.wait(5)
        return "result"

    loading = Loading("x", steps(), lambda loading: None)
    patient, came = waiting(loading)
    loading.start()
    while not rounds:
        assert patient.is_alive()
    monkeypatch.setattr(lending, "GRACE_SECONDS", 0.0)
    with pytest.raises(LoadingStopped):
        loading.wait(lambda: True, ignore)
    heard.set()
    patient.join(5)
    assert came == ["result"]


def test_an_error_reaches_all_who_wait_and_keeps_nothing_in_memory():
    held = []

    def steps():
        large = Large()
        held.append(weakref.ref(large))
        yield "working"
        raise InvalidData("damaged")

    loading = Loading("x", steps(), lambda loading: None)
    waiters = [waiting(loading) for _ in range(2)]
    loading.start()
    for thread, came in waiters:
        thread.join(5)
        assert str(came[0]) == "damaged"
    gc.collect()
    assert held[0]() is None
