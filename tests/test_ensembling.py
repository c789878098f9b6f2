"""Overlapping chunks are averaged, the oldest one weighing most."""

import numpy as np
import pytest

from oft_demo.ensembling import TemporalEnsemble


def chunk(value, rows=4):
    return np.full((rows, 14), value, np.float32)


def test_a_single_chunk_is_carried_out_as_it_is():
    ensemble = TemporalEnsemble()
    rows = np.arange(4 * 14, dtype=np.float32).reshape(4, 14)
    ensemble.add(10, rows)
    np.testing.assert_allclose(ensemble.target(12), rows[2])


def test_the_oldest_of_overlapping_chunks_weighs_most():
    ensemble = TemporalEnsemble(decay=1.0)
    ensemble.add(0, chunk(0.0))
    ensemble.add(2, chunk(1.0))
    assert ensemble.target(1) == pytest.approx(0.0)
    assert ensemble.target(2) == pytest.approx(np.exp(-1) / (1 + np.exp(-1)))
    assert ensemble.target(4) == pytest.approx(1.0)


def test_chunks_that_ended_or_were_forgotten_have_no_say():
    ensemble = TemporalEnsemble()
    ensemble.add(0, chunk(9.0))
    ensemble.forget()
    ensemble.add(1, chunk(2.0))
    assert ensemble.target(2) == pytest.approx(2.0)
