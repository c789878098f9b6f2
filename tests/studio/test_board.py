"""The board keeps the latest content of every slot and tells its readers."""

import asyncio
import json

from oft_demo.studio.board import Board, Figure, Markup, Picture, encoded


async def _take(board, count):
    changes = board.changes()
    taken = [await asyncio.wait_for(anext(changes), 2) for _ in range(count)]
    await changes.aclose()
    return taken


def test_a_new_reader_gets_everything_once_and_in_order():
    board = Board()
    board.post("a", Markup("1"))
    board.post("b", Markup("2"))
    board.post("a", Markup("3"))
    assert asyncio.run(_take(board, 2)) == [("b", Markup("2")), ("a", Markup("3"))]


def test_a_waiting_reader_is_woken_from_another_thread():
    async def wait_for_one():
        board = Board()
        reading = asyncio.create_task(_take(board, 1))
        await asyncio.sleep(0.01)
        await asyncio.to_thread(board.post, "a", Markup("x"))
        return await reading

    assert asyncio.run(wait_for_one()) == [("a", Markup("x"))]


def test_content_that_is_already_there_is_not_sent_again():
    async def read():
        board = Board()
        board.post("a", Markup("x"))
        changes = board.changes()
        await anext(changes)
        board.post("a", Markup("x"))
        board.post("b", Markup("y"))
        return await asyncio.wait_for(anext(changes), 2)

    assert asyncio.run(read()) == ("b", Markup("y"))


def test_a_board_knows_whether_it_is_watched():
    async def read():
        board = Board()
        board.post("a", Markup("x"))
        changes = board.changes()
        await anext(changes)
        watched = board.unwatched_seconds
        await changes.aclose()
        return watched, board.unwatched_seconds

    watched, left = asyncio.run(read())
    assert watched == 0
    assert left > 0


def test_pictures_travel_as_bytes_and_the_rest_as_json():
    assert encoded("view", Picture(b"jpeg")) == b"\x04viewjpeg"
    assert json.loads(encoded("s", Markup('<b>"x"</b>'))) == {"slot": "s", "html": '<b>"x"</b>'}
    assert json.loads(encoded("s", Figure('{"data": []}'))) == {"slot": "s", "figure": {"data": []}}
