"""Spreads the recording of episodes over the machines of a Ray cluster, each episode one task."""

import hashlib
import importlib.metadata
import logging
import os
import socket
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .data.hdf5.receiving import write_received
from .errors import OftDemoError
from .workers import ONE_THREAD, WorkerFailed

Job = TypeVar("Job")
Record = Callable[[Job, Path, int], Iterator[bool]]  # writes one file from a seed; False for an attempt that failed

RETRIES = 10  # of a task whose machine was lost
AHEAD = 2  # tasks that are handed out for each processor, so that none waits for the next one
LOOK_SECONDS = 1.0  # [s] between two looks at what is done
CONNECT_SECONDS = 5.0  # [s] until an address without an answer is given up; Ray itself takes minutes
EMPTY_SECONDS = 60.0  # [s] that a cluster may be without any processor
CLIENT = "ray://"


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


class OtherVersion(OftDemoError):
    """A machine would record something else than this one."""

    def __init__(self, machine: str):
        super().__init__(
            f"The machine {machine} of the cluster has another version of OFT Demo or of mujoco. Put the same ones "
            "into the same folder of every machine, and start Ray there again."
        )


def on_cluster(record: Record[Job], job: Job, slots: Sequence[tuple[Path, int]], address: str) -> Iterator[bool]:
    """Run `record(job, path, seed)` for every slot (a file and a seed) on a Ray cluster.

    Each task writes a file on its own machine, which travels back as bytes, is checked, and appears here when it is
    whole. Yields what the tasks yield: False for an attempt that failed, True for a file. A task whose machine is lost
    is done again elsewhere. Raises RayMissing, NoCluster and WorkerFailed.
    """
    ray = _connected(address)
    version = simulation_version()
    task = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(_record_there)
    waiting, running = list(reversed(slots)), dict[Any, Path]()
    try:
        while waiting or running:
            while waiting and len(running) < AHEAD * max(_processors(ray), 1):
                path, seed = waiting.pop()
                running[task.remote(record, job, seed, version)] = path
            for reference in _finished(ray, list(running)):
                failures, content = _result(ray, reference)
                write_received(running.pop(reference), content)
                yield from [False] * failures
                yield True
    finally:
        ray.shutdown()  # ends what still runs; Ray 2.60 aborts this program where a task ends while it is cancelled


def simulation_version() -> str:
    """A digest of what an expert's motion depends on: the same on machines where it is the same."""
    digest = hashlib.sha256(importlib.metadata.version("mujoco").encode())
    root = Path(__file__).parent / "sim"
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _record_there(record: Record[Any], job: Any, seed: int, version: str) -> tuple[tuple[int, bytes] | None, str]:
    """Runs on a machine of the cluster: how many attempts failed and the bytes of the file, or what went wrong.

    Errors travel as texts, since those that are made of a path or a name cannot be made again elsewhere.
    """
    os.environ.update(ONE_THREAD)
    try:
        if simulation_version() != version:
            raise OtherVersion(socket.gethostname())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "episode.hdf5"
            failures = sum(not kept for kept in record(job, path, seed))
            return (failures, path.read_bytes()), ""
    except OftDemoError as error:
        return None, str(error)
    except Exception:
        return None, traceback.format_exc()


def _result(ray: Any, reference: Any) -> tuple[int, bytes]:
    try:
        result, failure = ray.get(reference)
    except ray.exceptions.RayError as error:
        raise WorkerFailed(f"The machines of the cluster lost an episode {RETRIES + 1} times: {error}") from error
    if result is None:
        raise WorkerFailed(failure)
    return result


def _finished(ray: Any, running: list[Any]) -> list[Any]:
    """The tasks that have ended, at least one; raises WorkerFailed where nobody is left who could go on."""
    deadline = time.monotonic() + EMPTY_SECONDS
    while True:
        done, _ = ray.wait(running, timeout=LOOK_SECONDS)
        if done:
            return done
        if _processors(ray):
            deadline = time.monotonic() + EMPTY_SECONDS
        elif time.monotonic() > deadline:
            raise WorkerFailed(
                "The cluster has no machine left. Start some with `ray start --address`, and run the same again: "
                "the episodes that are here stay."
            )


def _processors(ray: Any) -> int:
    return int(ray.cluster_resources().get("CPU", 0))


def _connected(address: str) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing leaves these machines
    try:
        import ray
    except ImportError:
        raise RayMissing from None
    _check_answer(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        raise NoCluster(address, error) from error
    return ray


def _check_answer(address: str) -> None:
    """Whether somebody listens at host:port; raises NoCluster. A name such as auto is Ray's business."""
    if address == "local":
        raise NoCluster(address, "this machine alone is what --workers is for")
    host, colon, port = address.removeprefix(CLIENT).rpartition(":")
    if not colon:
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS):
            pass
    except (OSError, ValueError, OverflowError) as error:
        raise NoCluster(address, error) from error
