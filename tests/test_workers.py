"""Tests of work that is spread over processes."""

import os
from collections.abc import Iterator

import pytest

from oft_demo.errors import InvalidSeed
from oft_demo.workers import WorkerFailed, in_processes


def double(job: int, items: Iterator[int]) -> Iterator[tuple[int, str | None]]:
    for item in items:
        if item == job:
            raise InvalidSeed(item)
        if item == -job:
            os._exit(9)
        yield 2 * item, os.environ.get("OMP_NUM_THREADS")


def test_one_worker_is_this_process():
    before = os.environ.get("OMP_NUM_THREADS")
    assert list(in_processes(double, 99, [1, 2, 3], 1)) == [(2, before), (4, before), (6, before)]


def test_several_workers_do_all_items_with_one_thread_each():
    before = dict(os.environ)
    assert sorted(in_processes(double, 99, [1, 2, 3, 4, 5], 2)) == [(2 * item, "1") for item in range(1, 6)]
    assert dict(os.environ) == before


def test_an_error_in_a_worker_is_said_here():
    with pytest.raises(WorkerFailed, match="The seed is 3"):
        list(in_processes(double, 3, [3, 3], 2))


def test_a_worker_that_was_killed_is_noticed():
    with pytest.raises(WorkerFailed, match="ended from outside"):
        list(in_processes(double, 4, [-4, -4], 2))
