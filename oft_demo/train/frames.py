"""Frames of recorded episodes, drawn once at the model's size and kept as memory-mapped arrays.

A cache directory holds, for every episode, `NAME.pictures.npy` (n, cameras, h, w, 3) uint8 and `NAME.labels.npz`.
The labels are written last and by renaming, so an episode that has them is finished; everything else is made again.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.data.exporting.manifest import MANIFEST
from oft_demo.errors import InvalidData, InvalidEpisode
from oft_demo.sim import make_env, objects_of, wordings
from oft_demo.train.cache import LABELS, PICTURES, EpisodeLabels, read_labels
from oft_demo.train.drawing import Scene, choose_steps, chunk_rows, draw, recorded
from oft_demo.types import CHUNK_LENGTH, Episode
from oft_demo.workers import in_processes


@dataclass(frozen=True)
class FrameSettings:
    """How episodes become frames."""

    image_size: int = 96  # [pixels], the model's own
    frames_per_episode: int = 40  # one frame costs 25 ms to draw, neighbours in time tell almost the same
    chunk_length: int = CHUNK_LENGTH
    seed: int = 0  # of the choice of frames


@dataclass(frozen=True)
class CacheProgress:
    """How far a cache is."""

    done: int
    total: int
    skipped: tuple[str, ...]  # episodes that could not be used, each with the reason
    elapsed_s: float


@dataclass(frozen=True)
class DrawJob:
    """What is the same for all episodes of a cache."""

    data: Path
    cache: Path
    settings: FrameSettings
    open_scene: Callable[[str], Scene]


@dataclass(frozen=True)
class Source:
    """What an episode is drawn from; another source is another shard."""

    size_bytes: int  # of the file that it begins in
    time_ns: int  # when that was written
    parts: str  # of files, where it is not the whole of one
    instruction: str


def build_cache(
    data: Path,
    cache: Path,
    settings: FrameSettings,
    workers: int = 2,
    open_scene: Callable[[str], Scene] = make_env,
) -> Iterator[CacheProgress]:
    """Draw every successful episode under `data` that is not in `cache` yet; shards of other episodes are removed."""
    usable, damaged = _usable(data)
    cache.mkdir(parents=True, exist_ok=True)
    _remove_others(cache, {shard_name(data, path) for path in usable})
    missing = [path for path, source in usable.items() if not _is_fresh(data, cache, path, source, settings)]
    done, skipped, started = len(usable) - len(missing), damaged, time.monotonic()
    yield CacheProgress(done, len(usable), tuple(skipped), 0.0)
    if not missing:
        return
    job = DrawJob(data, cache, settings, open_scene)
    for reason in in_processes(draw_episodes, job, missing, min(workers, len(missing))):
        done += 1
        skipped += [reason] if reason else []
        yield CacheProgress(done, len(usable), tuple(skipped), time.monotonic() - started)


def draw_episodes(job: DrawJob, paths: Iterable[Path]) -> Iterator[str]:
    """Make the shards of some episodes in this process; yields the reason why one cannot be used, or nothing said."""
    scenes: dict[str, Scene] = {}
    catalogs: dict[Path, Catalog] = {}
    try:
        for path in paths:
            catalog = catalogs.setdefault(path.parent, Catalog(path.parent))
            yield _draw_episode(job, path, catalog, scenes)
    finally:
        for scene in scenes.values():
            scene.close()


def _usable(data: Path) -> tuple[dict[Path, Source], list[str]]:
    """The successful episodes under a directory, labelled as people last said, and why others cannot be read.

    Exports and hidden folders are passed over: they hold copies, and what is still to be taken in.
    Each stands under the path that its file would have, were it not made of parts of others.
    """
    catalogs = [Catalog(directory) for directory in _directories(data)]
    found = {
        catalog.directory / f"{each.name}.hdf5": (catalog, each) for catalog in catalogs for each in catalog.episodes()
    }
    usable = {path: _source(catalog, each.name) for path, (catalog, each) in found.items() if each.success}
    if not usable:
        raise InvalidData(
            f"There is no successful episode (*.hdf5) in {data.name}; {len(found)} others can be read. Record some: "
            "python -m oft_demo record --task put_x_into_pot --expert --episodes 100 --out DIR"
        )
    return usable, [episode.reason for catalog in catalogs for episode in catalog.damaged()]


def _directories(data: Path) -> list[Path]:
    found = sorted({path.parent for path in data.rglob("*.hdf5")})
    return [directory for directory in found if not any(map(_is_passed_over, _between(data, directory)))]


def _between(data: Path, directory: Path) -> list[Path]:
    """A directory and those above it, up to but without `data`."""
    return [each for each in (directory, *directory.parents) if each.is_relative_to(data) and each != data]


def _is_passed_over(directory: Path) -> bool:
    return directory.name.startswith(".") or (directory / MANIFEST).exists()


def _source(catalog: Catalog, name: str) -> Source:
    entry = catalog.entry(name)
    status = catalog.path_of(name).stat()
    parts = "" if entry.whole else " ".join(f"{span.file}:{span.start}:{span.stop}" for span in entry.spans)
    return Source(status.st_size, status.st_mtime_ns, parts, entry.summary.instruction)


def _draw_episode(job: DrawJob, path: Path, catalog: Catalog, scenes: dict[str, Scene]) -> str:
    try:
        episode = catalog.read(path.stem, images=False)
        if episode.states.size == 0:
            episode = catalog.read(path.stem, images=True)
    except InvalidEpisode as error:
        return str(error)
    if not episode.valid.any() or (episode.states.size == 0 and not episode.images):
        return f"{path.name}: holds neither simulator states nor pictures of an undisturbed moment"
    if episode.states.size and episode.task not in scenes:
        scenes[episode.task] = job.open_scene(episode.task)
    _write_shard(job, path, episode, _source(catalog, path.stem), scenes)
    return ""


def _write_shard(job: DrawJob, path: Path, episode: Episode, source: Source, scenes: dict[str, Scene]) -> None:
    settings, name = job.settings, shard_name(job.data, path)
    steps = choose_steps(episode.valid, settings.frames_per_episode, (settings.seed, zlib.crc32(name.encode())))
    chunks, row_valid = chunk_rows(episode.action, episode.valid, steps, settings.chunk_length)
    objects, named = _objects(episode)
    if episode.states.size:
        drawn = draw(scenes[episode.task], episode, steps, objects, settings.image_size)
    else:
        drawn = recorded(episode, steps, objects, settings.image_size)
    about = EpisodeLabels(
        task=episode.task,
        instruction=episode.instruction,
        named_object=named,
        objects=objects,
        source_bytes=source.size_bytes,
        source_time_ns=source.time_ns,
        source_parts=source.parts,
        settings=asdict(settings),
        render_fingerprint=episode.render_fingerprint,
    )
    labels = {
        "joints": episode.qpos[steps].astype(np.float32),
        "chunks": chunks,
        "row_valid": row_valid,
        "steps": steps,
        "seen": drawn["seen"],
        "positions": drawn["positions"],
        "episode": np.array(json.dumps(asdict(about))),
    }
    _replace(job.cache / (name + PICTURES), lambda file: np.save(file, drawn["pictures"]))
    _replace(job.cache / (name + LABELS), lambda file: np.savez(file, **labels))


def _objects(episode: Episode) -> tuple[tuple[str, ...], str | None]:
    objects = tuple(objects_of(episode.task))
    named = episode.named_object or wordings.named_object(episode.task, episode.instruction)
    return objects, named if named in objects else None


def _replace(path: Path, write: Callable[[Any], None]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        write(file)
    part.replace(path)


def shard_name(data: Path, path: Path) -> str:
    """The name of an episode in a cache."""
    return str(path.relative_to(data).with_suffix("")).replace(os.sep, "__")


def _remove_others(cache: Path, names: set[str]) -> None:
    for ending in (LABELS, PICTURES):
        for path in cache.glob("*" + ending):
            if path.name.removesuffix(ending) not in names:
                path.unlink()


def _is_fresh(data: Path, cache: Path, path: Path, source: Source, settings: FrameSettings) -> bool:
    name = shard_name(data, path)
    if not ((cache / (name + LABELS)).exists() and (cache / (name + PICTURES)).exists()):
        return False
    try:
        labels, _ = read_labels(cache / (name + LABELS))
    except InvalidData:
        return False
    drawn_from = Source(labels.source_bytes, labels.source_time_ns, labels.source_parts, labels.instruction)
    return drawn_from == source and dict(labels.settings) == asdict(settings)
