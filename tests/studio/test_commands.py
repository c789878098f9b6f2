"""In which order a visitor's commands are carried out, and how many wait."""

import json
import threading
import time

import pytest

from oft_demo.errors import InvalidData
from oft_demo.studio.board import Data
from oft_demo.studio.commands import MAX_UNDER_WAY, MAX_WAITING, Command, Dispatcher

PATIENCE = 10.0  # [s]


@pytest.fixture
def visitor(visitors):
    return visitors.get("one")


@pytest.fixture
def dispatched(visitor):
    """Gives a function that sends some commands of one kind."""

    def send(handle, count, **kind):
        dispatcher = Dispatcher(None, visitor, {"it": Command(handle, "episodes", **kind)})
        for number in range(count):
            dispatcher.take(json.dumps({"do": "it", "number": number, "page": "episodes"}))

    return send


@pytest.mark.parametrize(("kind", "most"), [({}, MAX_UNDER_WAY), ({"in_order": True}, MAX_WAITING + 1)])
def test_a_flood_of_commands_is_bounded(visitor, dispatched, kind, most):
    begun, held = [], threading.Event()

    def slow(studio, visitor, message):
        begun.append(message)
        held.wait(PATIENCE)

    dispatched(slow, most + 5, **kind)
    status = visitor.board.content("episodes-status").html
    held.set()
    assert "Too much at once" in status
    assert len(begun) <= most


def test_edits_are_done_in_the_order_in_which_they_came_and_the_page_hears_of_each(visitor, dispatched):
    done, all_done = [], threading.Event()

    def edit(studio, visitor, message):
        time.sleep(0.02 / (1 + message["number"]))  # the later ones would be faster
        done.append(message["number"])
        if message["number"] == 3:
            raise InvalidData("This edit makes no sense.")
        if message["number"] == 9:
            all_done.set()

    dispatched(edit, 10, in_order=True)
    assert all_done.wait(PATIENCE)
    assert done == list(range(10))
    assert "makes no sense" in visitor.board.content("episodes-status").html
    heard_by = time.monotonic() + PATIENCE
    while visitor.board.content("episodes-heard") != Data.of({"number": 9}) and time.monotonic() < heard_by:
        time.sleep(0.01)
    assert visitor.board.content("episodes-heard") == Data.of({"number": 9})
