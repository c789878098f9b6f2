"""Words said in turn against chunks said at once, on the same trunk: the paper's tables II and III."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oft_demo.bench.lines import Answers, Heading, Line, Note, Ratio
from oft_demo.bench.literal import LiteralPolicy, Question
from oft_demo.bench.networks import answer, inputs_of, random_question, with_head
from oft_demo.bench.timing import Entrant, taking_turns
from oft_demo.policy import OftModel
from oft_demo.policy.action_tokens import values_of
from oft_demo.policy.inference import Engine
from oft_demo.policy.llama import Memory

PUBLISHED = "OpenVLA, word after word, as published"
REMEMBERED = "OpenVLA on our trunk, keys and values remembered"
FORGOTTEN = "OpenVLA on our trunk, a whole pass for every word"
# (0.2396 - 0.0629) s / 6 words against 0.0629 s in the paper's table II.
ABOUT_MEMORY = (
    "A word that follows remembered keys and values took the paper's GPU about half a whole pass, and takes a",
    "processor far less: its passes wait for arithmetic, a GPU's words for memory. Only that gain is smaller here.",
)
SELDOM = 5  # a whole pass for every word takes long: measured in every fifth round of many


@dataclass(frozen=True)
class Way:
    """One way to answer a query."""

    name: str
    rows: int  # actions that an answer holds
    work: Callable[[], object]
    every: int = 1


def decoding(
    title: str, model: OftModel, bar: float, rounds: int, bar_over_memory: float | None = None
) -> Iterator[Line]:
    """Latency and actions/s of each way in turns, then what the last of them gains; takes the network over."""
    ways = list(ways_of(model))
    entrants = {way.name: Entrant(way.work, min(way.every, max(1, rounds // SELDOM))) for way in ways}
    seconds = taking_turns(entrants.items(), rounds)
    rates = {way.name: way.rows / seconds[way.name] for way in ways}
    yield Heading(title, ("ms", "actions/s"))
    for way in ways:
        yield Answers(way.name, 1e3 * seconds[way.name], rates[way.name])
    best = rates[ways[-1].name]
    yield Ratio("gain in actions/s: over a whole pass for every word", best / rates[FORGOTTEN], bar)
    yield Ratio("over OpenVLA as published, which remembers keys and values", best / rates[PUBLISHED], bar_over_memory)
    yield Ratio("over the same on our trunk", best / rates[REMEMBERED])
    for text in ABOUT_MEMORY:
        yield Note(text)


def ways_of(model: OftModel) -> Iterator[Way]:
    """From OpenVLA to the network itself, which has an L1 head. Words are said without joints and FiLM, as OpenVLA
    says them."""
    config, device = model.config, torch.device("cpu")
    question = random_question(config)
    in_turn, one = with_head(model, "autoregressive", 1), with_head(model, "discrete", 1)
    chunk = with_head(model, "discrete", config.chunk_length)
    published = LiteralPolicy(in_turn)
    said = Engine(in_turn, device)
    yield Way(PUBLISHED, 1, lambda: published.act(question))
    yield Way(REMEMBERED, 1, lambda: answer(said, question))
    yield Way(FORGOTTEN, 1, lambda: said_without_memory(said, question), SELDOM)
    names = "+ parallel decoding (K = 1)", f"+ chunk (K = {config.chunk_length})"
    for name, network in zip(names, (one, chunk), strict=True):
        engine = Engine(network, device)
        yield Way(name, network.config.chunk_length, lambda engine=engine: answer(engine, question))
    engine = Engine(model, device)
    name = "+ L1 head" + (", joints and FiLM: OFT+" if config.film else ": OFT")
    yield Way(name, config.chunk_length, lambda: answer(engine, question))


@torch.inference_mode()
def said_without_memory(engine: Engine, question: Question) -> Float[Tensor, "1 d"]:
    """One row, word after word, with a pass over the whole sequence for each; pictures are looked at once."""
    model, inputs = engine.model, inputs_of(engine, question)
    trunk, words = model.language_model.model, []
    sequence = model.sequence(model.see(inputs.pixels, inputs.prompt.modulation), inputs.proprio, inputs.prompt)
    for _ in range(model.config.action_dim):
        last = trunk.go_on(sequence, Memory())[:, -1:]
        words.append(model.language_model.lm_head(last).argmax(-1))
        sequence = torch.cat([sequence, trunk.embed(words[-1])], 1)
    return values_of(torch.cat(words, 1), model.config.language.vocabulary)
