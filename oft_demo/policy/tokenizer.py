"""Instructions to token ids: the published prompt, cut by whatever tokenizer.json a policy brings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Backend
from tokenizers.models import WordLevel

PROMPT_START = "In: What action should the robot take to"
PROMPT_END = "?\nOut:"
UNKNOWN, START, STOP, PAD, SPACE = "[UNK]", "[BOS]", "[EOS]", "[PAD]", "▁"
ROLES = ("unk_token", "bos_token", "eos_token", "pad_token")
MAX_LENGTH = 2048


def prompt_of(instruction: str) -> str:
    """The sentence that every OFT policy reads; the instruction is lower-cased and otherwise left as it is."""
    return f"{PROMPT_START} {instruction.lower()}{PROMPT_END}"


class Tokenizer:
    """Encodes instructions; the ids of its special tokens belong to the model's config."""

    def __init__(self, backend: Backend, special: dict[str, str]):
        self._backend = backend
        self._special = special
        self.unknown_id, self.start_id, self.stop_id, self.pad_id = (self._id(special[role]) for role in ROLES)
        self._space_id = self._id(SPACE)

    @property
    def size(self) -> int:
        """Number of ids."""
        return self._backend.get_vocab_size()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that it knows, in the order of their ids; without special tokens."""
        special = {*self._special.values(), SPACE, PROMPT_START, PROMPT_END}
        vocabulary = self._backend.get_vocab()
        return tuple(word for word in sorted(vocabulary, key=vocabulary.__getitem__) if word not in special)

    def prompt_ids(self, instruction: str) -> list[int]:
        """BOS and the prompt."""
        return [self.start_id, *self._backend.encode(prompt_of(instruction), add_special_tokens=False).ids]

    def encode(self, instruction: str) -> list[int]:
        """BOS, the prompt, and the lone space after "Out:" at which the network begins to act."""
        ids = self.prompt_ids(instruction)
        return ids if ids[-1] == self._space_id else [*ids, self._space_id]

    def unknown_words(self, instruction: str) -> tuple[str, ...]:
        """Words that the policy cannot tell from any other unknown one, in the order in which they were typed."""
        coded = self._backend.encode(instruction, add_special_tokens=False)
        pairs = zip(coded.ids, coded.offsets, strict=True)
        found = [instruction[start:end] for number, (start, end) in pairs if number == self.unknown_id]
        return tuple(dict.fromkeys(found))

    def save(self, directory: Path) -> None:
        """Write tokenizer.json and tokenizer_config.json, as transformers reads them."""
        self._backend.save(str(directory / "tokenizer.json"))
        about = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": MAX_LENGTH, **self._special}
        (directory / "tokenizer_config.json").write_text(json.dumps(about, indent=2) + "\n")

    @classmethod
    def load(cls, directory: Path) -> Tokenizer:
        """Read what `save` wrote; raises what json, tokenizers and a missing file raise."""
        about = json.loads((directory / "tokenizer_config.json").read_text())
        backend = Backend.from_file(str(directory / "tokenizer.json"))
        return cls(backend, {role: about[role] for role in ROLES})

    def _id(self, token: str) -> int:
        found = self._backend.token_to_id(token)
        if found is None:
            raise ValueError(f"the vocabulary has no token {token!r}")
        return found


def build_tokenizer(words: Iterable[str]) -> Tokenizer:
    """A word-level tokenizer that ignores case and punctuation; `words` may be words or whole sentences.

    The fixed parts of the prompt are one token each, so that a small model does not spend a dozen on them.
    """
    punctuation = pre_tokenizers.Split(Regex(r"[^\w\s]"), "removed")
    splitter = pre_tokenizers.Sequence([punctuation, pre_tokenizers.WhitespaceSplit()])
    normalizer = normalizers.Lowercase()
    known = {word for text in words for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))}
    special: dict[str, str] = dict(zip(ROLES, (UNKNOWN, START, STOP, PAD), strict=True))
    listed = (*special.values(), SPACE, *sorted(known))
    backend = Backend(WordLevel({word: index for index, word in enumerate(listed)}, unk_token=UNKNOWN))
    backend.normalizer = normalizer
    backend.pre_tokenizer = splitter
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in special.values()])
    backend.add_tokens([AddedToken(text, normalized=True) for text in (PROMPT_START, PROMPT_END)])
    return Tokenizer(backend, special)
