"""The published inference against ours on the same weights, and where the difference lies."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from oft_demo.bench.lines import Answers, Heading, Line, Note
from oft_demo.bench.literal import Habits, LiteralPolicy, Question
from oft_demo.bench.networks import ALOHA, answer, middle, random_model, random_question
from oft_demo.bench.timing import Entrant, taking_turns
from oft_demo.parity import checkpoint_of, read_case
from oft_demo.policy import OftModel
from oft_demo.policy.inference import Engine

BAR = 2.0
OURS, LITERAL = "ours", "as published"
COLUMNS = ("ms", "actions/s", "ratio")
# What the published code does and need not, left out one after another, each beside those before it.
LEFT_OUT = (
    ("  LoRA merged into the weights", {"adapters": False}),
    ("  last ViT blocks not run", {"last_blocks": False}),
    ("  images together, FiLM once a query", {"single_pictures": False}),
    ("  no language head over all positions", {"words": False}),
    ("  no keys, values and hidden states kept", {"keeps": False}),
)


def fast_path(case: Path, rounds: int = 11) -> Iterator[Line]:
    """On the recorded tiny case, where there is one, and on the middle-sized network."""
    if case.is_dir():
        yield from compared(f"The recorded case {case.name}", *recorded(case), rounds)
    model = random_model(middle(ALOHA))
    title = f"A middle-sized network, {model.parameter_count / 1e6:.1f} M weights"
    yield from compared(title, model, random_question(model.config), rounds)


def recorded(directory: Path) -> tuple[OftModel, Question]:
    """The network of a recorded case, not yet fused, and its first question."""
    case = read_case(directory)
    query, facts = case.queries[0], case.facts
    checkpoint = checkpoint_of(case)
    pictures = [torch.from_numpy(case.recorded(query, f"cropped_{index}")) for index in range(facts.images)]
    proprio = torch.from_numpy(case.expected[f"{query.prefix}proprio_normalized"]).float().reshape(1, -1)
    tokens = tuple(checkpoint.tokenizer.encode(query.instruction))
    return checkpoint.model, Question(torch.stack(pictures), proprio, tokens)


def compared(title: str, model: OftModel, question: Question, rounds: int) -> Iterator[Line]:
    """Published and ours in turns, then the published way without one waste after another; takes the network over."""
    ways = {LITERAL: LiteralPolicy(model)}
    habits = Habits()
    for name, change in LEFT_OUT:
        habits = replace(habits, **change)
        ways[name] = LiteralPolicy(model, habits)
    engine = Engine(model, torch.device("cpu"))
    works = [(name, Entrant(lambda way=way: way.act(question))) for name, way in ways.items()]
    seconds = taking_turns([*works, (OURS, Entrant(lambda: answer(engine, question)))], rounds)
    worst = (ways[LITERAL].act(question) - answer(engine, question)).abs().max().item()
    rows = model.config.chunk_length
    yield Heading(title, COLUMNS)
    for name, _ in works:
        yield Answers(name, 1e3 * seconds[name], rows / seconds[name], seconds[LITERAL] / seconds[name])
    yield Answers(OURS, 1e3 * seconds[OURS], rows / seconds[OURS], seconds[LITERAL] / seconds[OURS], BAR)
    yield Note(f"largest difference between their normalised actions: {worst:.1e}")
