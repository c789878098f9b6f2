"""What `inspect` found, as a table to read and as values to store."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .policy import OftConfig, cost
from .policy.floors import Device, Floor

GIGA, TERA = 1e9, 1e12
LABEL = 38  # width of the first column
HEADS = {
    "l1": "L1 regression in one pass",
    "diffusion": "diffusion, the trunk once in each of {config.denoising_steps} denoising steps",
    "discrete": "words, all in one pass",
    "autoregressive": "words, one after another in {config.action_dim} passes",
}
LABELS = {
    "featurizer": "vision tower, {config.featurizer.blocks_used} x {config.featurizer.width}",
    "fused_featurizer": "vision tower, {config.fused_featurizer.blocks_used} x {config.fused_featurizer.width}",
    "projector": "projector",
    "proprio_projector": "proprio projector",
    "noisy_action_projector": "noisy-action projector",
    "action_slots": "learned action slots",
    "trunk": "language trunk, {config.language.layers} x {config.language.width}",
    "attention": "  its attention",
    "lm_head": "word head",
    "action_head": "action head",
    "film": "FiLM, computed once an instruction",
    "embeddings": "word embeddings, looked up",
}


@dataclass(frozen=True)
class Inspection:
    """A network's sizes, and what they mean."""

    name: str
    kind: str  # "preset", "bundled policy", "official directory", ...
    published: bool  # whether its towers are the official ones, whose last block goes unused
    config: OftConfig
    prompt_tokens: int
    parameters: dict[str, int]  # by part, as built
    floors: list[tuple[Device, Floor]]  # in bf16
    cpus: list[tuple[Device, Floor]]  # the one here, in every dtype that it may use


def report(found: Inspection) -> str:
    """The table: sizes, parts, memory and floors."""
    return "\n".join([*_facts(found), "", *_parts(found), "", *_memory(found), "", *_floors(found)])


def values(found: Inspection) -> dict[str, Any]:
    """The same for a program, in bytes, seconds and operations."""
    config, prompt_tokens = found.config, found.prompt_tokens
    work, total = cost.flops(config, prompt_tokens), sum(found.parameters.values())
    film = {"film_parameters_official": cost.film_parameters(config, 1)} if found.published and config.film else {}
    return {
        "name": found.name,
        "kind": found.kind,
        "config": config.to_json(),
        "prompt_tokens": prompt_tokens,
        "sequence": cost.sequence(config, prompt_tokens),
        "parameters": found.parameters,
        "parameters_total": total,
        "parameters_read_in_every_query": cost.read_in_every_query(config),
        **film,
        "bytes_bf16": cost.BF16 * total,
        "bytes_int8": cost.INT8 * total,
        "activation_bytes": cost.activation_bytes(config, prompt_tokens),
        "passes": len(list(cost.passes(config, prompt_tokens))),
        "flops": work,
        "flops_total": sum(work.values()),
        "floors": [_floor_values(*each) for each in found.floors],
        "cpu": [_floor_values(*each) for each in found.cpus],
    }


def _facts(found: Inspection) -> list[str]:
    config = found.config
    tokens = cost.sequence(config, found.prompt_tokens)
    joints = f"{config.proprio_dim} joints" if config.proprio else "no joints"
    images = f"{config.images} image{'s' if config.images > 1 else ''}"
    rows = f"{config.chunk_length} row{'s' if config.chunk_length > 1 else ''}"
    layout = " + ".join(f"{count} {kind}" for kind, count in tokens.items())
    facts = {
        "policy": f"{found.name} ({found.kind})",
        "head": HEADS[config.head].format(config=config),
        "says": f"{rows} of {config.action_dim} actions",
        "sees": f"{images} of {config.image_size} x {config.image_size}, {joints}",
        "FiLM": "yes" if config.film else "no",
        "sequence": f"{sum(tokens.values())} tokens: {layout}",
    }
    return [f"{name:10}{fact}" for name, fact in facts.items()]


