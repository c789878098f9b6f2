"""Records many episodes into a directory: of the scripted expert, or of a policy."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from . import rollout, sim
from .data.catalog import Catalog
from .data.hdf5.writing import write_episode
from .errors import InvalidData, checked_instruction, checked_seed
from .pictures import ALOHA_IMAGE_SIZE, save_with_pictures
from .ray_workers import on_cluster
from .take import Take
from .types import Episode, Source
from .workers import in_processes

RETRY_STRIDE = 1_000_000  # an episode whose seed fails tries this many seeds further on, where no other episode is
MAX_ATTEMPTS = 20  # the experts fail in a few percent; twenty failures in a row are no accident
FIRST_SEED = 100_000  # above the seeds that evaluations use
POLICY_IMAGE_SIZE = (240, 320)  # (height, width) that policies look at, as make_env has it

Performer: TypeAlias = Callable[[int], Episode]  # does the task once from a seed, without pictures


class ExpertFailed(InvalidData):
    """The expert cannot do what was asked on any of the seeds tried."""

    def __init__(self, task: str, seeds: Sequence[int]):
        super().__init__(
            f"The expert failed {task} on {len(seeds)} seeds in a row ({seeds[0]}, {seeds[1]}, ...). "
            "Use less noise, or an instruction that names an object of the task."
        )


class TooManyEpisodes(InvalidData):
    """More episodes than seeds between two retries."""

    def __init__(self, episodes: int):
        super().__init__(f"{episodes} episodes were asked for; choose 1 to {RETRY_STRIDE}.")


@dataclass(frozen=True)
class RecordProgress:
    """How far a recording has come."""

    done: int  # episodes in the directory that belong to this recording
    total: int
    failures: int = 0  # attempts that failed and were not kept
    resumed: int = 0  # of `done`, how many were there before
    seconds: float = 0.0  # [s] since the start

    @property
    def remaining_seconds(self) -> float | None:
        """Time left [s] at the pace so far; None before the first episode."""
        recorded = self.done - self.resumed
        return self.seconds / recorded * (self.total - self.done) if recorded else None


@dataclass(frozen=True)
class RecordJob:
    """What is the same for all episodes of a recording."""

    task: str
    policy: str | None = None  # a bundled name or a checkpoint directory; None: the scripted expert
    noise: float = 0.0  # strength of the expert's execution noise, 0..1
    lead: str | None = None  # a policy that acts for a while before the expert takes over
    instruction: str | None = None  # default: what each seed asks for
    pictures: bool = True  # draw the three cameras; else states only
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE

    @property
    def source(self) -> Source:
        """Who acts."""
        return "expert" if self.policy is None else "policy"


@dataclass(frozen=True)
class Slot:
    """One episode to be recorded: its file, and the first seed to try."""

    path: Path
    seed: int


def record_expert(
    task: str,
    episodes: int,
    out: Path,
    *,
    workers: int = 1,
    first_seed: int = FIRST_SEED,
    noise: float = 0.0,
    lead: str | None = None,
    instruction: str | None = None,
    pictures: bool = True,
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE,
    cluster: str | None = None,
) -> Iterator[RecordProgress]:
    """Have the expert do `task` until `out` holds `episodes` successes; yields after every attempt.

    A `lead` is a policy that acts first, for a random while: the expert then shows what to do where it led.

    Episode i starts from seed `first_seed` + i, whichever worker records it, so the result does not depend on the
    number of workers. Episodes of these seeds that are there already are kept, so an interrupted recording goes on.
    With the address of a Ray `cluster` its machines record, and the files come here.
    """
    job = RecordJob(task, None, _checked_noise(noise), lead, _checked(task, instruction), pictures, image_size)
    yield from _record(job, out, _seeds(checked_seed(first_seed), episodes), workers, cluster)


def record_policy(
    policy: str,
    task: str,
    episodes: int,
    out: Path,
    *,
    workers: int = 1,
    first_seed: int = FIRST_SEED,
    instruction: str | None = None,
    pictures: bool = True,
    image_size: tuple[int, int] = ALOHA_IMAGE_SIZE,
) -> Iterator[RecordProgress]:
    """Have a policy do `task` on each seed and keep every episode, labelled with its success; else as above."""
    job = RecordJob(task, policy, 0.0, None, _checked(task, instruction), pictures, image_size)
    yield from _record(job, out, _seeds(checked_seed(first_seed), episodes), workers)


def _record(
    job: RecordJob, out: Path, seeds: range, workers: int, cluster: str | None = None
) -> Iterator[RecordProgress]:
    slots = _open_slots(Catalog(out), job, seeds)
    resumed = len(seeds) - len(slots)
    started = time.monotonic()
    done, failures = resumed, 0
    yield RecordProgress(done, len(seeds), failures, resumed)
    if not slots:
        return
    for kept in _attempts(job, slots, workers, cluster):
        done, failures = (done + 1, failures) if kept else (done, failures + 1)
        yield RecordProgress(done, len(seeds), failures, resumed, time.monotonic() - started)


def _attempts(job: RecordJob, slots: list[Slot], workers: int, cluster: str | None) -> Iterator[bool]:
    if cluster is None:
        return in_processes(record_slots, job, slots, min(workers, len(slots)))
    return on_cluster(record_file, job, [(slot.path, slot.seed) for slot in slots], cluster)


def record_file(job: RecordJob, path: Path, seed: int) -> Iterator[bool]:
    """Record one episode into a file, from this seed or the next that succeeds; yields as `record_slots`."""
    yield from record_slots(job, [Slot(path, seed)])


def record_slots(job: RecordJob, slots: Iterable[Slot]) -> Iterator[bool]:
    """Record one episode after the other in this process; False for an attempt that failed, True for a file."""
    env = sim.make_env(job.task, job.image_size)
    try:
        perform = _expert(env, job) if job.policy is None else _performer(env, job, job.policy)
        for slot in slots:
            yield from _record_slot(env, job, slot, perform)
    finally:
        env.close()


def _expert(env: sim.AlohaEnv, job: RecordJob) -> Performer:
    if job.lead is None:
        return lambda seed: sim.demonstrate(env, seed, job.instruction, job.noise)
    from .actors import open_actor

    actor = open_actor(job.lead, env)

    def perform(seed: int) -> Episode:
        env.image_size = POLICY_IMAGE_SIZE
        episode = sim.demonstrate(env, seed, job.instruction, job.noise, lead=actor(seed))
        env.image_size = job.image_size
        return episode

    return perform


def _performer(env: sim.AlohaEnv, job: RecordJob, policy: str) -> Performer:
    from .actors import open_actor  # torch takes seconds to import; the expert should not wait for it

    actor = open_actor(policy, env)

    def perform(seed: int) -> Episode:
        env.reset(seed)
        env.image_size = POLICY_IMAGE_SIZE
        take = Take(env, seed)
        for step in rollout.run(actor(seed), env, job.instruction or env.instruction):
            take.add(step)
        env.image_size = job.image_size
        return take.episode()

    return perform


def _record_slot(env: sim.AlohaEnv, job: RecordJob, slot: Slot, perform: Performer) -> Iterator[bool]:
    seeds = [slot.seed + attempt * RETRY_STRIDE for attempt in range(MAX_ATTEMPTS)]
    for seed in seeds:
        episode = perform(seed)
        if episode.source == "expert" and not episode.success:
            yield False
            continue
        if job.pictures:
            for _ in save_with_pictures(slot.path, env, episode, image_size=job.image_size):
                pass
        else:
            write_episode(slot.path, episode)
        yield True
        return
    raise ExpertFailed(job.task, seeds)


def _seeds(first_seed: int, episodes: int) -> range:
    if not 1 <= episodes <= RETRY_STRIDE:
        raise TooManyEpisodes(episodes)
    checked_seed(first_seed + episodes + MAX_ATTEMPTS * RETRY_STRIDE)
    return range(first_seed, first_seed + episodes)


def _open_slots(catalog: Catalog, job: RecordJob, seeds: range) -> list[Slot]:
    """The seeds that have no episode yet, each with the next free number of the directory."""
    mine = [each for each in catalog.episodes() if (each.task, each.source) == (job.task, job.source)]
    recorded = {_origin(summary.seed, seeds) for summary in mine}
    missing = [seed for seed in seeds if seed not in recorded]
    return [Slot(path, seed) for path, seed in zip(catalog.free_paths(len(missing)), missing, strict=True)]


def _origin(seed: int, seeds: range) -> int:
    """The seed that an episode's first attempt had, whichever attempt succeeded."""
    return seeds.start + (seed - seeds.start) % RETRY_STRIDE


def _checked_noise(noise: float) -> float:
    if not 0 <= noise <= 1:
        raise InvalidData(f"The execution noise is {noise}; choose 0 (none) to 1.")
    return noise


def _checked(task: str, instruction: str | None) -> str | None:
    return None if instruction is None else checked_instruction(instruction, sim.wordings.examples(task)[0])
