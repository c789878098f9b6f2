"""Checks of what a link or a file of settings says; nothing that is in one is trusted."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qs

from .errors import MAX_ROWS, OftDemoError, UnknownName
from .sim import TASKS

MAX_CHANGES = 50  # of the instruction, and as many of the rows, in one run
MAX_STEP = 100_000  # [control steps], 33 minutes
MAX_POLICY = 200  # [characters]; the address of a server is the longest name
MAX_QUERY = 60_000  # [characters]; web servers read no more
OWN_ROWS = "own"
FINGERPRINT = re.compile(r"[\w.:+/=-]{0,128}", re.ASCII)
COUNT = re.compile(r"[0-9]{1,6}")

Change = TypeVar("Change", bound=tuple[int, *tuple[Any, ...]])

Values: TypeAlias = Mapping[str, Sequence[str]]  # of a query: every value of each key


class InvalidLink(OftDemoError):
    """A link, or a file of settings, from which no run can be made."""

    def __init__(self, what: str, found: object, expected: str):
        shown = f"{found!r:.80}" if found is not None else "nothing"
        super().__init__(
            f"This run cannot be repeated: {what} is {shown}; expected {expected}. Ask for the link again."
        )


def parsed(query: str | Mapping[str, str | Sequence[str]]) -> Values:
    """Every value of each key."""
    if not isinstance(query, str):
        return {key: [found] if isinstance(found, str) else list(found) for key, found in query.items()}
    if len(query) > MAX_QUERY:
        raise InvalidLink("the link's length", len(query), f"at most {MAX_QUERY} characters")
    try:
        return parse_qs(query.removeprefix("?"), keep_blank_values=True, max_num_fields=4 * MAX_CHANGES)
    except ValueError:
        raise InvalidLink("the link", query, f"at most {4 * MAX_CHANGES} values") from None


def one(values: Values, key: str, default: str | None = None) -> str:
    """The only value of a key."""
    found = values.get(key, () if default is None else (default,))
    if len(found) != 1:
        raise InvalidLink(f"{key!r} of the link", list(found) or None, "exactly one value")
    return found[0]


def few(values: Values, key: str) -> Sequence[str]:
    """All values of a key that says what changed on the way."""
    found = values.get(key, ())
    if len(found) > MAX_CHANGES:
        raise InvalidLink(f"the number of changes ({key!r})", len(found), f"at most {MAX_CHANGES}")
    return found


def checked_task(name: str) -> str:
    """The name of a task; raises UnknownName."""
    if name not in TASKS:
        raise UnknownName("task", name[:MAX_POLICY], TASKS)
    return name


def checked_policy(name: str) -> str:
    """A name, directory or address of a policy, which need not exist here."""
    if not name.strip() or len(name) > MAX_POLICY or not name.isprintable():
        raise InvalidLink("the policy's name", name, f"1 to {MAX_POLICY} characters that can be seen")
    return name


def checked_fingerprint(text: str) -> str:
    """A fingerprint of weights, or nothing."""
    if not FINGERPRINT.fullmatch(text):
        raise InvalidLink("the weights' fingerprint", text, "at most 128 letters and digits")
    return text


def checked_rows(text: str) -> int | None:
    """Rows of a chunk to carry out; None for as many as the policy asks for."""
    if text == OWN_ROWS:
        return None
    if not COUNT.fullmatch(text) or not 1 <= int(text) <= MAX_ROWS:
        raise InvalidLink("the number of rows to carry out", text, f"1 to {MAX_ROWS}, or {OWN_ROWS!r}")
    return int(text)


def checked_flag(key: str, text: str) -> bool:
    """Yes or no."""
    if text not in ("yes", "no"):
        raise InvalidLink(f"{key!r} of the link", text, "yes or no")
    return text == "yes"


def checked_step(text: str) -> int:
    """The control step of a change."""
    if not COUNT.fullmatch(text) or not 1 <= int(text) <= MAX_STEP:
        raise InvalidLink("the control step of a change", text, f"a whole number from 1 to {MAX_STEP}")
    return int(text)


def in_order(key: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes, which come one after another."""
    found = tuple(changes)
    steps = [step for step, *_ in found]
    if any(after <= before for before, after in pairwise(steps)):
        raise InvalidLink(f"the order of the changes ({key!r})", steps, "steps that grow")
    return found
