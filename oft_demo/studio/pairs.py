"""What is compared: two policies in the same scene, told the same or something else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from oft_demo.errors import checked_instruction
from oft_demo.studio.request import Request

LETTERS = ("a", "b")


@dataclass(frozen=True)
class Pair:
    """Two rollouts from the same seed."""

    names: tuple[str, str]  # of the policies, as they were picked
    requests: tuple[Request, Request]

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Pair":
        """From a command of the page; B is told the same as A where its box is empty.

        Raises UnknownName, InvalidSeed and InvalidInstruction.
        """
        first = Request.parse(message.get("task"), message.get("seed"), message.get("instruction"))
        words = message.get("instruction_b")
        second = first
        if isinstance(words, str) and words.strip():
            second = replace(first, instruction=checked_instruction(words, first.example))
        return cls((str(message.get("policy_a")), str(message.get("policy_b"))), (first, second))

    @property
    def task(self) -> str:
        """Of both."""
        return self.requests[0].task

    @property
    def seed(self) -> int:
        """Of both."""
        return self.requests[0].seed

    @property
    def same_words(self) -> bool:
        """Whether both are told the same."""
        return self.requests[0].instruction == self.requests[1].instruction

    def on_seed(self, seed: int, drawn: str | None) -> "Pair":
        """The same on another seed; what the seed `drawn` asks for, if given, is told to A, and to B if to both."""
        first, second = (replace(request, seed=seed) for request in self.requests)
        if drawn is not None:
            second = replace(second, instruction=drawn) if self.same_words else second
            first = replace(first, instruction=drawn)
        return Pair(self.names, (first, second))
