"""How fast this CPU is, by a few products and copies."""

import time
from collections.abc import Callable
from functools import partial

import torch
from torch.nn import functional

from oft_demo.policy.config import OftConfig
from oft_demo.policy.floors import Device, floor

# What networks are held in on a CPU: the second where memory is too short for the first.
DTYPES = (torch.float32, torch.bfloat16)
SECONDS = 0.2
FIRST_SIZE, LARGEST_SIZE = 128, 1024  # rows and columns of the matrices
LARGER = 2  # the next size to try
LONGEST = 0.5  # [s] that one product may take
COPIED = 2**25  # bytes of a copy, beyond most caches


def seconds_per_query(config: OftConfig, prompt_tokens: int, dtype: torch.dtype) -> float:
    """A low estimate of one query on this CPU [s]: the network as nothing but products, all as fast as a large one."""
    return floor(config, prompt_tokens, this_cpu(dtype)).total


def this_cpu(dtype: torch.dtype, seconds: float = SECONDS) -> Device:
    """Its speed in a dtype, with as many threads as torch uses.

    Takes about `seconds`, and half a second more where it is slow.
    """
    name = str(dtype).removeprefix("torch.")
    rates = products(dtype, 0.8 * seconds), copies(0.2 * seconds)
    return Device(f"this CPU, {name}", *rates, "measured just now", dtype.itemsize)


def products(dtype: torch.dtype, seconds: float) -> float:
    """Operations a second of a linear layer, as large as is quickly done.

    A CPU without instructions for a dtype can be a hundred times slower in it, so sizes grow from a small one; they
    grow at all because beside a busy program any call waits some 10 ms for its threads.
    """
    deadline, size = time.perf_counter() + seconds, FIRST_SIZE
    with torch.inference_mode():
        while True:
            x, weight = torch.full((size, size), 0.5, dtype=dtype), torch.full((size, size), 0.5, dtype=dtype)
            multiply = partial(functional.linear, x, weight)
            fastest = _seconds(multiply)  # and a kernel is chosen, so that the next call may be faster
            if fastest < seconds / 2:
                fastest = min(fastest, _seconds(multiply))
            if size == LARGEST_SIZE or LARGER**3 * fastest > LONGEST:
                return 2 * size**3 / _fastest(multiply, deadline, fastest)
            size *= LARGER


def copies(seconds: float) -> float:
    """Bytes a second that a copy reads and writes."""
    deadline = time.perf_counter() + seconds
    source = torch.zeros(COPIED, dtype=torch.uint8)
    copy = partial(torch.zeros_like(source).copy_, source)
    return 2 * COPIED / _fastest(copy, deadline, _seconds(copy))


def _fastest(work: Callable[[], object], deadline: float, known: float) -> float:
    """The shortest of a call that took `known` and as many more as there is time for [s].

    What another program takes from one of them is not counted.
    """
    while time.perf_counter() + known < deadline:
        known = min(known, _seconds(work))
    return known


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
