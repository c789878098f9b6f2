"""What is told about an episode beside its labels: segments, events and where it comes from, as one JSON text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from oft_demo.data.hdf5 import layout
from oft_demo.errors import InvalidEpisode
from oft_demo.types import Episode, Segment, TakeEvent


@dataclass(frozen=True)
class Story:
    """The defaults are those of a file of version 1, or of another program."""

    segments: tuple[Segment, ...] = ()
    events: tuple[TakeEvent, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict[str, str])


def story_text(episode: Episode) -> bytes:
    """The JSON to write."""
    told = {
        "segments": [[segment.start, segment.stop, segment.text] for segment in episode.segments],
        "events": [[event.step, event.kind, event.text] for event in episode.events],
        "provenance": dict(episode.provenance),
    }
    return json.dumps(told, ensure_ascii=False).encode("utf-8", errors="replace")


def parse_story(path: Path, text: bytes) -> Story:
    """The JSON of a file that may come from anywhere; raises InvalidEpisode."""
    try:
        told = json.loads(text)
        return Story(
            segments=tuple(Segment(_step(a), _step(b), _words(words)) for a, b, words in _rows(told["segments"])),
            events=tuple(TakeEvent(_step(a), _words(kind), _words(words)) for a, kind, words in _rows(told["events"])),
            provenance={_words(name): _words(value) for name, value in told["provenance"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        found = f"segments, events or provenance that make no sense ({error!r:.80})"
        raise InvalidEpisode(path, found, "JSON as OFT Demo writes it") from error


def check_story(path: Path, episode: Episode) -> None:
    """Raise InvalidEpisode unless what is told fits the episode's length."""
    for segment in episode.segments:
        if not 0 <= segment.start < segment.stop <= episode.length:
            raise InvalidEpisode(path, f"a segment from {segment.start} to {segment.stop}", f"0 to {episode.length}")
    for event in episode.events:
        if not 0 <= event.step <= episode.length:
            raise InvalidEpisode(path, f"an event at step {event.step}", f"0 to {episode.length}")
    for name, told in (("segments", episode.segments), ("events", episode.events)):
        if len(told) > layout.MAX_NOTES:
            raise InvalidEpisode(path, f"{len(told)} {name}", f"at most {layout.MAX_NOTES}")
    if len(text := story_text(episode)) > layout.MAX_JSON:
        raise InvalidEpisode(path, f"{len(text)} bytes of segments and events", f"at most {layout.MAX_JSON}")


def _rows(value: object) -> list[list[object]]:
    if not isinstance(value, list) or len(value) > layout.MAX_NOTES:
        raise ValueError("no list, or too long a one")
    return value


def _step(value: object) -> int:
    if type(value) is not int or not 0 <= value <= layout.MAX_LENGTH:
        raise ValueError(f"{value!r:.40} is no step")
    return value


def _words(value: object) -> str:
    if not isinstance(value, str) or len(value) > layout.MAX_TEXT:
        raise ValueError(f"{value!r:.40} is no text")
    return value
