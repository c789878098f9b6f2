"""The word-level tokenizer and the published prompt."""

import json

import torch

from oft_demo.policy import Tokenizer, build_tokenizer


def test_case_punctuation_and_spaces_do_not_matter(tokenizer):
    plain = tokenizer.encode("put the red pepper into the pot")
    for text in (
        "Put the RED pepper into the pot",
        "put the red pepper, into the pot!",
        " put  the red pepper into the pot ",
    ):
        assert tokenizer.encode(text) == plain


def test_other_objects_and_other_orders_are_other_tokens(tokenizer):
    texts = ("cook the corn", "cook the pepper", "the corn cook")
    assert len({tuple(tokenizer.encode(text)) for text in texts}) == len(texts)


def test_the_prompt_begins_with_start_and_ends_with_the_lone_space(tokenizer):
    vocabulary = json.loads(tokenizer._backend.to_str())["model"]["vocab"]
    ids = tokenizer.encode("cook the corn")
    assert (ids[0], ids[-1]) == (tokenizer.start_id, vocabulary["▁"])
    assert ids[2:5] == [vocabulary[word] for word in ("cook", "the", "corn")]
    assert tokenizer.unknown_id not in ids
    assert tokenizer.pad_id not in ids


def test_unknown_words_are_named_as_typed_and_once(tokenizer):
    assert tokenizer.unknown_words("Please cook the AUBERGINE, please, the aubergine?") == (
        "Please",
        "AUBERGINE",
        "please",
        "aubergine",
    )
    assert tokenizer.unknown_words("Cook the corn!") == ()
    assert tokenizer.encode("cook the aubergine")[4] == tokenizer.unknown_id


def test_words_are_those_it_was_built_from():
    assert build_tokenizer(["Put it", "put THAT, there"]).words == ("it", "put", "that", "there")


def test_special_tokens_cannot_be_typed(tokenizer):
    for text in ("[PAD] cook", "cook [EOS] the corn", "[BOS]"):
        ids = tokenizer.encode(text)
        assert not {tokenizer.pad_id, tokenizer.stop_id} & set(ids)
        assert ids.count(tokenizer.start_id) == 1


def test_a_saved_tokenizer_encodes_the_same(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    again = Tokenizer.load(tmp_path)
    assert again.encode("cook the red unknown thing") == tokenizer.encode("cook the red unknown thing")
    assert again.words == tokenizer.words


def test_an_empty_instruction_still_has_a_prompt(make_model, inputs, tokenizer):
    tokens = torch.tensor([tokenizer.encode("")] * 2)
    assert make_model()(*inputs, tokens).actions.isfinite().all()
