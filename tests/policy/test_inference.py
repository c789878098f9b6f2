"""The engine: instructions remembered, batches equal to single queries, memory of its own for what a graph reads."""

import pytest
import torch

from oft_demo.policy.decoding import decode
from oft_demo.policy.inference import REMEMBERED, Engine, Inputs, _copied

CPU = torch.device("cpu")


@pytest.fixture
def engine(make_model):
    return Engine(make_model(), CPU)


def test_an_instruction_is_embedded_once(engine, tokenizer):
    tokens = tokenizer.encode("cook the corn")
    assert engine.prompt(tokens) is engine.prompt(list(tokens))
    assert engine.prompt(tokens, 0.5) is not engine.prompt(tokens)


def test_only_the_last_instructions_are_remembered(engine, tokenizer):
    tokens = tokenizer.encode("cook the corn")
    first = engine.prompt(tokens)
    for count in range(REMEMBERED):
        engine.prompt([*tokens, *[tokens[-1]] * (count + 1)])
    assert engine.prompt(tokens) is not first


def test_acting_at_once_equals_seeing_and_deciding(engine, make_model, inputs, tokenizer):
    pixels, proprio = inputs[0][:1], inputs[1][:1]
    prompt = engine.prompt(tokenizer.encode("cook the corn"))
    found = engine.act(Inputs(pixels, proprio, prompt, None))
    model = make_model()
    plain = model.prompt(torch.tensor([tokenizer.encode("cook the corn")]))
    expected = decode(model, model.see(pixels, plain.modulation), proprio, plain).actions
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not engine.graphed


def test_film_is_scaled_in_single_queries_and_in_batches(engine, inputs, tokenizer):
    rows = [tokenizer.encode(text) for text in ("cook the corn", "put the red pepper into the pot")]
    together = engine.see(inputs[0], engine.prompts(rows, 0.0))
    for index, row in enumerate(rows):
        alone = engine.see(inputs[0][index : index + 1], engine.prompt(row, 0.0))
        torch.testing.assert_close(together[index], alone[0], rtol=1e-4, atol=1e-5)
        assert not torch.allclose(alone, engine.see(inputs[0][index : index + 1], engine.prompt(row)))


def test_what_a_graph_reads_is_not_what_the_caller_holds(engine, inputs, tokenizer):
    prompt = engine.prompt(tokenizer.encode("cook the corn"))
    held = Inputs(inputs[0][:1], inputs[1][:1], prompt, torch.randn(1, 5, 14))
    copied = _copied(held)
    assert held.prompt.modulation is not None
    assert copied.prompt.modulation is not None
    pairs = [
        (held.pixels, copied.pixels),
        (held.proprio, copied.proprio),
        (held.noise, copied.noise),
        (held.prompt.words, copied.prompt.words),
        (held.prompt.modulation.featurizer[0][0], copied.prompt.modulation.featurizer[0][0]),
    ]
    for mine, copy in pairs:
        assert torch.equal(mine, copy)
        assert mine.data_ptr() != copy.data_ptr()


def test_another_instruction_s_film_can_be_put_where_a_graph_reads_it(engine, tokenizer):
    first, second = (engine.prompt(tokenizer.encode(text)).modulation for text in ("cook the corn", "transfer cube"))
    memory = first.scaled(1.0)
    place = memory.featurizer[1][1].data_ptr()
    with torch.inference_mode():
        memory.copy_(second)
    assert memory.featurizer[1][1].data_ptr() == place
    assert torch.equal(memory.fused_featurizer[0][0], second.fused_featurizer[0][0])
