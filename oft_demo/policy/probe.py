"""How fast this CPU is, by products and copies that take a fifth of a second."""

import math
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
FIRST_SIZE, LARGEST_SIZE = 64, 1024  # rows and columns of the matrices
LARGER = 2  # the next size to try
CALLS = 3  # of each size: the first also chooses its kernel
COPIED = 2**25  # bytes of a copy, beyond most caches


def seconds_per_query(config: OftConfig, prompt_tokens: int, dtype: torch.dtype) -> float:
    """A low estimate of one query on this CPU [s]: the network as nothing but products, all as fast as a large one."""
    return floor(config, prompt_tokens, this_cpu(dtype)).total


def this_cpu(dtype: torch.dtype, seconds: float = SECONDS) -> Device:
    """Its speed in a dtype, with as many threads as torch uses; takes about `seconds`."""
    name = str(dtype).removeprefix("torch.")
    rates = products(dtype, 0.8 * seconds), copies(0.2 * seconds)
    return Device(f"this CPU, {name}", *rates, "measured just now", dtype.itemsize)


def products(dtype: torch.dtype, seconds: float) -> float:
    """Operations a second of a linear layer, as large as can be repeated in the time.

    A CPU without instructions for a dtype can be a hundred times slower in it, so sizes grow from small ones. Beside
    a busy program a call also waits for its threads, small or large: only what a size adds says what the next will.
    """
    deadline, size, before = time.perf_counter() + seconds, FIRST_SIZE, math.inf
    with torch.inference_mode():
        while True:
            x, weight = torch.full((size, size), 0.5, dtype=dtype), torch.full((size, size), 0.5, dtype=dtype)
            multiply = partial(functional.linear, x, weight)
            fastest = _fastest(multiply, 0, CALLS)
            expected = fastest + LARGER**3 * max(fastest - before, 0)
            if size == LARGEST_SIZE or time.perf_counter() + CALLS * expected > deadline:
                return 2 * size**3 / min(fastest, _fastest(multiply, deadline, 0))
            size, before = LARGER * size, fastest


def copies(seconds: float) -> float:
    """Bytes a second that a copy reads and writes."""
    source = torch.zeros(COPIED, dtype=torch.uint8)
    target = torch.zeros_like(source)
    return 2 * COPIED / _fastest(partial(target.copy_, source), time.perf_counter() + seconds, 1)


def _fastest(work: Callable[[], object], deadline: float, calls: int) -> float:
    """The shortest of some calls [s], `calls` at least: what another program takes from this one is not counted."""
    shortest, done = math.inf, 0
    while done < calls or time.perf_counter() + shortest < deadline:
        started = time.perf_counter()
        work()
        shortest, done = min(shortest, time.perf_counter() - started), done + 1
    return shortest
