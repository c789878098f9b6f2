"""What a person should know about a policy before believing it: sizes, data, and how fast it answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .policy_sources import short
from .types import JOINT_COUNT, Observation, Policy

if TYPE_CHECKING:
    from .policy import OftPolicy
    from .serve import RemotePolicy

INTERVENTION = (
    "switched off: gamma = beta = 0 in every vision block of weights that were trained with FiLM. An intervention in a "
    "trained network, not the paper's ablation, which is a network trained without FiLM"
)
MORE_ANSWERS = 4  # after the first one, which also warms up
PATIENCE = 2.0  # [s] a first answer that takes longer is not followed by others
SENT = {"frames": "as the cameras give them", "openvla": "prepared here, {size} px", "padded": "padded to {size} px"}

Rows: TypeAlias = Mapping[str, str]  # name and value of each fact, in the order in which they are shown


@dataclass(frozen=True)
class Latency:
    """How long answers took."""

    median_ms: float
    answers: int

    def text(self, where: str) -> str:
        """In words."""
        count = f"median of {self.answers}" if self.answers > 1 else "one answer"
        return f"{self.median_ms:.0f} ms {where} ({count})"


@dataclass(frozen=True)
class Card:
    """What is shown of a policy."""

    title: str
    rows: Rows
    full_name: str = ""  # where the title shortens it


def measured(
    policy: Policy,
    frame_size: tuple[int, int],
    cameras: tuple[str, ...],
    instruction: str,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency:
    """Ask for chunks on black pictures of `frame_size` (height, width)."""
    blank = np.zeros((*frame_size, 3), np.uint8)
    observation = Observation(dict.fromkeys(cameras, blank), np.zeros(JOINT_COUNT, np.float32))

    def seconds() -> float:
        started = clock()
        policy.act(observation, instruction)
        return clock() - started

    first = seconds()
    times = [seconds() for _ in range(MORE_ANSWERS)] if first < PATIENCE else [first]
    return Latency(1e3 * statistics.median(times), len(times))


def card_of(policy: OftPolicy, latency: Latency, name: str) -> Card:
    """A policy in this machine's memory."""
    about, off = dict(policy.about), policy.film and policy.film_scale == 0
    ending = {name: about.pop(name) for name in ("Head", "Statistics", "Runs on")}
    rows = {
        **about,
        "Chunk": f"K = {policy.chunk_length} rows of D = {policy.action_dim}; replans after {policy.replan_after}",
        "Cameras": _cameras(policy.cameras),
        "FiLM": INTERVENTION if off else _yes(policy.film),
        "Head": ending["Head"],
        "Statistics": ending["Statistics"],
        "Fingerprint": policy.fingerprint,
        "Runs on": ending["Runs on"],
        "Latency": latency.text("on this machine"),
    }
    kind = f"OFT{'+' if policy.film else ''}{' with FiLM switched off' if off else ''}"
    title = f"{short(name)}: {kind}, {rows['Parameters']} parameters, {latency.median_ms:.0f} ms a chunk"
    return Card(title, rows, name if short(name) != name else "")


def remote_card(policy: RemotePolicy, latency: Latency, url: str) -> Card:
    """A policy behind a server, as far as the server tells."""
    known = policy.introduction
    rows = {
        "Served at": url,
        "Calls itself": known.name,
        **known.about,
        "Chunk": f"K = {known.rows or 'any number of'} rows of {1000 * known.dt:.0f} ms",
        "Replans after": f"{known.replan_after} rows",
        "Cameras": _cameras(known.cameras),
        "FiLM": "not told" if known.film is None else _yes(known.film),
        "Pictures": SENT[known.pictures].format(size=known.image_size),
        "Fingerprint": known.fingerprint or "not told",
        "Latency": latency.text("with the network"),
    }
    return Card(f"{known.name}: remote, {latency.median_ms:.0f} ms a chunk", rows)


def expert_card() -> Card:
    """The scripted expert."""
    rows = {
        "Kind": "a script, no network and no weights",
        "Sees": "the objects' true positions, read from the simulator, as no real policy can",
        "For": "recording demonstrations, and as a bound for what a policy can reach",
    }
    return Card("expert: scripted", rows)


def _cameras(cameras: tuple[str, ...]) -> str:
    return ", ".join(camera.removeprefix("cam_").replace("_", " ") for camera in cameras)


def _yes(film: bool) -> str:
    return "yes, in every vision block" if film else "no"
