"""Llama's tokenizer as an official checkpoint brings it: prompts become the ids that the policy was trained with."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer as Backend

from oft_demo.policy.config import LlamaConfig
from oft_demo.policy.official.complaints import MissingFile, UnusableFile
from oft_demo.policy.official.files import MAX_JSON_BYTES
from oft_demo.policy.tokenizer import ROLES, SPACE, Tokenizer

TOKENIZER, SENTENCEPIECE = "tokenizer.json", "tokenizer.model"
UNKNOWN_ID, START_ID = 0, 1
SPACE_ID = 29871  # the lone space at which a policy begins to act; the published code appends this very number


class LlamaTokenizer(Tokenizer):
    """Encodes any text: what is in no word is spelled in bytes."""

    @property
    def words(self) -> tuple[str, ...]:
        """None: the vocabulary is open."""
        return ()

    def unknown_words(self, instruction: str) -> tuple[str, ...]:
        """None: every text has tokens."""
        return ()


def read_tokenizer(directory: Path, language: LlamaConfig) -> LlamaTokenizer:
    """Read tokenizer.json and check that it is of this language model; raises InvalidCheckpoint."""
    path = directory / TOKENIZER
    if not path.is_file():
        advice = ""
        if (directory / SENTENCEPIECE).is_file():
            advice = (
                f"{SENTENCEPIECE} alone is not read; make {TOKENIZER} of it with transformers: "
                "AutoTokenizer.from_pretrained(directory, use_fast=True).save_pretrained(directory)"
            )
        raise MissingFile(directory, TOKENIZER, "a Llama tokenizer", advice)
    if path.stat().st_size > MAX_JSON_BYTES:
        raise UnusableFile(directory, TOKENIZER, f"of {path.stat().st_size} bytes", f"at most {MAX_JSON_BYTES}")
    try:
        backend = Backend.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise UnusableFile(directory, TOKENIZER, f"that does not load ({error})", "a Llama tokenizer") from error
    backend.no_truncation()
    backend.no_padding()
    return LlamaTokenizer(backend, _special(directory, backend, language))


def _special(directory: Path, backend: Backend, language: LlamaConfig) -> dict[str, str]:
    """The tokens with a meaning of their own, by role."""
    special: dict[str, str] = {}
    for role, number in zip(ROLES, (UNKNOWN_ID, START_ID, language.stop_id, language.pad_id), strict=True):
        token = backend.id_to_token(number)
        if token is None:
            raise UnusableFile(directory, TOKENIZER, f"without a token {number}", f"the {role} there, as in Llama")
        special[role] = token
    if backend.token_to_id(SPACE) != SPACE_ID:
        found = f"with the lone space as token {backend.token_to_id(SPACE)}"
        raise UnusableFile(directory, TOKENIZER, found, f"{SPACE_ID}, as in Llama 2")
    largest = max(backend.get_vocab().values())
    if largest >= language.vocabulary:
        found = f"with a token {largest}"
        raise UnusableFile(directory, TOKENIZER, found, f"numbers below vocab_size {language.vocabulary}")
    return special
