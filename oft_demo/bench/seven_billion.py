"""The published 7B shape with random weights on a GPU: published inference, ours, and the floor under both."""

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from oft_demo.bench.lines import Answers, Heading, Line, Note
from oft_demo.bench.literal import LiteralPolicy, Question
from oft_demo.bench.networks import pixels_of, random_question
from oft_demo.bench.timing import clock_of, median_seconds
from oft_demo.errors import OftDemoError
from oft_demo.policy import OftConfig, OftModel, openvla_7b
from oft_demo.policy.cost import flops, parameters, sequence
from oft_demo.policy.decoding import decode
from oft_demo.policy.inference import Graph, Inputs

LENGTHS = (1145, 1152, 1161)  # of the sequence: 24, 31 and 40 words of prompt
STD = 0.02  # of random weights
LITERAL = "as published"


class NoGpu(OftDemoError):
    """The 7B shape is measured on a GPU or not at all."""

    def __init__(self):
        super().__init__(
            "No CUDA device was found. --seven-billion measures the 7B network, of which a processor would answer a "
            "query in minutes. Run it on a machine with an NVIDIA GPU of 40 GB or more, or leave the option out."
        )


@dataclass(frozen=True)
class Plan:
    """What is measured on what."""

    config: OftConfig
    device: torch.device
    dtype: torch.dtype
    lengths: tuple[int, ...] = LENGTHS
    queries: int = 50
    warm_ups: int = 5
    square: int = 8192  # of the matrices whose product says what the device can do

    def tokens(self, length: int) -> int:
        """Words of the prompt, BOS included, that make a sequence of some length."""
        return length - sum(sequence(self.config, 0).values()) + 1


def seven_billion() -> Iterator[Line]:
    """The published sizes in bf16 on the first GPU; raises NoGpu."""
    if not torch.cuda.is_available():
        raise NoGpu
    yield from measured(Plan(openvla_7b(), torch.device("cuda"), torch.bfloat16))


def measured(plan: Plan) -> Iterator[Line]:
    """Every way at every length of the sequence, and the least time in which the device could do the same work."""
    speed = products_per_second(plan)
    model = random_weights(plan)
    name = torch.cuda.get_device_name(plan.device) if plan.device.type == "cuda" else str(plan.device)
    size = sum(parameters(plan.config).values())
    yield Heading(f"{size / 1e9:.2f} G random weights, {plan.dtype}, {name}", ("ms", "actions/s", "ratio"))
    yield Note(
        f"floor: the work of a query at {speed / 1e12:.3g} TFLOP/s, as products of {plan.square} x {plan.square}"
    )
    rows, literal = plan.config.chunk_length, dict[int, float]()
    for length in plan.lengths:
        work = sum(flops(plan.config, plan.tokens(length) - 1).values())
        yield Answers(f"S = {length}: floor, {work / 1e12:.3g} TFLOP", 1e3 * work / speed, rows * speed / work)
    for way, length, seconds in _timed(plan, model):
        literal.setdefault(length, seconds)
        yield Answers(f"S = {length}: {way}", 1e3 * seconds, rows / seconds, literal[length] / seconds)


def products_per_second(plan: Plan) -> float:
    """Floating point operations a second in one large product."""
    left, right = (torch.randn(plan.square, plan.square, device=plan.device, dtype=plan.dtype) for _ in range(2))
    seconds = median_seconds(lambda: left @ right, plan.queries, clock_of(plan.device), plan.warm_ups)
    return 2 * plan.square**3 / seconds


def random_weights(plan: Plan) -> OftModel:
    """The network with weights made on its device, one after another; norms keep what they begin with."""
    with torch.device("meta"):
        model = OftModel(plan.config).eval()
    like = {"device": plan.device, "dtype": plan.dtype}
    for name, weight in list(model.named_parameters()):
        owner, _, leaf = name.rpartition(".")
        value = torch.empty(weight.shape, **like)
        value = value.fill_(1.0) if "norm" in name and leaf == "weight" else value.normal_(std=STD)
        setattr(model.get_submodule(owner), leaf, nn.Parameter(value, requires_grad=False))
    return model.to(plan.device)


def _timed(plan: Plan, model: OftModel) -> Iterator[tuple[str, int, float]]:
    """From the published way to the fastest; the network is fused on the way."""
    questions = {n: random_question(plan.config, plan.tokens(n), plan.device) for n in plan.lengths}
    policy = LiteralPolicy(model)
    yield from _each(plan, LITERAL, {n: lambda q=q: policy.act(q) for n, q in questions.items()})
    del policy
    _release(plan.device)
    yield from _ours(plan, model, questions, "without its waste", "one graph")
    model.fuse()
    _release(plan.device)
    yield from _ours(plan, model, questions, "fused", "fused, one graph")


def _ours(
    plan: Plan, model: OftModel, questions: Mapping[int, Question], eager: str, graph: str
) -> Iterator[tuple[str, int, float]]:
    with torch.inference_mode():
        given = {n: inputs_of(model, question) for n, question in questions.items()}
        yield from _each(plan, eager, {n: lambda inputs=inputs: act(model, inputs) for n, inputs in given.items()})
        if plan.device.type == "cuda":
            graphs = {n: (Graph(model, inputs), inputs) for n, inputs in given.items()}
            yield from _each(plan, graph, {n: lambda g=g, i=i: g.replay(i) for n, (g, i) in graphs.items()})


def _each(plan: Plan, name: str, works: Mapping[int, Callable[[], object]]) -> Iterator[tuple[str, int, float]]:
    for length, work in works.items():
        yield name, length, median_seconds(work, plan.queries, clock_of(plan.device), plan.warm_ups)


def inputs_of(model: OftModel, question: Question) -> Inputs:
    """A question as the network reads it, its words embedded and their FiLM known."""
    prompt = model.prompt(torch.tensor([question.tokens], device=question.pictures.device))
    return Inputs(pixels_of(question), question.proprio, prompt, None)


def act(model: OftModel, inputs: Inputs) -> torch.Tensor:
    """Normalised actions of a network as it is, fused or not."""
    seen = model.see(inputs.pixels, inputs.prompt.modulation)
    return decode(model, seen, inputs.proprio, inputs.prompt).actions


def _release(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
