"""Plans what edits do to labels: labelling, trimming, splitting, merging and deleting, none of which touches a file."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.changes import Planned
from oft_demo.data.catalog.entries import InvalidEdit, Span
from oft_demo.data.catalog.entry_rows import BINNED
from oft_demo.data.catalog.examining import Facts, common_cameras
from oft_demo.data.catalog.files import free_name
from oft_demo.data.catalog.index import is_known
from oft_demo.data.catalog.joining import clipped, cut, shifted
from oft_demo.data.catalog.labelling import SPANS, STATE, Told, check_segments, checked_changes, checked_tags
from oft_demo.data.catalog.search import close_names
from oft_demo.data.catalog.shelving import LISTED
from oft_demo.data.catalog.standing import parts_of, told_about
from oft_demo.errors import UnknownName
from oft_demo.types import Segment

SHORTEST = 2  # control steps of an episode
NAMES_SHOWN = 3  # in a sentence
VALUE_SHOWN = 60  # [characters]


class Standing:
    """One episode as the database knows it."""

    def __init__(self, connection: sqlite3.Connection, name: str):
        self.name = name
        self.told: Told = told_about(connection, name)
        parts = parts_of(connection, name, self.told)
        if not parts or self.told.state not in ("kept", "deleted"):
            raise UnknownName("episode", name, close_names(connection, name))
        self.spans: tuple[Span, ...] = tuple(span for span, _ in parts)
        self.recordings: tuple[Facts, ...] = tuple(facts for _, facts in parts)
        self.length = sum(span.length for span in self.spans)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Its segments: those by hand, else those of the recordings."""
        if self.told.annotation.segments is not None:
            return self.told.annotation.segments
        found, begin = list[Segment](), 0
        for span, facts in zip(self.spans, self.recordings, strict=True):
            found += shifted(clipped(facts.segments, span.start, span.stop), begin)
            begin += span.length
        return tuple(found)

    @property
    def instruction(self) -> str:
        """What the robot should do in it."""
        said = self.told.annotation.instruction
        return self.recordings[0].instruction if said is None else said


def annotate(connection: sqlite3.Connection, names: Sequence[str], changes: Mapping[str, object]) -> Planned:
    """Give all episodes the same labels; raises InvalidLabel."""
    values = checked_changes(changes)
    for name in names:
        episode = Standing(connection, name)
        check_segments(values.get("segments") or (), episode.length)
    said = ", ".join(f"{field.replace('_', ' ')}: {_shown(value)}" for field, value in values.items())
    return Planned("label", f"{_these(names)}: {said}.", dict.fromkeys(names, values))


def tag(
    connection: sqlite3.Connection, names: Sequence[str], added: Iterable[object], removed: Iterable[object]
) -> Planned:
    """Add tags to what each episode has, and take others away; raises InvalidLabel."""
    added, removed = checked_tags(added), checked_tags(removed)
    unwanted = {tag.casefold() for tag in removed}
    values = dict[str, dict[str, Any]]()
    for name in names:
        mine = Standing(connection, name).told.annotation.tags
        kept = tuple(tag for tag in mine if tag.casefold() not in unwanted)
        values[name] = {"tags": checked_tags((*kept, *added))}
    said = [f"tagged {', '.join(added)}"] * bool(added) + [f"no longer tagged {', '.join(removed)}"] * bool(removed)
    return Planned("tag", f"{_these(names)}: {' and '.join(said)}.", values)


def trim(connection: sqlite3.Connection, name: str, start: int, stop: int) -> Planned:
    """Keep the steps from `start` to `stop`, counted as the episode is now; raises InvalidEdit."""
    episode = Standing(connection, name)
    _check_range(episode, start, stop)
    values = _part(episode, start, stop)
    sentence = f"{name}: trimmed to its steps {start} to {stop} of {episode.length}."
    return Planned("trim", sentence, {name: values})


def untrim(connection: sqlite3.Connection, name: str) -> Planned:
    """Have the whole recording again, whoever trimmed it; raises InvalidEdit."""
    episode = Standing(connection, name)
    if len(episode.spans) != 1:
        raise InvalidEdit(name, "it was made of several recordings", "undo the merge instead")
    (span,), (facts,) = episode.spans, episode.recordings
    said = episode.told.annotation.segments
    segments = None if said is None else shifted(said, span.start)
    values = {SPANS: (Span(span.file, 0, facts.length),), "segments": segments}
    return Planned("trim", f"{name}: the whole recording again, {facts.length} steps.", {name: values})


def split(connection: sqlite3.Connection, name: str, at: int) -> tuple[Planned, tuple[str, str]]:
    """Make two episodes of one, the second of which begins with the step `at`; raises InvalidEdit."""
    episode = Standing(connection, name)
    if not SHORTEST <= at <= episode.length - SHORTEST:
        expected = f"choose {SHORTEST} to {episode.length - SHORTEST}"
        raise InvalidEdit(name, f"it has {episode.length} steps and cannot be split at step {at}", expected)
    first = free_name(name, lambda other: is_known(connection, other))
    second = free_name(name, lambda other: other == first or is_known(connection, other))
    values = {
        name: {STATE: "replaced"},
        first: {**_labels(episode), **_part(episode, 0, at), STATE: "kept"},
        second: {**_labels(episode), **_part(episode, at, episode.length), STATE: "kept"},
    }
    return Planned("split", f"{name}: split at step {at} into {first} and {second}.", values), (first, second)


