"""What the Listen tab asks: several instructions for a policy, all at one moment of a scene."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oft_demo.errors import OftDemoError, checked_instruction, checked_seed
from oft_demo.sim import AlohaEnv, wordings
from oft_demo.studio.request import Request, checked_task
from oft_demo.studio.watched import Watched

MIN_LINES, MAX_LINES = 2, 12


class WrongLines(OftDemoError):
    """Fewer instructions than can be compared, or more than can be shown."""

    def __init__(self, found: int):
        super().__init__(
            f"Found {found} different instruction{'' if found == 1 else 's'}, one a line; "
            f"give {MIN_LINES} to {MAX_LINES}, so that their plans can be compared."
        )


class NoMoment(OftDemoError):
    """The Run tab stands at no moment of the task from which a policy can be asked."""

    def __init__(self, watched: Watched | None, task: str):
        if watched is None or not watched.scores:
            found = "nothing ran in the Run tab yet. Run something there first"
        elif watched.request.task != task:
            found = f"Run stands in the task {watched.request.task}, not in {task}. Choose that task"
        else:
            found = "a run goes on. Pause it in the Run tab first"
        super().__init__(f'Cannot ask at the moment at which Run stands: {found}, or clear "The moment ...".')


@dataclass(frozen=True)
class Question:
    """Instructions for one policy at one moment."""

    policy: str  # as it was picked
    task: str
    seed: int
    lines: tuple[str, ...]
    from_run: bool  # at the moment at which the Run tab stands, rather than at the start of the seed

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Question":
        """From a command of the page; raises UnknownName, InvalidSeed, InvalidInstruction and WrongLines."""
        task, seed, text = checked_task(message.get("task")), checked_seed(message.get("seed")), message.get("lines")
        said = [line for line in text.splitlines() if line.strip()] if isinstance(text, str) else []
        example = wordings.examples(task)[0]
        lines = tuple(dict.fromkeys(checked_instruction(line, example) for line in said))
        if not MIN_LINES <= len(lines) <= MAX_LINES:
            raise WrongLines(len(lines))
        return cls(str(message.get("policy")), task, seed, lines, message.get("from_run") is True)

    @property
    def example(self) -> Request:
        """A rollout in this scene that every policy of the task understands."""
        return Request(self.task, self.seed, wordings.examples(self.task)[0])


def checked_moment(question: Question, watched: Watched | None) -> Watched | None:
    """The run at whose present moment is asked; None for the start of the seed. Raises NoMoment."""
    if not question.from_run:
        return None
    if watched is None or not watched.scores or watched.request.task != question.task:
        raise NoMoment(watched, question.task)
    if not watched.over and not watched.transport.paused:
        raise NoMoment(watched, question.task)
    return watched


def bring(env: AlohaEnv, question: Question, watched: Watched | None) -> str:
    """Put a simulation where is asked, and say in words where that is."""
    if watched is None:
        env.reset(question.seed)
        return f"the start of seed {question.seed}"
    # From what the run recorded: other tabs may have moved its simulation on.
    episode = watched.take.episode()
    env.reset(watched.request.seed)
    env.restore(episode.states[-1])
    env.apply(episode.applied[-1])
    seconds = f"{env.observe(()).time:.2f} s"
    return f'{seconds} into the run of seed {watched.request.seed} that was told "{episode.instruction}"'
