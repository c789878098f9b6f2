"""Each policy is loaded once and lent to all; of large ones, only one stays when nobody runs it."""

import gc
import threading
import weakref
from pathlib import Path

import pytest

from oft_demo.errors import InvalidData, UnknownName
from oft_demo.policy_sources import FilmOff, Remote, Saved
from oft_demo.serve import ServerLost
from oft_demo.studio.request import Request
from oft_demo.studio.shelf import EXPERT, Shelf

RED = Request("put_x_into_pot", 7, "put the red pepper into the pot")
URL = "http://127.0.0.1:8777"


def never():
    return False


def ignore(news):
    pass


@pytest.fixture
def loads(toy):
    """A shelf that counts how often each name was loaded; a name in `gates` waits there."""

    class Counting(Shelf):
        def __init__(self):
            self.loaded, self.gates = [], {}
            super().__init__(toy.Sources(), self.open)

        def open(self, source, known=None):
            self.loaded.append(source.name)
            yield "1.0 of 2.0 GB, model"
            if source.name in self.gates:
                self.gates[source.name].wait(5)
            return (yield from toy.load(source, known))

    return Counting()


def use(shelf, name):
    with shelf.lend(name, never, ignore) as policy:
        return policy


def test_a_policy_is_loaded_once(loads):
    assert use(loads, "quick") is use(loads, "quick")
    assert loads.loaded == ["quick"]


def test_the_list_ends_with_the_expert_that_needs_no_loading(loads):
    assert loads.names() == ("quick", "slow", "large", "larger", EXPERT)
    assert use(loads, EXPERT).card.title.startswith("expert")
    assert use(loads, "expert").name == "expert"
    assert loads.loaded == []


def test_a_policy_in_memory_does_not_wait_for_another_that_is_being_loaded(loads):
    use(loads, "quick")
    gate = loads.gates["large"] = threading.Event()
    told = []
    waiting = threading.Thread(target=lambda: loads.lend("large", never, told.append).__enter__())
    waiting.start()
    while not any("1.0 of 2.0 GB" in text for text in told):
        assert waiting.is_alive()
    assert use(loads, "quick").name == "quick"
    assert use(loads, "slow").name == "slow"
    gate.set()
    waiting.join(5)
    assert told[-1].startswith("Loading large: ")


def test_an_official_policy_that_nobody_runs_makes_room_for_the_next(loads):
    first = weakref.ref(use(loads, "large").policy)
    use(loads, "larger")
    gc.collect()
    assert first() is None
    use(loads, "larger")
    use(loads, "large")
    assert loads.loaded == ["large", "larger", "large"]


def test_an_official_policy_that_somebody_runs_stays(loads):
    with loads.lend("large", never, ignore) as running:
        use(loads, "larger")
        assert use(loads, "large") is running
    assert use(loads, "large") is running
    assert loads.loaded == ["large", "larger"]
    use(loads, "larger")  # was dropped when the other one came back
    assert loads.loaded == ["large", "larger", "larger"]


def test_bundled_policies_stay_whatever_else_is_loaded(loads):
    first = use(loads, "quick")
    for name in ("slow", "large", "larger"):
        use(loads, name)
    assert use(loads, "quick") is first


def test_a_policy_and_the_same_with_film_off_are_loaded_apart(toy):
    class Filmed(toy.Sources):
        def find(self, name):
            return FilmOff(Saved("quick", Path("quick"))) if name == "quick:film-off" else super().find(name)

    shelf = Shelf(Filmed(), toy.load)
    trained, off = use(shelf, "quick"), use(shelf, "quick:film-off")
    assert trained.policy is not off.policy
    assert (trained.name, off.name) == ("quick", "quick:film-off")
    assert use(shelf, "quick") is trained
    assert use(shelf, "quick:film-off") is off


def test_a_large_policy_with_film_off_is_large_too(toy):
    class Filmed(toy.Sources):
        def find(self, name):
            return FilmOff(super().find(name.removesuffix(":film-off"))) if name.endswith("off") else super().find(name)

    shelf = Shelf(Filmed(), toy.load)
    off = weakref.ref(use(shelf, "large:film-off").policy)
    use(shelf, "large")
    gc.collect()
    assert off() is None


def test_a_server_is_let_go_when_nobody_uses_it(loads):
    with loads.lend(URL, never, ignore) as first, loads.lend(URL, never, ignore) as second:
        assert first is second
    assert first.closed
    with loads.lend(URL, never, ignore) as third:
        assert third is not first
        assert not third.closed


def test_what_was_known_of_a_server_is_remembered(loads, toy):
    known_before = []

    def load(source, known=None):
        known_before.append(known)
        return (yield from toy.load(source, known))

    shelf = Shelf(toy.Sources(), load)
    first = use(shelf, URL)
    use(shelf, URL)
    assert known_before == [None, first]


def test_a_server_that_was_lost_is_reached_anew_even_while_another_visitor_holds_it(loads, toy):
    with loads.lend(URL, never, ignore) as lost:
        lost.policy.act = _raising(ServerLost(URL, "connection refused"))
        with pytest.raises(ServerLost):
            lost.player(toy.Env("put_x_into_pot"), RED).policy.act(None, "put")
        with loads.lend(URL, never, ignore) as anew:
            assert anew is not lost
        assert not lost.closed
    assert lost.closed


def test_what_cannot_be_loaded_is_tried_again_the_next_time(toy):
    tries = []

    def load(source, known=None):
        tries.append(source)
        yield "reading"
        if len(tries) == 1:
            raise InvalidData("damaged")
        return (yield from toy.load(source))

    shelf = Shelf(toy.Sources(), load)
    with pytest.raises(InvalidData, match="damaged"):
        use(shelf, "quick")
    assert use(shelf, "quick").name == "quick"


def test_names_are_checked_before_anything_is_loaded(loads):
    for name in ("nobody", "../quick", "/etc", ""):
        with pytest.raises(UnknownName, match="quick"):
            use(loads, name)
    assert loads.find(f" {URL}/ ") == Remote(URL)
    assert loads.loaded == []


def _raising(error):
    def act(observation, instruction):
        raise error

    return act
