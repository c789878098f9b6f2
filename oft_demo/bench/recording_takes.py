"""What a take costs: a step in the journal, and the way from the journal to an episode with pictures."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oft_demo import sim
from oft_demo.bench.lines import Bar, Heading, Line, Note
from oft_demo.data.catalog import Catalog
from oft_demo.pictures import ALOHA_IMAGE_SIZE
from oft_demo.recording.acceptance import Acceptance
from oft_demo.recording.jobs import AcceptProgress
from oft_demo.recording.recorder import Recorder
from oft_demo.types import CAMERAS, CONTROL_HZ, Step

STEPS = 400
TASK, SEED = "put_x_into_pot", 7
JOURNAL_BAR = 1.0  # [ms] a step
ACCEPT_BAR = 15.0  # [s]
PACKED_BAR = 25.0  # times smaller than the raw pictures


def recording_takes() -> Iterator[Line]:
    """Record a take of 400 steps, then have it accepted with three cameras of 640 x 480."""
    yield Heading("Takes")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        take_id, milliseconds = _recorded(data / "takes")
        yield Bar("journal, a step (median)", statistics.median(milliseconds), "ms", at_most=JOURNAL_BAR)
        yield Bar("journal, a step (99 of 100)", sorted(milliseconds)[int(0.99 * STEPS)], "ms")
        yield Bar("journal on disk, a step", _size(data / "takes") / STEPS / 1e3, "kB")
        yield from _accepting(data, take_id)


def _accepting(data: Path, take_id: str) -> Iterator[Line]:
    catalog = Catalog(data / "episodes")
    acceptance = Acceptance(catalog, data / "takes")
    try:
        started = time.perf_counter()
        acceptance.submit(take_id)
        last = _awaited(acceptance)
        seconds = time.perf_counter() - started
    finally:
        acceptance.close()
    if last.episode is None:
        yield Note(f"not measured: {last.sentence}")
        return
    raw = STEPS * len(CAMERAS) * int(np.prod(ALOHA_IMAGE_SIZE)) * 3
    size = catalog.path_of(last.episode).stat().st_size
    yield Bar(f"accepting {STEPS} steps x {len(CAMERAS)} cameras", seconds, "s", at_most=ACCEPT_BAR)
    yield Bar("its file, times smaller than raw pictures", raw / size, "x", at_least=PACKED_BAR)
    yield Bar("its file, a step", size / STEPS / 1e3, "kB")


def _recorded(takes: Path) -> tuple[str, list[float]]:
    """A take of an expert that goes there and back, and what the journal took of each step [ms]."""
    env = sim.make_env(TASK)
    try:
        there = sim.demonstrate(env, SEED).applied
        targets = np.concatenate([there, there[::-1]] * STEPS)[:STEPS]
        env.reset(SEED)
        recorder = Recorder(env, takes, seed=SEED)
        milliseconds = [_step_ms(env, recorder, target) for target in targets]
        return recorder.finish(), milliseconds
    finally:
        env.close()


def _step_ms(env: sim.AlohaEnv, recorder: Recorder, target: np.ndarray) -> float:
    index, now = recorder.length, env.observe(())
    env.apply(target)
    step = Step(index, now.time, now.joints, target, -1, -1, "expert", env.score())
    started = time.perf_counter()
    recorder.add(step, index / CONTROL_HZ)
    return 1e3 * (time.perf_counter() - started)


def _awaited(acceptance: Acceptance) -> AcceptProgress:
    while (last := acceptance.progress()[0]).stage not in ("done", "failed"):
        time.sleep(0.01)
    return last


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
