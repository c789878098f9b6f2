"""The labels that an episode may have: checked when people or files give them, and kept as JSON."""

import contextlib
import itertools
import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, cast

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.entries import ANONYMOUS, InvalidLabel, Span
from oft_demo.errors import MAX_INSTRUCTION_LENGTH, OftDemoError, checked_instruction
from oft_demo.types import Segment

MAX_NAME = 80  # [characters] of a person's name
MAX_TAG = 60  # [characters]
MAX_TAGS = 32  # of one episode
MAX_NOTES = 4000  # [characters]
MAX_PARAPHRASES = 50
MAX_SEGMENTS = 1000
MAX_SPANS = 1000  # files of one episode
JOINERS = "\u200c\u200d"  # invisible, but emoji and some scripts are written with them

State: TypeAlias = Literal["kept", "deleted", "replaced", "absent"]  # replaced: split or merged into others
ANNOTATED = tuple(each.name for each in fields(Annotation))
SPANS, STATE = "spans", "state"


@dataclass(frozen=True)
class Told:
    """Everything that was said about one episode and done to it."""

    annotation: Annotation = field(default_factory=Annotation)
    spans: tuple[Span, ...] | None = None  # None: the whole file
    state: State = "kept"
    revision: int = 0


def checked_person(name: object) -> str:
    """Who changes something: one short line."""
    return _line("by", name, MAX_NAME) if isinstance(name, str) and name.strip() else ANONYMOUS


def checked_tags(tags: object) -> tuple[str, ...]:
    """Short words, each once whatever their case; raises InvalidLabel."""
    lines = [_line("tags", tag, MAX_TAG) for tag in _sequence("tags", tags, 10 * MAX_TAGS)]
    found = dict[str, str]()
    for line in lines:
        found.setdefault(line.casefold(), line)
    once = tuple(found.values())
    if len(once) > MAX_TAGS:
        raise InvalidLabel("tags", f"{len(once)} tags", f"at most {MAX_TAGS}")
    return once


def checked_changes(changes: Mapping[str, object]) -> dict[str, Any]:
    """Fields of an Annotation with values that they can have; raises InvalidLabel."""
    if unknown := set(changes) - set(ANNOTATED):
        raise InvalidLabel(min(map(str, unknown)), changes[min(unknown, key=str)], f"one of {', '.join(ANNOTATED)}")
    return {field: CHECKS[field](value) for field, value in changes.items()}


def labels_in(text: str, length: int) -> dict[str, Any]:
    """Labels that a recording brings along as JSON, as far as they make sense."""
    try:
        told = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    found = dict[str, Any]()
    for name, value in told.items() if isinstance(told, dict) else ():
        with contextlib.suppress(OftDemoError):
            checked = checked_changes({name: value})
            check_segments(checked.get("segments") or (), length)
            found |= checked
    return found


def check_segments(segments: Iterable[Segment], length: int) -> None:
    """Raise InvalidLabel unless all segments lie within an episode."""
    for segment in segments:
        if segment.stop > length:
            raise InvalidLabel("segments", f"{segment.start} to {segment.stop}", f"steps from 0 to {length}")


def as_json(field: str, value: Any) -> str:
    """A checked value as the database keeps it."""
    if field == "segments" and value is not None:
        value = [[each.start, each.stop, each.text] for each in value]
    if field == SPANS and value is not None:
        value = [[each.file, each.start, each.stop] for each in value]
    return json.dumps(value, ensure_ascii=False)


def from_json(field: str, text: str) -> Any:
    """A value of a database that may come from anywhere; raises InvalidLabel."""
    value = json.loads(text)
    if field == STATE:
        if value not in ("kept", "deleted", "replaced", "absent"):
            raise InvalidLabel(field, value, "a state")
        return value
    if field == SPANS:
        return None if value is None else tuple(_span(each) for each in _sequence(SPANS, value, MAX_SPANS))
    return checked_changes({field: value})[field]


def told_of(labels: Mapping[str, str], revision: int = 0, state: State = "kept") -> Told:
    """What the labels of an episode say; `state` where none says that."""
    values = {field: from_json(field, text) for field, text in labels.items()}
    spans, state = values.pop(SPANS, None), cast(State, values.pop(STATE, state))
    return Told(Annotation(**values), spans, state, revision)


