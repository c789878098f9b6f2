"""Llama's tokenizer: what it must be, and what random checkpoints bring instead."""

import json

import pytest

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy.config import LLAMA_7B
from oft_demo.policy.official.tokenizer import read_tokenizer


def test_special_tokens_have_llamas_numbers(film_case):
    tokenizer = film_case.read().tokenizer
    assert (tokenizer.unknown_id, tokenizer.start_id, tokenizer.stop_id, tokenizer.pad_id) == (0, 1, 2, 32000)


def test_case_does_not_matter_and_every_text_is_read(film_case):
    tokenizer = film_case.read().tokenizer
    assert tokenizer.encode("FOLD the Shirt") == tokenizer.encode("fold the shirt")
    ids = tokenizer.encode("ünïcode 🙂")
    assert ids[0] == 1
    assert ids[-1] == 29871
    assert 0 not in ids
    assert 32000 not in tokenizer.encode("<PAD>")


def test_random_checkpoints_spell_what_they_do_not_know(write):
    tokenizer = write().read().tokenizer
    known, spelled = tokenizer.encode("put the corn"), tokenizer.encode("püt the corn")
    assert len(known) < len(spelled)
    assert known[-1] == spelled[-1] == 29871
    assert spelled[len(["In:", "What", "action", "should", "the", "robot", "take", "to"]) + 1] >= 3
    assert 0 not in spelled


def test_sentencepiece_alone_says_how_to_go_on(film_case):
    (film_case.directory / "tokenizer.json").rename(film_case.directory / "tokenizer.model")
    with pytest.raises(InvalidCheckpoint, match=r"no tokenizer\.json; .*tokenizer\.model alone .*save_pretrained"):
        film_case.read()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v["model"]["vocab"].update({"▁": 31999}), "the lone space as token 31999; expected 29871"),
        (
            lambda v: (v["added_tokens"].pop(), v["model"]["vocab"].pop("<PAD>")),
            "without a token 32000; expected the pad_token",
        ),
        (
            lambda v: v["model"]["vocab"].update(far=40000),
            "with a token 40000; expected numbers below vocab_size 32064",
        ),
        (lambda v: v.update(model={"type": "Nothing"}), "tokenizer.json that does not load"),
    ],
)
def test_other_tokenizers_are_refused(film_case, change, message):
    path = film_case.directory / "tokenizer.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(InvalidCheckpoint, match=message):
        read_tokenizer(film_case.directory, LLAMA_7B)
