"""`python -m oft_demo record`: many episodes of the scripted expert, or of a policy."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from .errors import OftDemoError


@dataclass(frozen=True)
class RecordOptions:
    """Record episodes as ALOHA HDF5. Run it again after an interruption and it goes on."""

    out: Path  # directory of the episodes, made if it is missing
    task: str = "put_x_into_pot"  # or transfer_cube, insertion
    expert: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False  # the scripted expert acts; failures are not kept
    policy: str | None = None  # a bundled name or a checkpoint directory acts; every episode is kept
    episodes: int = 10
    workers: int = 1  # processes
    ray: str | None = None  # address of a Ray cluster whose machines record for the expert; "auto" on one of them
    noise: float = 0.0  # strength of the expert's execution noise, 0 to 1
    lead: str | None = None  # a policy that acts for a while before the expert takes over, which teaches recoveries
    first_seed: int = 100_000  # episode i starts from this seed + i
    instruction: str | None = None  # the same for every episode; default: what each seed asks for
    pictures: bool = True  # draw three cameras at 480x640; else simulator states only


class ExpertOnly(OftDemoError):
    """A cluster was asked for with a policy."""

    def __init__(self):
        super().__init__("--ray records the expert: use it with --expert, or leave it out and use --workers.")


class WhoActs(OftDemoError):
    """Neither or both of the two that can act."""

    def __init__(self):
        super().__init__("Say who acts: either --expert or --policy NAME.")


def main(options: RecordOptions) -> int:
    """Record with a progress bar, and return the exit status."""
    from tqdm import tqdm

    from .record import record_expert, record_policy

    if options.expert == (options.policy is not None):
        raise WhoActs
    if options.ray is not None and not options.expert:
        raise ExpertOnly
    common = {
        "workers": options.workers,
        "first_seed": options.first_seed,
        "instruction": options.instruction,
        "pictures": options.pictures,
    }
    if options.policy is not None:
        steps = record_policy(options.policy, options.task, options.episodes, options.out, **common)
    else:
        steps = record_expert(
            options.task,
            options.episodes,
            options.out,
            noise=options.noise,
            lead=options.lead,
            cluster=options.ray,
            **common,
        )
    progress = next(steps)
    resumed = progress.done
    with tqdm(total=progress.total, initial=resumed, unit="episode", file=sys.stderr, disable=None) as bar:
        for progress in steps:
            bar.set_postfix(failures=progress.failures, refresh=False)
            bar.update(progress.done - bar.n)
    print(
        f"{progress.done} episodes in {options.out}: {progress.done - resumed} recorded in {progress.seconds:.0f} s, "
        f"{resumed} were there before, {progress.failures} failures not kept"
    )
    return 0