def merge(connection: sqlite3.Connection, names: Sequence[str]) -> tuple[Planned, str]:
    """Make one episode of several, one behind the other; raises InvalidEdit."""
    episodes = [Standing(connection, name) for name in names]
    if len(set(names)) != len(names) or len(names) < 2:
        raise InvalidEdit(names[0] if names else "nothing", f"{len(names)} episodes", "choose two or more, each once")
    _check_alike(episodes)
    merged = free_name(names[0], lambda other: is_known(connection, other))
    segments = _joined_segments(episodes)
    values: dict[str, dict[str, Any]] = {name: {STATE: "replaced"} for name in names}
    spans = tuple(span for episode in episodes for span in episode.spans)
    values[merged] = {**_common_labels(episodes), SPANS: spans, "segments": segments, STATE: "kept"}
    return Planned("merge", f"{_these(names)}: merged into {merged}.", values), merged


def delete(connection: sqlite3.Connection, names: Sequence[str]) -> Planned:
    """Put episodes into the bin; their files stay where they are."""
    for name in names:
        Standing(connection, name)
    return Planned("delete", f"{_these(names)}: put into the bin.", {name: {STATE: "deleted"} for name in names})


def restore(connection: sqlite3.Connection, names: Sequence[str]) -> Planned:
    """Take episodes out of the bin."""
    for name in names:
        Standing(connection, name)
    return Planned("restore", f"{_these(names)}: taken out of the bin.", {name: {STATE: "kept"} for name in names})


def files_of_bin(connection: sqlite3.Connection) -> list[str]:
    """The files that something in the bin is made of, and nothing outside it."""
    query = (
        f"SELECT DISTINCT file FROM uses JOIN episodes USING(id) WHERE shelf = {BINNED} "
        f"AND file NOT IN (SELECT file FROM uses JOIN episodes USING(id) WHERE shelf = {LISTED})"
    )
    return [file for (file,) in connection.execute(query).fetchall()]


def _part(episode: Standing, start: int, stop: int) -> dict[str, Any]:
    said = episode.told.annotation.segments
    segments = None if said is None else clipped(said, start, stop)
    return {SPANS: cut(episode.spans, start, stop), "segments": segments}


def _labels(episode: Standing) -> dict[str, Any]:
    """What is said about an episode, but for what depends on its steps."""
    said = {field.name: getattr(episode.told.annotation, field.name) for field in fields(Annotation)}
    return {
        field: value for field, value in said.items() if field != "segments" and value != getattr(Annotation(), field)
    }


def _common_labels(episodes: Sequence[Standing]) -> dict[str, Any]:
    """What is said about all of them, the tags and notes of each, and the outcome of the last."""
    values = {
        field: value
        for field, value in _labels(episodes[0]).items()
        if all(_labels(episode).get(field) == value for episode in episodes)
    }
    values["instruction"] = episodes[0].told.annotation.instruction
    values["success"] = episodes[-1].told.annotation.success
    tags = [tag for episode in episodes for tag in episode.told.annotation.tags]
    notes = dict.fromkeys(episode.told.annotation.notes for episode in episodes if episode.told.annotation.notes)
    return checked_changes({**values, "tags": checked_tags(tags), "notes": "\n".join(notes)[:4000]})


def _joined_segments(episodes: Sequence[Standing]) -> tuple[Segment, ...] | None:
    """The segments of all; where the instructions differ, each part without a segment becomes one."""
    differ = len({episode.instruction for episode in episodes}) > 1
    if not differ and all(episode.told.annotation.segments is None for episode in episodes):
        return None
    found, begin = list[Segment](), 0
    for episode in episodes:
        whole = (Segment(0, episode.length, episode.instruction),) if differ and episode.instruction else ()
        found += shifted(episode.segments or whole, begin)
        begin += episode.length
    return tuple(found)


def _check_range(episode: Standing, start: int, stop: int) -> None:
    if not 0 <= start < stop <= episode.length or stop - start < SHORTEST:
        found = f"it has {episode.length} steps, and {start} to {stop} was asked for"
        raise InvalidEdit(episode.name, found, f"choose {SHORTEST} steps or more between 0 and {episode.length}")


def _check_alike(episodes: Sequence[Standing]) -> None:
    recordings = [facts for episode in episodes for facts in episode.recordings]
    first = recordings[0]
    for episode in episodes:
        for facts in episode.recordings:
            for what in ("task", "control_hz", "state_size"):
                one, other = getattr(first, what), getattr(facts, what)
                if one != other:
                    found = f"its {what.replace('_', ' ')} is {other!r}, that of {episodes[0].name} is {one!r}"
                    raise InvalidEdit(episode.name, found, "merge only recordings that are alike")
    if any(facts.cameras for facts in recordings) and not common_cameras(recordings):
        raise InvalidEdit(episodes[0].name, "the others have pictures of other cameras", "draw them alike first")


def _these(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"


def _shown(value: object) -> str:
    if value is None or value == "":
        return "nothing by hand"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        value = ", ".join(each.text if isinstance(each, Segment) else str(each) for each in value) or "none"
    text = str(value)
    return text if len(text) <= VALUE_SHOWN else f"{text[: VALUE_SHOWN - 3]}..."
