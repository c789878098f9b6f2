"""What the parts cost on this machine: simulation, policies, decoding, training and recording."""

from oft_demo.bench.command import BenchOptions, main, measure
from oft_demo.bench.lines import Row

__all__ = ["BenchOptions", "Row", "main", "measure"]
