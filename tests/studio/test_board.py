"""The board keeps the latest content of every slot and tells its readers."""

import asyncio
import json

import numpy as np

from oft_demo.studio.board import Board, Data, Markup, Picture, Poses, encoded


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
    assert encoded("view", Picture(b"jpeg")) == b"\x01\x04viewjpeg"
    assert json.loads(encoded("s", Markup('<b>"x"</b>'))) == {"slot": "s", "html": '<b>"x"</b>'}
    assert json.loads(encoded("s", Data.of([1, "a"]))) == {"slot": "s", "data": [1, "a"]}


def test_poses_travel_as_floats_behind_their_header():
    message = encoded("p", Poses.of((7, 1.5, 0.25, 2), np.arange(14, dtype=np.float32).reshape(2, 7)))
    assert message[:3] == b"\x02\x01p"
    assert np.frombuffer(message[3:], "<f4").tolist() == [7, 1.5, 0.25, 2, *range(14)]


def parts(taken):
    return [json.loads(encoded(slot, content)) for slot, content in taken]


def test_every_item_of_a_log_arrives_once():
    async def read():
        board = Board()
        board.begin("log", {"title": "x"})
        board.append("log", 1, 2)
        changes = board.changes()
        first = await anext(changes)
        board.append("log", 3)
        board.append("log", 4)
        second = await asyncio.wait_for(anext(changes), 2)
        return parts([first, second])

    first, second = asyncio.run(read())
    assert (first["header"], first["start"], first["items"]) == ({"title": "x"}, 0, [1, 2])
    assert (second["start"], second["items"]) == (2, [3, 4])
    assert first["epoch"] == second["epoch"]


def test_a_log_that_begins_anew_is_sent_from_its_start():
    async def read():
        board = Board()
        board.begin("log", {})
        board.append("log", 1)
        changes = board.changes()
        first = await anext(changes)
        board.begin("log", {})
        board.append("log", 9)
        second = await asyncio.wait_for(anext(changes), 2)
        return parts([first, second]), board.items("log")

    (first, second), items = asyncio.run(read())
    assert first["epoch"] != second["epoch"]
    assert (second["start"], second["items"]) == (0, [9])
    assert items == [9]
