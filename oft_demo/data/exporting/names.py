"""File names made of what people wrote: safe on every file system, and still readable as words."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST_NAME = 120  # [characters]; ext4 takes 255 bytes, and a letter may have four, but paths add up
LONGEST_BYTES = 200
NAMELESS = "unnamed"


def words_of(text: str) -> str:
    """Letters, digits and single spaces of a text in lower case: what is left when it was a folder's name."""
    plain = unicodedata.normalize("NFC", text).lower()
    kept = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain)
    return " ".join(kept.split())


def folder_name(text: str) -> str:
    """The words with underscores between them, cut at a word where they are too many."""
    name = words_of(text).replace(" ", "_") or NAMELESS
    if not _fits(name):
        while not _fits(name):
            name = name[:-1]
        name = name.rsplit("_", 1)[0] if "_" in name else name
    return name


def folder_names(texts: Iterable[str]) -> dict[str, str]:
    """A folder for every text; texts of the same words share one, others that would are numbered."""
    names, owners = dict[str, str](), dict[str, str]()
    for text in texts:
        words, name, number = words_of(text), folder_name(text), 2
        while owners.get(name, words) != words:
            name, number = f"{folder_name(text)}_{number}", number + 1
        names[text], owners[name] = name, words
    return names


def is_dataset_name(name: str) -> bool:
    """Whether TFDS takes it as a data set's and Python as a module's name."""
    return re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) is not None and len(name) <= LONGEST_NAME


def _fits(name: str) -> bool:
    return len(name) <= LONGEST_NAME and len(name.encode()) <= LONGEST_BYTES
