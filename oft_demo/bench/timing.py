"""Time of calls, as medians; what is compared takes turns, so that whatever else the machine does hits both."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch

Key = TypeVar("Key")


class Clock(Protocol):
    """Times one call [s]."""

    def __call__(self, work: Callable[[], object]) -> float: ...


@dataclass(frozen=True)
class Entrant:
    """Something to time."""

    work: Callable[[], object]
    every: int = 1  # takes part in every so manieth round only, where one call takes long


def wall_clock(work: Callable[[], object]) -> float:
    """For work on the processor that waits for its end."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cuda_clock(work: Callable[[], object]) -> float:
    """For work on a GPU: between two of its events."""
    before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    before.record()
    work()
    after.record()
    after.synchronize()
    return before.elapsed_time(after) / 1e3


def clock_of(device: torch.device) -> Clock:
    """The clock that fits a device."""
    return cuda_clock if device.type == "cuda" else wall_clock


def median_seconds(work: Callable[[], object], times: int, clock: Clock = wall_clock, warm_ups: int = 1) -> float:
    """Median of some calls after some that warm up."""
    for _ in range(warm_ups):
        work()
    return statistics.median(clock(work) for _ in range(times))


def taking_turns(entrants: Iterable[tuple[Key, Entrant]], rounds: int, clock: Clock = wall_clock) -> dict[Key, float]:
    """Median seconds of each, called one after another in every round, after a round that warms up."""
    named = dict(entrants)
    for entrant in named.values():
        entrant.work()
    seconds: dict[Key, list[float]] = {name: [] for name in named}
    for turn in range(rounds):
        for name, entrant in named.items():
            if turn % entrant.every == 0:
                seconds[name].append(clock(entrant.work))
    return {name: statistics.median(found) for name, found in seconds.items()}
