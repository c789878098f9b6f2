"""Makes one episode of parts of recordings, and finds the parts that some steps of it lie in."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from oft_demo.data.catalog.entries import Span
from oft_demo.data.timeline import main_source
from oft_demo.types import Episode, Segment, TakeEvent

ARRAYS = ("qpos", "qvel", "effort", "action", "applied", "states", "valid")


def joined(recordings: Sequence[Episode], spans: Sequence[Span]) -> Episode:
    """The parts of recordings that `spans` name, one behind the other; labels are those of the first.

    The outcome is that of the last, which is where the episode ends.
    """
    parts = [_part(recording, span) for recording, span in zip(recordings, spans, strict=True)]
    if len(parts) == 1:
        return parts[0]
    first, last = parts[0], parts[-1]
    offsets = np.cumsum([0, *(part.length for part in parts[:-1])]).tolist()
    sources = np.concatenate([part.step_sources for part in parts])
    cameras = [camera for camera in first.images if all(camera in part.images for part in parts)]
    return replace(
        first,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS},
        success=last.success,
        score=last.score,
        source=main_source(sources),
        sources=sources,
        images={camera: np.concatenate([part.images[camera] for part in parts]) for camera in cameras},
        wall_times=_wall_times(parts),
        segments=tuple(_moved(each, at) for part, at in zip(parts, offsets, strict=True) for each in part.segments),
        events=tuple(
            replace(each, step=each.step + at) for part, at in zip(parts, offsets, strict=True) for each in part.events
        ),
    )


def clipped(segments: Sequence[Segment], start: int, stop: int) -> tuple[Segment, ...]:
    """What of some segments lies between two steps, counted from the first of them."""
    inside = (Segment(max(one.start, start), min(one.stop, stop), one.text) for one in segments)
    return tuple(_moved(one, -start) for one in inside if one.start < one.stop)


def shifted(segments: Sequence[Segment], by: int) -> tuple[Segment, ...]:
    """Segments so many steps later."""
    return tuple(_moved(one, by) for one in segments)


def cut(spans: Sequence[Span], start: int, stop: int) -> tuple[Span, ...]:
    """The parts of recordings that the steps from `start` to `stop` of an episode lie in."""
    found, begin = list[Span](), 0
    for span in spans:
        first, last = max(start - begin, 0), min(stop - begin, span.length)
        if first < last:
            found.append(Span(span.file, span.start + first, span.start + last))
        begin += span.length
    return tuple(found)


def frames_across(
    spans: Sequence[Span], start: int, stop: int, read: Callable[[str, int, int], np.ndarray]
) -> np.ndarray:
    """Pictures of the steps from `start` to `stop` of an episode, read file by file."""
    parts = [read(span.file, span.start, span.stop) for span in cut(spans, start, stop)]
    if not parts:
        empty = spans[0]
        return read(empty.file, empty.start, empty.start)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _part(recording: Episode, span: Span) -> Episode:
    if (span.start, span.stop) == (0, recording.length):
        return recording
    steps = slice(span.start, span.stop)
    sources, times = recording.sources, recording.wall_times
    part = replace(
        recording,
        **{name: getattr(recording, name)[steps] for name in ARRAYS},
        sources=None if sources is None else sources[steps],
        wall_times=None if times is None else times[steps] - times[span.start],
        images={camera: pictures[steps] for camera, pictures in recording.images.items()},
        segments=clipped(recording.segments, span.start, span.stop),
        events=_events(recording.events, span),
    )
    return part if sources is None else replace(part, source=main_source(part.step_sources))


def _events(events: Sequence[TakeEvent], span: Span) -> tuple[TakeEvent, ...]:
    return tuple(replace(one, step=one.step - span.start) for one in events if span.start <= one.step < span.stop)


def _wall_times(parts: Sequence[Episode]) -> np.ndarray | None:
    if all(part.wall_times is None for part in parts):
        return None
    times, begin = list[np.ndarray](), 0.0
    for part in parts:
        nominal = np.arange(part.length) / part.control_hz
        mine = nominal if part.wall_times is None else part.wall_times
        times.append(begin + mine)
        begin = float(times[-1][-1]) + 1 / part.control_hz
    return np.concatenate(times)


def _moved(segment: Segment, by: int) -> Segment:
    return Segment(segment.start + by, segment.stop + by, segment.text)
