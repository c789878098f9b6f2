"""What an official checkpoint is, in words, and a fingerprint by which it is told from others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from oft_demo.policy import cost
from oft_demo.policy.config import OftConfig
from oft_demo.policy.normalization import Statistics
from oft_demo.policy.official.facts import Facts
from oft_demo.policy.official.plan import Plan
from oft_demo.policy.official.statistics import Entry

PLACES, WIDTH = 4, 64  # of every tensor: bytes from so many places
DIGITS = 12


def fingerprint_of(plan: Plan) -> str:
    """Names, shapes and samples of every tensor: all of 15 GB would take longer than loading them."""
    digest = hashlib.sha256()
    for name, source in sorted(plan.sources.items()):
        digest.update(json.dumps([name, source.shape, source.bytes_read]).encode())
        digest.update(source.sample(PLACES, WIDTH))
    return digest.hexdigest()[:DIGITS]


def card_of(directory: Path, config: OftConfig, facts: Facts, plan: Plan, entry: Entry) -> str:
    """A short card in Markdown."""
    towers = config.featurizer, config.fused_featurizer
    language, statistics = config.language, entry.statistics
    rows = {
        "Weights": f"{sum(cost.parameters(config).values()) / 1e6:,.0f} M",
        "Language model": f"{language.layers} layers, width {language.width}, {language.heads} heads",
        "Vision towers": " and ".join(f"{tower.blocks_used} blocks of width {tower.width}" for tower in towers),
        "FiLM": "yes" if config.film else "no",
        "LoRA": _updates(plan),
        "Head": _head(config),
        "Chunk": f"K = {config.chunk_length} rows of D = {config.action_dim} values, {facts.control_hz:g} a second",
        "Joints": f"{config.proprio_dim}" if config.proprio else "not read",
        "Cameras": ", ".join(facts.cameras),
        "Pictures": f"{config.image_size} x {config.image_size}{', centre crop' if config.center_crop else ''}",
        "Statistics": f"`{entry.key}` in {entry.file}, {config.normalization}; {_amount(statistics)}",
        "Step": ", ".join(dict.fromkeys(one.step for one in plan.components)) or "not said",
        "Preset": facts.platform,
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join([f"# {directory.name}", "", "An OpenVLA-OFT checkpoint.", "", "| | |", "|---|---|", *lines, ""])


def _updates(plan: Plan) -> str:
    updates = plan.updates
    if not updates:
        return "merged before it was saved"
    ranks = ", ".join(map(str, sorted({update.rank for update in updates})))
    alphas = ", ".join(f"{alpha:g}" for alpha in sorted({update.alpha for update in updates}))
    return f"r = {ranks}, alpha = {alphas}; merged into {len(updates)} layers of the vision towers when loaded"


def _head(config: OftConfig) -> str:
    return f"diffusion, {config.denoising_steps} steps" if config.head == "diffusion" else config.head


def _amount(statistics: Statistics) -> str:
    if not statistics.transitions:
        return "how many transitions is not said"
    return f"{statistics.trajectories:,} trajectories, {statistics.transitions:,} transitions"
