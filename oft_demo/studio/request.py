"""What a visitor asked for, checked at the border."""

from dataclasses import dataclass

from oft_demo.errors import UnknownName, checked_instruction, checked_seed
from oft_demo.sim import TASKS, wordings


@dataclass(frozen=True)
class Request:
    """A rollout: which task from which seed, and what the robot is told."""

    task: str
    seed: int
    instruction: str

    @classmethod
    def parse(cls, task: object, seed: object, instruction: object) -> "Request":
        """From the page's inputs; raises UnknownName, InvalidSeed and InvalidInstruction."""
        known = checked_task(task)
        return cls(known, checked_seed(seed), checked_instruction(instruction, wordings.examples(known)[0]))

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