def value_of(told: Told, field: str) -> Any:
    """One label."""
    return getattr(told if field in (SPANS, STATE) else told.annotation, field)


def _truth(value: object) -> bool | None:
    if not isinstance(value, bool | None):
        raise InvalidLabel("success", value, "true, false or nothing")
    return value


def _score(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidLabel("stage_score", value, "a number from 0 to 100")
    if not 0 <= value <= 100:
        raise InvalidLabel("stage_score", value, "a number from 0 to 100")
    return float(value)


def _quality(value: object) -> int | None:
    if value is not None and (type(value) is not int or not 1 <= value <= 5):
        raise InvalidLabel("quality", value, "a whole number from 1 (poor) to 5 (excellent)")
    return cast(int | None, value)


def _instruction(value: object) -> str | None:
    if value is None:
        return None
    return _line("instruction", checked_instruction(value, "put the yellow corn into the pot"), MAX_INSTRUCTION_LENGTH)


def _paraphrases(value: object) -> tuple[str, ...]:
    lines = _sequence("paraphrases", value, MAX_PARAPHRASES)
    return tuple(dict.fromkeys(_line("paraphrases", line, MAX_INSTRUCTION_LENGTH) for line in lines))


def _notes(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_NOTES:
        raise InvalidLabel("notes", value, f"text of at most {MAX_NOTES} characters")
    if value.isprintable():
        return value.strip()
    return "".join(letter for letter in value if letter in "\n\t" or _is_visible(letter)).strip()


def _operator(value: object) -> str | None:
    return None if value is None or value == "" else _line("operator", value, MAX_NAME)


def _segments(value: object) -> tuple[Segment, ...] | None:
    if value is None:
        return None
    segments = sorted(
        (_segment(each) for each in _sequence("segments", value, MAX_SEGMENTS)), key=lambda one: one.start
    )
    for one, other in itertools.pairwise(segments):
        if other.start < one.stop:
            raise InvalidLabel("segments", f"{one.text} and {other.text}", "segments that do not overlap")
    return tuple(segments)


def _segment(value: object) -> Segment:
    if isinstance(value, Segment):
        start, stop, text = value.start, value.stop, value.text
    elif isinstance(value, list | tuple) and len(value) == 3:
        start, stop, text = value
    else:
        raise InvalidLabel("segments", value, "first step, step after the last, and words")
    if type(start) is not int or type(stop) is not int or not 0 <= start < stop:
        raise InvalidLabel("segments", f"{start} to {stop}", "a first step, and a later one after the last")
    return Segment(start, stop, _line("segments", text, MAX_INSTRUCTION_LENGTH))


def _span(value: object) -> Span:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise InvalidLabel(SPANS, value, "a file, its first step, and the one after the last")
    file, start, stop = value
    if not isinstance(file, str) or type(start) is not int or type(stop) is not int or not 0 <= start < stop:
        raise InvalidLabel(SPANS, value, "a file, its first step, and the one after the last")
    return Span(file, start, stop)


def _line(field: str, value: object, longest: int) -> str:
    """One line of text without anything that cannot be seen."""
    if not isinstance(value, str):
        raise InvalidLabel(field, value, "text")
    visible = value if value.isprintable() else "".join(_shown(letter) for letter in value[: 4 * longest])
    line = " ".join(visible.split())
    if not line or len(line) > longest or len(value) > 4 * longest:
        raise InvalidLabel(field, value, f"1 to {longest} characters")
    return line


def _shown(letter: str) -> str:
    return letter if _is_visible(letter) else " "


def _is_visible(letter: str) -> bool:
    """No control characters, no halves of a character, nothing that turns the direction of writing."""
    return unicodedata.category(letter) not in ("Cc", "Cs", "Cf") or letter in JOINERS


def _sequence(field: str, value: object, longest: int) -> list[object]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise InvalidLabel(field, value, "a list")
    listed = list(value)
    if len(listed) > longest:
        raise InvalidLabel(field, f"{len(listed)} of them", f"at most {longest}")
    return listed


CHECKS: Mapping[str, Callable[[object], Any]] = {
    "instruction": _instruction,
    "paraphrases": _paraphrases,
    "success": _truth,
    "stage_score": _score,
    "quality": _quality,
    "tags": checked_tags,
    "notes": _notes,
    "segments": _segments,
    "operator": _operator,
}
