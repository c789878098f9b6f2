"""`python -m oft_demo.bench`."""

import sys

import tyro

from oft_demo.bench import BenchOptions, main
from oft_demo.errors import OftDemoError

if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(BenchOptions)))
    except OftDemoError as error:
        sys.exit(f"error: {error}")
