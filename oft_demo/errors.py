"""Every error that a person may see; str(error) is the whole message.

OftDemoError
├── InvalidInstruction      empty, too long, or unknown words
├── UnknownName             a policy, task, camera or episode that does not exist
├── InvalidSeed
├── InvalidRows             rows of a chunk to carry out
├── InvalidCheckpoint       a policy directory that cannot be loaded
├── InvalidEpisode          an HDF5 file that cannot be read
├── InvalidData             a training set that cannot be used
├── MissingSystemLibrary    no OpenGL, no browser
└── SeatsTaken              too many visitors
"""

import math
from collections.abc import Iterable
from pathlib import Path

MAX_INSTRUCTION_LENGTH = 200  # [characters]; the longest published instruction has 44
MAX_SEED = 2**31 - 1
MAX_ROWS = 1000  # of a chunk; no policy predicts as many


class OftDemoError(Exception):
    """Base of all errors with a message for people."""


class InvalidInstruction(OftDemoError):
    """The instruction cannot be given to a policy."""


class EmptyInstruction(InvalidInstruction):
    """No words at all."""

    def __init__(self, example: str):
        super().__init__(f'The instruction is empty. Type what the robot should do, for example "{example}".')


class LongInstruction(InvalidInstruction):
    """More characters than any policy here reads."""

    def __init__(self, length: int):
        super().__init__(
            f"The instruction has {length} characters; at most {MAX_INSTRUCTION_LENGTH} are read. Shorten it."
        )


class UnknownName(OftDemoError):
    """Something was asked for by a name that does not exist."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]):
        listed = ", ".join(sorted(choices)) or "none yet"
        super().__init__(f"There is no {kind} named {name!r}. Choose one of: {listed}.")


class InvalidSeed(OftDemoError):
    """A seed is a whole number from 0 to MAX_SEED."""

    def __init__(self, found: object):
        super().__init__(f"The seed is {found!r}; it must be a whole number from 0 to {MAX_SEED}.")


class InvalidRows(OftDemoError):
    """A number of rows that cannot be carried out."""

    def __init__(self, found: object):
        super().__init__(
            f"Rows to carry out: {found!r}; choose a whole number from 1 to {MAX_ROWS}, or the policy's own."
        )


class InvalidCheckpoint(OftDemoError):
    """A policy directory that cannot be loaded."""

    def __init__(self, path: Path, found: str, expected: str):
        super().__init__(f"Cannot load the policy in {path.name}: found {found}; expected {expected}.")


class InvalidEpisode(OftDemoError):
    """An episode file that cannot be read."""

    def __init__(self, path: Path, found: str, expected: str):
        super().__init__(f"Cannot read the episode {path.name}: found {found}; expected {expected}.")


class InvalidData(OftDemoError):
    """A training set that cannot be used."""


class MissingSystemLibrary(OftDemoError):
    """A library of the operating system is missing."""

    def __init__(self, what: str, command: str):
        super().__init__(f"{what} is missing on this machine. Install it with: {command}")


class SeatsTaken(OftDemoError):
    """Every simulation seat is in use."""

    def __init__(self, seats: int):
        super().__init__(f"All {seats} simulation seats are taken. Try again in a minute.")


def checked_seed(value: object) -> int:
    """Parse a seed from a browser or a command line; raises InvalidSeed."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidSeed(value)
    try:
        number = float(value)
    except ValueError:
        raise InvalidSeed(value) from None
    if not math.isfinite(number) or number != int(number) or not 0 <= number <= MAX_SEED:
        raise InvalidSeed(value)
    return int(number)


def checked_rows(value: object) -> int | None:
    """Parse a number of rows; nothing means as many as the policy asks for. Raises InvalidRows."""
    text = str(value if value is not None else "").strip()
    if text in ("", "0", "None"):
        return None
    if not text.isdecimal() or not 1 <= int(text) <= MAX_ROWS:
        raise InvalidRows(value)
    return int(text)


def checked_instruction(text: object, example: str) -> str:
    """Parse an instruction from a browser or a command line; raises InvalidInstruction."""
    if not isinstance(text, str) or not text.strip():
        raise EmptyInstruction(example)
    if len(text) > MAX_INSTRUCTION_LENGTH:
        raise LongInstruction(len(text))
    return " ".join(text.split())
