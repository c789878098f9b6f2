"""Figures of joint trajectories."""

import numpy as np
import pytest

from oft_demo.plots import Motion, PlacedChunk, chunk_figure, empty_figure
from oft_demo.types import JOINT_COUNT


def _motion(steps, offset=0.0):
    times = np.arange(steps, dtype=np.float32) * 0.04
    values = np.full((steps, JOINT_COUNT), offset, np.float32)
    return Motion(times, values, values + 0.1)


def _chunk(start):
    return PlacedChunk(start, 0.04, np.full((25, JOINT_COUNT), start, np.float32))


@pytest.mark.parametrize("narrow", [False, True])
def test_every_joint_has_a_panel_with_measured_executed_and_predicted(narrow):
    figure = chunk_figure(_motion(50), [_chunk(0.0), _chunk(1.0)], narrow)
    axes = {trace.yaxis for trace in figure.data}
    assert len(axes) == JOINT_COUNT
    assert len(figure.data) == 4 * JOINT_COUNT
    assert sum(bool(trace.showlegend) for trace in figure.data) == 4


def test_a_chunk_is_drawn_from_its_prediction_to_its_horizon():
    figure = chunk_figure(_motion(30), [_chunk(0.5)])
    worm = next(trace for trace in figure.data if trace.name == "predicted chunk")
    drawn = np.asarray(worm.x)[~np.isnan(worm.x)]
    assert drawn[0] == pytest.approx(0.5)
    assert drawn[-1] == pytest.approx(0.5 + 24 * 0.04)


def test_chunks_are_broken_apart_by_gaps():
    figure = chunk_figure(_motion(100), [_chunk(0.0), _chunk(1.0), _chunk(2.0)])
    worm = next(trace for trace in figure.data if trace.name == "predicted chunk")
    assert np.isnan(worm.y).sum() == 2


def test_panels_do_not_overlap():
    for narrow in (False, True):
        layout = empty_figure(narrow).layout
        boxes = [(*layout[f"xaxis{n}"].domain, *layout[f"yaxis{n}"].domain) for n in ["", *range(2, 15)]]
        for index, (left, right, bottom, top) in enumerate(boxes):
            assert 0 <= left < right <= 1
            assert 0 <= bottom < top <= 1
            for other_left, other_right, other_bottom, other_top in boxes[index + 1 :]:
                beside = right <= other_left or other_right <= left
                above = top <= other_bottom or other_top <= bottom
                assert beside or above


def test_a_still_joint_is_not_magnified():
    figure = chunk_figure(_motion(10), [])
    low, high = figure.layout.yaxis.range
    assert high - low >= 0.3


def test_the_time_axis_grows_in_steps():
    assert empty_figure().layout.xaxis.range == (0, 4)
    assert chunk_figure(_motion(126), []).layout.xaxis.range == (0, 6)
