"""Random checkpoints in the official layout, at any size: for tests and measurements, which need no trained weights."""

from oft_demo.policy.official.synthetic.writing import towers_of, write_random

__all__ = ["towers_of", "write_random"]
