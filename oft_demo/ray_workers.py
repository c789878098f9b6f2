"""Spreads the recording of episodes over the machines of a Ray cluster, each episode one task."""

import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .data.durable import write_whole
from .errors import OftDemoError
from .workers import ONE_THREAD

Job = TypeVar("Job")
RETRIES = 3  # of an episode whose machine was lost
ANSWER_SECONDS = 5.0
POLL_SECONDS = 0.5  # between two looks at what is done


class RayMissing(OftDemoError):
    """The optional library is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Recording on many machines needs Ray, which is not installed here. Install it with: "
            "pip install -r requirements-extras.txt"
        )


class NoCluster(OftDemoError):
    """Nobody answers at the address."""

    def __init__(self, address: str, reason: object):
        super().__init__(
            f"There is no Ray cluster at {address!r} ({str(reason)[:200]}). Start one with `ray start --head`, "
            "and name its address, for example --ray 10.0.0.1:6379, or auto on one of its machines."
        )


class TaskFailed(OftDemoError):
    """An episode could not be recorded on any machine."""


def on_cluster(
    record: Callable[[Job, Path, int], Iterator[bool]], job: Job, slots: Sequence[tuple[Path, int]], address: str
) -> Iterator[bool]:
    """Run `record(job, path, seed)` for every slot (a file and a seed) on a Ray cluster.

    Each task writes a file on its own machine, which travels back as bytes and appears here when it is whole. Yields
    what the tasks yield: False for an attempt that failed, True for a file. A task whose machine is lost is done again
    elsewhere. Raises RayMissing, NoCluster and TaskFailed.
    """
    ray = _connected(address)
    folder = slots[0][0].parent
    folder.mkdir(parents=True, exist_ok=True)
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(_record_there)
    waiting = {task.remote(record, job, seed): path for path, seed in slots}
    try:
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=POLL_SECONDS)
            for reference in done:
                failures, content = _result(ray, reference)
                write_whole(waiting.pop(reference), content)
                yield from [False] * failures
                yield True
    finally:
        for reference in waiting:
            ray.cancel(reference, force=True)
        ray.shutdown()


def _record_there(record: Callable[[Any, Path, int], Iterator[bool]], job: Any, seed: int) -> tuple[int, bytes]:
    """Runs on a machine of the cluster: how many attempts failed, and the bytes of the file."""
    os.environ.update(ONE_THREAD)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "episode.hdf5"
        failures = sum(not kept for kept in record(job, path, seed))
        return failures, path.read_bytes()


def _result(ray: Any, reference: Any) -> tuple[int, bytes]:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, OftDemoError) else TaskFailed(str(error))) from None
    except ray.exceptions.RayError as error:
        raise TaskFailed(f"A machine of the cluster was lost {RETRIES + 1} times over one episode: {error}") from error


def _connected(address: str) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing leaves these machines
    try:
        import ray
    except ImportError:
        raise RayMissing from None
    _check_answer(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise NoCluster(address, error) from error
    return ray


def _check_answer(address: str) -> None:
    """Raise NoCluster where nothing listens: Ray itself would go on asking for a minute."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
    except OSError as error:
        raise NoCluster(address, error) from error
