"""How many processor cores a network takes when it acts."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# A second core makes the bundled network, 2.3 million parameters, 6 % faster; simulation, pictures and the browser that
# draws the robot on the same machine need it more.
SMALL = 20_000_000  # parameters


@contextmanager
def fitting_threads(parameter_count: int) -> Iterator[None]:
    """One thread for a small network, as many as torch has for others; afterwards as before."""
    if parameter_count >= SMALL:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
