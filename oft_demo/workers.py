"""Spreads independent work over fresh processes of one thread each."""

import contextlib
import multiprocessing
import os
import queue
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from .errors import OftDemoError

Job = TypeVar("Job")
Item = TypeVar("Item")
Result = TypeVar("Result")

# Several workers that each start a thread a core get in one another's way: of BLAS, torch and Mesa's rasteriser.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LP_NUM_THREADS")}


class WorkerFailed(OftDemoError):
    """A worker process could not go on; the message is what it said last."""


def in_processes(
    work: Callable[[Job, Iterator[Item]], Iterator[Result]], job: Job, items: Sequence[Item], workers: int
) -> Iterator[Result]:
    """Run `work(job, items)` in some processes that share the items; yields results as they come.

    With one worker everything happens in this process. `work`, `job` and `items` have to be picklable. Closing the
    iterator ends the workers.
    """
    if workers <= 1:
        yield from work(job, iter(items))
        return
    context = multiprocessing.get_context("spawn")  # a forked process would share OpenGL and torch threads
    waiting, done = context.Queue(), context.Queue()
    for item in [*items, *[None] * workers]:
        waiting.put(item)
    processes = [context.Process(target=_serve, args=(work, job, waiting, done), daemon=True) for _ in range(workers)]
    with _environment(ONE_THREAD):
        for process in processes:
            process.start()
    try:
        yield from _results(done, processes)
    finally:
        waiting.cancel_join_thread()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _results(done: Any, processes: Sequence[SpawnProcess]) -> Iterator[Any]:
    """What the workers send, until each has said None for its end."""
    running = len(processes)
    while running:
        dead = any(process.exitcode for process in processes)  # asked before the queue: its last words count
        try:
            result, failure = done.get(timeout=1)
        except queue.Empty:
            if dead:
                raise WorkerFailed(
                    "A worker process was ended from outside, often for want of memory. Use fewer workers."
                ) from None
            continue
        if failure is not None:
            raise WorkerFailed(failure)
        if result is None:
            running -= 1
        else:
            yield result


def _serve(work: Callable[[Any, Iterator[Any]], Iterator[Any]], job: Any, waiting: Any, done: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends its workers
    try:
        for result in work(job, _items(waiting)):
            done.put((result, None))
        done.put((None, None))
    except OftDemoError as error:
        done.put((None, str(error)))
    except Exception:
        done.put((None, traceback.format_exc()))


def _items(waiting: Any) -> Iterator[Any]:
    """Items until there are no more, or nobody is left who would want the results."""
    parent = multiprocessing.parent_process()
    for item in iter(waiting.get, None):
        if parent is None or not parent.is_alive():
            return
        yield item


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
