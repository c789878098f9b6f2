"""Instructions to token ids, for any tokenizer.json with Llama's special tokens."""

import re
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer as TokenizerFile
from tokenizers import models, normalizers, pre_tokenizers

PAD_TOKEN, BOS_TOKEN, STOP_TOKEN, UNKNOWN_TOKEN = "<pad>", "<s>", "</s>", "<unk>"
SPECIAL_TOKENS = (PAD_TOKEN, BOS_TOKEN, STOP_TOKEN, UNKNOWN_TOKEN)  # in the order of their ids, 0..3
# The published prompt asks "What action should the robot take to ...?"; a model that knows a hundred words and no
# English gains nothing from a sentence that never changes.
TEMPLATE = "in: {instruction} out:"
TEMPLATE_WORDS = ("in", "out", ":")


class Tokenizer:
    """Turns an instruction into the ids of the whole prompt, BOS first."""

    def __init__(self, file: TokenizerFile, template: str = TEMPLATE):
        self._file = file
        self.template = template
        self.pad_id, self.bos_id, self.stop_id, self.unknown_id = (
            self._id(token, number) for number, token in enumerate(SPECIAL_TOKENS)
        )

    @property
    def size(self) -> int:
        """Rows of the embedding table."""
        return self._file.get_vocab_size()

    @property
    def words(self) -> tuple[str, ...]:
        """The vocabulary without special tokens, sorted."""
        return tuple(sorted(set(self._file.get_vocab()) - set(SPECIAL_TOKENS)))

    def encode(self, instruction: str) -> list[int]:
        """Ids of the prompt: BOS, template and instruction in lower case; unknown words share one id."""
        prompt = self.template.format(instruction=instruction.lower())
        return [self.bos_id, *self._file.encode(prompt, add_special_tokens=False).ids]

    def unknown_words(self, instruction: str) -> tuple[str, ...]:
        """The words of an instruction that are not in the vocabulary, in order, each once."""
        vocabulary = self._file.get_vocab()
        words = re.findall(r"\w+", instruction.lower())
        return tuple(dict.fromkeys(word for word in words if word not in vocabulary))

    def save(self, path: Path) -> None:
        """Write tokenizer.json."""
        self._file.save(str(path))

    @classmethod
    def load(cls, path: Path, template: str = TEMPLATE) -> "Tokenizer":
        """Read tokenizer.json."""
        return cls(TokenizerFile.from_file(str(path)), template)

    def _id(self, token: str, default: int) -> int:
        found = self._file.token_to_id(token)
        return default if found is None else found


def build_tokenizer(words: Iterable[str]) -> Tokenizer:
    """A word tokenizer that knows `words` (and the template's), in any case."""
    known = sorted({word for text in words for word in re.findall(r"\w+", text.lower())} | set(TEMPLATE_WORDS))
    vocabulary = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *known))}
    file = TokenizerFile(models.WordLevel(vocabulary, unk_token=UNKNOWN_TOKEN))
    file.normalizer = normalizers.Lowercase()  # pyright: ignore[reportAttributeAccessIssue]  a property of the library
    file.pre_tokenizer = pre_tokenizers.Whitespace()  # pyright: ignore[reportAttributeAccessIssue]
    file.add_special_tokens([PAD_TOKEN, BOS_TOKEN, STOP_TOKEN])
    return Tokenizer(file)