def _parts(found: Inspection) -> list[str]:
    """One line for each part; those that every query needs first."""
    config, counts = found.config, found.parameters
    work = cost.flops(config, found.prompt_tokens)
    total, read = sum(work.values()), cost.read_in_every_query(config)
    scale, unit = (TERA, "TFLOP") if total > TERA else (GIGA, "GFLOP")

    def line(label: str, count: int, flops: int) -> str:
        held = f"{_amount(count)}{_bytes(cost.BF16 * count)}{_bytes(cost.INT8 * count)}" if count else " " * 30
        needed = f"{flops / scale:10.3f}{100 * flops / total:8.1f} %" if flops else ""
        return f"{label:{LABEL}}{held}{needed}".rstrip()

    def lines(wanted: Callable[[str], bool]) -> list[str]:
        rows = [part for part in LABELS if wanted(part) and (part in counts or part in work)]
        return [line(LABELS[part].format(config=config), counts.get(part, 0), work.get(part, 0)) for part in rows]

    return [
        f"{'part':{LABEL}}{'weights':>10}{'bf16':>10}{'int8':>10}{unit:>10}{'share':>8}",
        *lines(lambda part: part not in cost.ONCE_AN_INSTRUCTION),
        line("needed in every query", read, total),
        *lines(lambda part: part in cost.ONCE_AN_INSTRUCTION),
        line("held in memory", sum(counts.values()), 0),
        *_film_note(found),
    ]


def _film_note(found: Inspection) -> list[str]:
    if not (found.published and found.config.film):
        return []
    towers = found.config.featurizer, found.config.fused_featurizer
    used = sum(tower.blocks_used for tower in towers)
    built = cost.film_parameters(found.config, unused_blocks=1)
    return [
        "",
        f"The official code builds FiLM for all {used + len(towers)} blocks: {_amount(built).strip()} weights. "
        f"Here it is built for {used}: features are",
        "read behind the second-to-last block of each tower, so the last one has no effect and is left out.",
    ]


def _memory(found: Inspection) -> list[str]:
    weights = sum(found.parameters.values())
    activations = cost.activation_bytes(found.config, found.prompt_tokens)
    rows = [("bf16", cost.BF16, ""), ("int8", cost.INT8, "; saves memory, not arithmetic")]
    return [
        f"memory in {name}: {_bytes(size * weights).strip()} of weights, roughly {_bytes(activations).strip()} "
        f"for one query's activations{note}"
        for name, size, note in rows
    ]


def _floors(found: Inspection) -> list[str]:
    columns = f"{'TFLOP/s':>10}{'TB/s':>10}{'compute':>10}{'weights':>10}{'floor':>10}"
    rows = [
        f"{device.name:{LABEL - 20}}{device.flops_per_second / TERA:10.0f}{device.bytes_per_second / TERA:10.1f}"
        f"{_time(floor.compute)}{_time(floor.reading)}{_time(floor.total)}   {floor.bound:10}{device.source}"
        for device, floor in found.floors
    ]
    return [f"{'floor in bf16':{LABEL - 20}}{columns}   {'bound by':10}rates", *rows, "", *_cpus(found)]


def _cpus(found: Inspection) -> list[str]:
    weights = sum(found.parameters.values())
    lines = []
    for device, floor in found.cpus:
        rates = f"{device.flops_per_second / GIGA:.3g} GFLOP/s, {device.bytes_per_second / GIGA:.3g} GB/s"
        held = _bytes(device.bytes_a_weight * weights).strip()
        time = " ".join(_time(floor.total).split())
        lines.append(f"{device.name}: at least {time} a query, {held} of weights (probe: {rates})")
    return lines


def _floor_values(device: Device, floor: Floor) -> dict[str, Any]:
    return {
        "device": device.name,
        "flops_per_second": device.flops_per_second,
        "bytes_per_second": device.bytes_per_second,
        "rates": device.source,
        "compute_seconds": floor.compute,
        "reading_seconds": floor.reading,
        "floor_seconds": floor.total,
        "bound": floor.bound,
    }


def _amount(count: int) -> str:
    """A number of weights in ten columns."""
    scale, unit = (GIGA, "G") if count >= GIGA else (1e6, "M") if count >= 1e6 else (1e3, "k")
    return f"{count / scale:8.{_decimals(count / scale)}f} {unit}"


def _bytes(count: int) -> str:
    """A number of bytes in ten columns."""
    scale, unit = (GIGA, "GB") if count >= GIGA else (1e6, "MB") if count >= 1e6 else (1e3, "kB")
    return f"{count / scale:7.{_decimals(count / scale)}f} {unit}"


def _time(seconds: float) -> str:
    """A time in ten columns."""
    for limit, scale, unit in ((1e-3, 1e-6, "us"), (1, 1e-3, "ms"), (600, 1, "s"), (36000, 60, "min")):
        if seconds < limit:
            return f"{seconds / scale:7.{_decimals(seconds / scale)}f} {unit:>2}"
    return f"{seconds / 3600:7.1f} h "


def _decimals(value: float) -> int:
    """So many that three digits are seen."""
    return max(0, 2 - math.floor(math.log10(value))) if value >= 0.01 else 3
