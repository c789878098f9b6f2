"""What the Episodes tab asks for, parsed from addresses and messages: nothing in them is trusted."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from oft_demo.data.catalog.entries import ANONYMOUS, Order, Search
from oft_demo.errors import OftDemoError
from oft_demo.studio.episode_desk import is_folder
from oft_demo.types import SOURCES, Segment

MAX_NAMES = 1000  # episodes in one command; a message of the page has no place for more
MAX_NAME = 200  # [characters]
MAX_TEXT = 300  # [characters] of a search or a filter
MAX_LIMIT = 500  # entries of one answer
MAX_SEGMENTS = 500
TRUTH = {"true": True, "false": False}

Message = Mapping[str, Any]


class InvalidRequest(OftDemoError):
    """A value that makes no sense."""

    def __init__(self, what: str, found: object, expected: str):
        super().__init__(f"{what} is {str(found)[:60]!r}; expected {expected}.")


def search_of(asked: Mapping[str, str]) -> Search:
    """A search from the parameters of an address, or from a message; what is missing is not filtered by."""
    source, order = _text(asked, "source"), _text(asked, "order") or "newest"
    if source not in (None, *SOURCES):
        raise InvalidRequest("The source", source, " or ".join(SOURCES))
    if order not in get_args(Order):
        raise InvalidRequest("The order", order, ", ".join(get_args(Order)))
    tag = _text(asked, "tag")
    return Search(
        text=_text(asked, "text") or "",
        task=_text(asked, "task"),
        instruction=_text(asked, "instruction"),
        success=_truth(asked, "success"),
        source=source,
        tags=(tag,) if tag else (),
        quality_at_least=_number(asked, "quality", 1, 5),
        operator=_text(asked, "operator"),
        hint=_text(asked, "hint"),
        deleted=_truth(asked, "deleted") or False,
        recovered=_truth(asked, "recovered"),
        order=cast(Order, order),
        offset=_number(asked, "offset", 0, 10**7) or 0,
        limit=_number(asked, "limit", 1, MAX_LIMIT) or 50,
    )


def names_of(message: Message) -> tuple[str, ...]:
    """The episodes that a command is about; whether they exist is the catalogue's business."""
    names = message.get("names")
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_NAMES or not all(_is_name(name) for name in names):
        raise InvalidRequest("The choice of episodes", names, f"a list of 1 to {MAX_NAMES} names")
    return tuple(dict.fromkeys(names))


def name_of(message: Message) -> str:
    """The one episode that a command is about."""
    name = message.get("name")
    if not isinstance(name, str) or not _is_name(name):
        raise InvalidRequest("The episode", name, "the name of one")
    return name


def person_of(message: Message) -> str:
    """Who changes something."""
    by = message.get("by")
    return " ".join(by.split())[:60] or ANONYMOUS if isinstance(by, str) else ANONYMOUS


def seen_of(message: Message) -> dict[str, int] | None:
    """The revisions that the person saw."""
    seen = message.get("seen")
    if not isinstance(seen, dict):
        return None
    return {
        str(name): number for name, number in seen.items() if isinstance(number, int) and not isinstance(number, bool)
    }


def changes_of(message: Message) -> dict[str, object]:
    """Fields of an annotation as the catalogue takes them; it looks at their values itself."""
    changes = message.get("changes")
    if not isinstance(changes, dict) or not changes:
        raise InvalidRequest("The change", changes, "at least one label")
    return {str(field): _value(str(field), value) for field, value in changes.items()}


def step_of(message: Message, key: str) -> int:
    """A control step."""
    value = message.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidRequest(f"The step {key!r}", value, "a whole number from 0")
    return value


def texts_of(message: Message, key: str) -> tuple[str, ...]:
    """A list of words, tags for example; none where the key is missing."""
    values = message.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidRequest(f"{key!r}", values, "a list of words")
    return tuple(values)


def folder_of(message: Message, otherwise: str) -> str:
    """The name of a folder, without any path in it."""
    name = message.get("folder") or otherwise
    if not isinstance(name, str) or not is_folder(name):
        raise InvalidRequest("The folder", name, "letters, digits, dots, - and _, at most 80, a letter or digit first")
    return name


def _value(field: str, value: object) -> object:
    if field == "segments" and value is not None:
        return segments_of(value)
    return tuple(value) if isinstance(value, list) else value


def segments_of(value: object) -> tuple[Segment, ...]:
    """Segments as the page sends them."""
    if not isinstance(value, list) or len(value) > MAX_SEGMENTS:
        raise InvalidRequest("The list of segments", value, f"at most {MAX_SEGMENTS} of them")
    segments = list[Segment]()
    for each in value:
        if not isinstance(each, dict) or not isinstance(each.get("text"), str):
            raise InvalidRequest("A segment", each, "start, stop and text")
        segments.append(Segment(step_of(each, "start"), step_of(each, "stop"), each["text"]))
    return tuple(segments)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 1 <= len(name) <= MAX_NAME


def _text(asked: Mapping[str, Any], key: str) -> str | None:
    value = asked.get(key)
    return str(value).strip()[:MAX_TEXT] or None if value is not None else None


def _truth(asked: Mapping[str, Any], key: str) -> bool | None:
    value = _text(asked, key)
    return TRUTH.get(value.lower()) if value else None


def _number(asked: Mapping[str, Any], key: str, least: int, most: int) -> int | None:
    value = _text(asked, key)
    if value is None:
        return None
    if not value.isdecimal() or not least <= int(value) <= most:
        raise InvalidRequest(f"{key!r}", value, f"a whole number from {least} to {most}")
    return int(value)
