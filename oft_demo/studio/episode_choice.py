"""Which episodes a command of the Episodes tab is about: those that are named, or all that a search finds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oft_demo.studio.episode_requests import InvalidRequest, names_of, search_of

if TYPE_CHECKING:
    from oft_demo.data.catalog.entries import Search
    from oft_demo.studio.studio import Studio

PAGE_OF_SEARCH = 500  # entries asked for at once


def chosen(studio: "Studio", message: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that a message gives, or those of everything that its `query` finds; raises InvalidRequest."""
    query = message.get("query")
    if not isinstance(query, dict):
        return names_of(message)
    names = _found(studio, search_of(query))
    if not names:
        raise InvalidRequest("The choice of episodes", "empty", "a search that finds at least one")
    return names


def _found(studio: "Studio", search: "Search") -> tuple[str, ...]:
    names = list[str]()
    while True:
        found = studio.catalog.search(replace(search, offset=len(names), limit=PAGE_OF_SEARCH))
        names.extend(entry.name for entry in found.entries)
        if not found.entries or len(names) >= found.total:
            return tuple(dict.fromkeys(names))
