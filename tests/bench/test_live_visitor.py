"""What the figures of the live page are made of."""

import numpy as np
import pytest

from oft_demo.bench.live import visitor
from oft_demo.bench.live.visitor import Visit
from oft_demo.studio.board import Data, LogPart, Poses, encoded


@pytest.fixture
def read(monkeypatch):
    """Gives a visit messages that arrive at times of our choice."""

    def read(visit, arrived, slot, content):
        monkeypatch.setattr(visitor.time, "perf_counter", lambda: arrived)
        visitor._take(visit, encoded(slot, content))

    return read


def poses(epoch, time):
    return Poses.of((epoch, 0.0, time, 1), np.full((1, 7), time, np.float32))


def test_the_factor_is_the_slope_of_simulated_over_real_time(read):
    visit = Visit(seed=1, pressed=10.0)
    for step in range(200):
        read(visit, 10.2 + 0.08 * step, "run-poses", poses(3, 0.04 * step))
    assert visit.factor == pytest.approx(0.5, rel=1e-3)
    assert visit.updates_per_second == pytest.approx(12.5, rel=1e-3)
    assert visit.longest_gap == pytest.approx(0.08, rel=1e-3)
    assert visit.first_movement == pytest.approx(0.28)
    assert visit.start.tolist() == [[0.0] * 7]


def test_what_is_left_of_a_run_before_does_not_count(read):
    visit = Visit(seed=1, pressed=0.0)
    read(visit, 0.1, "run-poses", poses(2, 4.3))
    read(visit, 0.1, "run-trace", LogPart(1, 0, "{}", ('{"kind":"end"}',)))
    assert (visit.moments, visit.ended) == ([], False)
    read(visit, 0.2, "run-poses", poses(3, 0.0))
    read(visit, 0.3, "run-state", Data.of({"state": "running"}))
    read(visit, 0.4, "run-trace", LogPart(2, 0, "{}", ('{"kind":"end"}',)))
    assert visit.ended
    assert len(visit.moments) == 1
