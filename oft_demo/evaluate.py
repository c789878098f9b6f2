"""Many rollouts on fixed seeds: success, stage and language following, each with its interval."""

import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from . import rollout, sim, video
from .actors import EXPERT, Actor, cameras_of, open_actor
from .errors import OftDemoError, checked_instruction, checked_rows, checked_seed
from .evaluation_report import report, summary
from .intervals import mcnemar, wilson
from .outcome import SeedResult, outcome_of
from .settings import Settings
from .types import CAMERAS
from .workers import in_processes

__all__ = [
    "EvaluateOptions", "InvalidSeeds", "Job", "SeedResult",
    "evaluate", "main", "mcnemar", "parse_seeds", "report", "run_seed", "summary", "wilson",
]  # fmt: skip

MAX_SEEDS = 100_000
Wordings = Literal["drawn", "training", "held_out"]


class InvalidSeeds(OftDemoError):
    """A list of seeds that cannot be read."""

    def __init__(self, found: str):
        super().__init__(
            f"The seeds are {found!r}; write one seed (5), a list (1,2,7) or a range (20000-20199), "
            f"at most {MAX_SEEDS} of them."
        )


@dataclass(frozen=True)
class EvaluateOptions:
    """Evaluate a policy on a range of seeds."""

    policy: str = "aloha-mini"  # a name, a checkpoint directory, the address of a policy server, or "expert"
    task: str = "put_x_into_pot"
    seeds: str = "20000-20199"  # one (5), a list (1,2,7) or a range (20000-20199)
    instruction: str | None = None  # the same one for every seed; default: what each seed asks for
    wordings: Wordings = "drawn"  # how the seed's object is asked for: as the seed drew it, or drawn from a list
    replan_after: int | None = None  # rows of a chunk to carry out; default: as many as the policy asks for
    ensemble: bool = False  # average the rows of overlapping chunks
    workers: int = 1
    json: bool = False  # end with one line of JSON
    videos: Path | None = None  # a directory for one video a seed
    remote_seconds: float = Settings.remote_seconds  # a policy server that takes longer counts as lost


@dataclass(frozen=True)
class Job:
    """What is to be done with each seed."""

    policy: str
    task: str
    instruction: str | None = None
    wordings: Wordings = "drawn"
    videos: Path | None = None  # a directory
    policies: Path = Settings.policies
    replan_after: int | None = None
    ensemble: bool = False
    max_steps: int | None = None
    remote_seconds: float = Settings.remote_seconds


def evaluate(
    policy: str, task: str, seeds: Sequence[int], instruction: str | None = None, workers: int = 1, **more: Any
) -> Iterator[SeedResult]:
    """One rollout a seed, results as they come; `more` are further fields of Job. Stops cleanly when closed."""
    job = Job(policy, task, instruction, **more)
    yield from in_processes(_one_by_one, job, seeds, workers)


def run_seed(job: Job, env: sim.AlohaEnv, actor: Actor, seed: int, film_to: Path | None = None) -> SeedResult:
    """Reset `env` to the seed, let the policy act, and judge what came of it; `film_to` is a video file."""
    env.reset(seed)
    steps = rollout.run(
        actor(seed),
        env,
        _instruction(job, env, seed),
        replan_after=job.replan_after,
        ensemble=job.ensemble,
        max_steps=job.max_steps,
        cameras=CAMERAS if film_to else cameras_of(job.policy),
        source="expert" if job.policy == EXPERT else "policy",
    )
    return outcome_of(video.film(steps, env, film_to) if film_to else steps, seed)


def parse_seeds(text: str) -> list[int]:
    """Seeds as people write them: "5", "1,2,7", "20000-20199", or a mixture; raises InvalidSeeds or InvalidSeed."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not first or (dash and not last):
            raise InvalidSeeds(text)
        low, high = checked_seed(first), checked_seed(last if dash else first)
        if low > high or len(seeds) + high - low >= MAX_SEEDS:
            raise InvalidSeeds(text)
        seeds += range(low, high + 1)
    return list(dict.fromkeys(seeds))


def main(options: EvaluateOptions) -> int:
    """Evaluate, print the table, and return the exit status."""
    seeds = parse_seeds(options.seeds)
    instruction = options.instruction
    if instruction is not None:
        instruction = checked_instruction(instruction, sim.wordings.examples(options.task)[0])
    rollouts = evaluate(
        options.policy, options.task, seeds, instruction, options.workers,
        wordings=options.wordings, videos=options.videos, remote_seconds=options.remote_seconds,
        replan_after=checked_rows(options.replan_after), ensemble=options.ensemble,
    )  # fmt: skip
    results = []
    with tqdm(rollouts, total=len(seeds), unit="seed", file=sys.stderr, disable=None) as progress:
        for result in progress:
            results.append(result)
            progress.set_postfix(success=sum(each.success for each in results) / len(results))
    title = f"{options.policy} on {options.task}, seeds {options.seeds}, wordings: {instruction or options.wordings}"
    print(report(title + _manner(options), results))
    if options.json:
        values = {"policy": options.policy, "task": options.task, "wordings": instruction or options.wordings}
        ordered = sorted(results, key=lambda result: result.seed)
        print(json.dumps({**values, **summary(results), "results": [asdict(result) for result in ordered]}))
    return 0


def _manner(options: EvaluateOptions) -> str:
    rows = "" if options.replan_after is None else f", {options.replan_after} rows of a chunk"
    return rows + (", overlapping chunks averaged" if options.ensemble else "")


def _instruction(job: Job, env: sim.AlohaEnv, seed: int) -> str:
    if job.instruction is not None:
        return job.instruction
    if job.wordings == "drawn":
        return env.instruction
    choices = getattr(sim.wordings, job.wordings)(job.task, env.score().named_object)
    return random.Random(seed).choice(choices)


def _one_by_one(job: Job, seeds: Iterator[int]) -> Iterator[SeedResult]:
    env = sim.make_env(job.task)
    try:
        actor = open_actor(job.policy, env, job.policies, job.remote_seconds)
        for seed in seeds:
            film_to = job.videos / f"{job.task}_{seed}.mp4" if job.videos else None
            yield run_seed(job, env, actor, seed, film_to)
    finally:
        env.close()
