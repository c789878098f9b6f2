"""What a visitor asked for, checked at the border."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oft_demo.errors import OftDemoError, UnknownName, checked_instruction, checked_rows, checked_seed
from oft_demo.rollout import Manner
from oft_demo.run_settings import RunSettings
from oft_demo.sim import TASKS, wordings
from oft_demo.studio.transport import SPEEDS, Heard


class InvalidSpeed(OftDemoError):
    """A speed that is not offered."""

    def __init__(self, found: object):
        super().__init__(f"The speed is {found!r}; choose one of {', '.join(f'{speed:g}' for speed in SPEEDS)}.")


@dataclass(frozen=True)
class Request:
    """A rollout: which task from which seed, what the robot is told, and how its chunks are carried out."""

    task: str
    seed: int
    instruction: str
    replan_after: int | None = None  # rows of a chunk; None: as many as the policy asks for
    ensemble: bool = False
    script: tuple[Heard, ...] = ()  # changes on the way
    link: RunSettings | None = None  # where it came from

    @classmethod
    def parse(cls, task: object, seed: object, instruction: object) -> "Request":
        """From the page's inputs; raises UnknownName, InvalidSeed and InvalidInstruction."""
        known = checked_task(task)
        return cls(known, checked_seed(seed), checked_instruction(instruction, wordings.examples(known)[0]))

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Request":
        """From a command of the page; raises what `parse` raises, and InvalidRows."""
        asked = cls.parse(message.get("task"), message.get("seed"), message.get("instruction"))
        rows, ensemble = checked_rows(message.get("rows")), message.get("ensemble") is True
        return cls(asked.task, asked.seed, asked.instruction, rows, ensemble)

    @classmethod
    def from_settings(cls, settings: RunSettings) -> "Request":
        """What a link asks for."""
        script = tuple(Heard(step, manner) for step, manner in settings.heard[1:])
        rows, ensemble = settings.replan_after, settings.ensemble
        return cls(settings.task, settings.seed, settings.instruction, rows, ensemble, script, settings)

    @property
    def manner(self) -> Manner:
        """What the first chunk is asked with."""
        return Manner(self.instruction, self.replan_after, self.ensemble)

    @property
    def example(self) -> str:
        """An instruction that the bundled policies know."""
        return wordings.examples(self.task)[0]

    @property
    def named_object(self) -> str | None:
        """The object that the instruction names."""
        return wordings.named_object(self.task, self.instruction)


def checked_task(task: object) -> str:
    """Parse the name of a task; raises UnknownName."""
    if not isinstance(task, str) or task not in TASKS:
        raise UnknownName("task", str(task), TASKS)
    return task


def checked_speed(value: object) -> float:
    """Parse a speed; raises InvalidSpeed."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in SPEEDS:
        raise InvalidSpeed(value)
    return float(value)
