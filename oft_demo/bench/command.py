"""`python -m oft_demo.bench`: what the parts cost on this machine, each ratio measured in one run."""

from collections.abc import Iterator
from dataclasses import dataclass

from oft_demo.bench.bundled import acting, training
from oft_demo.bench.catalogue import catalogue
from oft_demo.bench.decoding import decoding
from oft_demo.bench.exporting import exporting
from oft_demo.bench.fast_path import fast_path
from oft_demo.bench.importing import importing
from oft_demo.bench.lines import Line
from oft_demo.bench.live import driving, memory, page, visiting
from oft_demo.bench.loading import loading
from oft_demo.bench.networks import ALOHA, LIBERO, middle, random_model
from oft_demo.bench.recording_takes import recording_takes
from oft_demo.bench.seven_billion import seven_billion
from oft_demo.bench.simulation import recording, simulation
from oft_demo.settings import PROJECT_ROOT

CASE = PROJECT_ROOT / "tests" / "cases" / "aloha_film"


@dataclass(frozen=True)
class BenchOptions:
    """Measure simulation, policies, decoding, training and recording."""

    policy: str = "aloha-mini"  # a bundled name or a checkpoint directory
    queries: int = 100  # of each way of decoding
    seven_billion: bool = False  # only the published 7B shape, with random weights on a GPU
    live: bool = False  # only the live page
    collecting: bool = False  # only driving by hand, takes, catalogue, import and export
    runs: int = 200  # over which the server's memory is watched
    loading: int | None = None  # only loading: an official checkpoint in 7B widths with so many layers of the trunk


def measure(options: BenchOptions) -> Iterator[Line]:
    """All figures, one after another; about fifteen minutes on two cores."""
    if options.seven_billion:
        yield from seven_billion()
        return
    if options.loading is not None:
        yield from loading(options.loading)
        return
    if options.collecting:
        yield from _collecting(options.policy)
        return
    yield from visiting(options.policy)
    yield from page(options.policy)
    yield from memory(options.policy, options.runs)
    if options.live:
        return
    yield from simulation()
    yield from acting(options.policy)
    yield training()
    yield from recording()
    yield from _collecting(options.policy)
    yield from fast_path(CASE)
    for setting in (LIBERO, ALOHA):
        model = random_model(middle(setting))
        yield from decoding(setting.name, model, setting.bar, options.queries, setting.bar_over_memory)


def _collecting(policy: str) -> Iterator[Line]:
    yield from recording_takes()
    yield from driving(policy)
    yield from catalogue()
    yield from exporting()
    yield from importing()


def main(options: BenchOptions) -> int:
    """Print the table as it is measured; status 1 where a bar was missed."""
    missed = 0
    for line in measure(options):
        print(line, flush=True)
        missed += line.missed
    return 1 if missed else 0
