"""The policies a visitor can pick, each loaded once and shared by all of them."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oft_demo.errors import InvalidInstruction, UnknownName
from oft_demo.sim import AlohaEnv, make_expert
from oft_demo.types import ActionChunk, Observation, Policy, Source

if TYPE_CHECKING:
    from oft_demo.policy import OftPolicy

EXPERT = "expert (scripted, reads the simulator)"
ABOUT_EXPERT = "expert: a script that reads the objects' true positions from the simulator, as no real policy can."
WORD = re.compile(r"\w+")
FAVOURITES = ("aloha-mini", "aloha-mini-nofilm")  # in this order at the top of the list


class NothingUnderstood(InvalidInstruction):
    """Not one word of the instruction is in the policy's vocabulary."""

    def __init__(self, words: tuple[str, ...], example: str):
        listed = ", ".join(f'"{word}"' for word in words)
        super().__init__(
            f"This policy knows none of the words that say what to do: {listed} were never in its training. "
            f'Try, for example, "{example}".'
        )


@dataclass(frozen=True)
class Player:
    """A policy that is ready to act in one simulation."""

    name: str
    policy: Policy
    source: Source
    replan_after: int | None = None  # rows of a chunk that are executed before the policy is asked again
    unknown_words: tuple[str, ...] = ()  # words of the instruction that it never saw
    about: str = ""  # what it is, in one line
    other_pictures: bool = False  # it was trained on pictures drawn in another way than this simulation's


class TakingTurns:
    """A policy that several visitors share: one thread acts at a time."""

    def __init__(self, policy: Policy):
        self._policy = policy
        self._lock = threading.Lock()

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """The shared policy's chunk."""
        with self._lock:
            return self._policy.act(observation, instruction)


class Shelf:
    """Bundled policies by name, and the scripted expert of each task."""

    def __init__(self, directory: Path, load: "Callable[[Path], OftPolicy] | None" = None):
        self._directory = directory
        self._load = load
        self._lock = threading.Lock()
        self._loaded: dict[str, tuple[OftPolicy, TakingTurns]] = {}

    def names(self) -> tuple[str, ...]:
        """What can be picked, the trained policies first."""
        found = self._found()
        first = [name for name in FAVOURITES if name in found]
        return (*first, *sorted(set(found) - set(first)), EXPERT)

    def player(self, name: str, env: AlohaEnv, seed: int, instruction: str, example: str) -> Player:
        """The policy `name`, ready to act in `env`; raises UnknownName and NothingUnderstood."""
        if name == EXPERT:
            return Player("expert", make_expert(env, seed), "expert", about=ABOUT_EXPERT)
        policy, shared = self._policy(name)
        unknown = tuple(word for word in policy.unknown_words(instruction) if WORD.search(word))  # no punctuation
        if not set(WORD.findall(instruction.lower())) - {word.lower() for word in unknown}:
            raise NothingUnderstood(unknown or (instruction,), example)
        trained_on = policy.render_fingerprint
        other = bool(trained_on) and env.fingerprint not in trained_on
        return Player(name, shared, "policy", policy.replan_after, unknown, _about(policy), other)

    def warm_up(self, name: str) -> None:
        """Load a policy ahead of its first use."""
        if name != EXPERT:
            self._policy(name)

    def _found(self) -> dict[str, Path]:
        from oft_demo.policy import available  # torch takes seconds to import; the page should not wait for it

        return available(self._directory)

    def _policy(self, name: str) -> "tuple[OftPolicy, TakingTurns]":
        with self._lock:
            if name not in self._loaded:
                found = self._found()
                if name not in found:
                    raise UnknownName("policy", name, self.names())
                policy = (self._load or _load)(found[name])
                self._loaded[name] = (policy, TakingTurns(policy))
            return self._loaded[name]


def _about(policy: "OftPolicy") -> str:
    film = "FiLM: the instruction modulates every vision block" if policy.film else "trained without FiLM"
    return (
        f"{policy.name}: {policy.parameter_count / 1e6:.1f} M parameters, {film}. It sees three pictures, joints and "
        f"text, predicts K = {policy.chunk_length} rows at a time and replans after {policy.replan_after}."
    )


def _load(path: Path) -> "OftPolicy":
    from oft_demo.policy import load  # as above: torch

    return load(path)
