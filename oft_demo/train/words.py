"""Varied instructions for training: random wordings, unknown words among them, other word orders."""

from collections.abc import Mapping, Sequence

import numpy as np

from oft_demo.train.recipe import WordVariation

UNKNOWN = "xxxxx"  # stands for any word outside the vocabulary


def telling_words(wordings: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """For each object the words that only its own wordings use; a lone object is told by the words of its name."""
    used = {name: {word for text in texts for word in text.lower().split()} for name, texts in wordings.items()}
    if len(used) == 1:
        return {name: frozenset(name.lower().split()) for name in used}
    return {
        name: frozenset(words - set().union(*(other for key, other in used.items() if key != name)))
        for name, words in used.items()
    }


def vary(
    text: str, telling: frozenset[str], settings: WordVariation, random: np.random.Generator, unknown: str = UNKNOWN
) -> str:
    """Change an instruction at random, but leave at least one of the words that tell the object."""
    words = text.lower().split()
    if random.random() < settings.unknown_words:
        words = _with_unknown(words, telling, random, unknown)
    if random.random() < settings.extra_words:
        extra = [unknown] * int(random.integers(1, 4))
        words = extra + words if random.random() < 0.5 else words + extra
    if random.random() < settings.shuffle:
        words = [words[index] for index in random.permutation(len(words))]
    return " ".join(words)


def _with_unknown(words: list[str], telling: frozenset[str], random: np.random.Generator, unknown: str) -> list[str]:
    """Replace a random share of the words; the last telling one stays, as nothing else says what is meant."""
    share = random.random()
    left = sum(word in telling for word in words)
    changed = list(words)
    for index in random.permutation(len(words)):
        if random.random() >= share:
            continue
        if words[index] in telling:
            if left <= 1 or random.random() < 0.5:
                continue
            left -= 1
        changed[index] = unknown
    return changed
