"""Frames of recorded episodes, drawn once at the model's size and kept as memory-mapped arrays.

A cache directory holds, for every episode, `NAME.pictures.npy` (n, cameras, h, w, 3) uint8 and `NAME.labels.npz`.
The labels are written last and by renaming, so an episode that has them is finished; everything else is made again.
"""

import json
import multiprocessing
import os
import queue
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Bool, Float32, Int64

from oft_demo.errors import InvalidData, InvalidEpisode
from oft_demo.train.cache import EpisodeLabels, read_labels
from oft_demo.types import CAMERAS, CHUNK_LENGTH, CONTROL_HZ, POLICY_HZ, Episode, Observation

ROW_STRIDE = CONTROL_HZ // POLICY_HZ  # control steps for which one row of a chunk is held


class Scene(Protocol):
    """What drawing and labelling need of a simulation."""

    def restore(self, state: np.ndarray) -> None: ...

    def observe(self, cameras: tuple[str, ...] = CAMERAS) -> Observation: ...

    def object_positions(self) -> Mapping[str, np.ndarray]: ...

    def project(self, camera: str, point: np.ndarray) -> tuple[float, float] | None: ...

    def close(self) -> None: ...


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


def chunk_rows(
    action: Float32[np.ndarray, "t 14"], valid: Bool[np.ndarray, " t"], steps: Int64[np.ndarray, " n"], length: int
) -> tuple[Float32[np.ndarray, "n k 14"], Bool[np.ndarray, "n k"]]:
    """Cut chunks of clean targets at the policy's rate.

    Past the end the last target is repeated: a robot that is done holds still. A row is valid as long as nothing
    disturbed the arms between the start of the chunk and the row.
    """
    last = len(action) - 1
    rows = np.minimum(steps[:, None] + ROW_STRIDE * np.arange(length), last)
    first_disturbed = np.full(len(action) + 1, len(action))
    for step in range(last, -1, -1):
        first_disturbed[step] = first_disturbed[step + 1] if valid[step] else step
    return action[rows].astype(np.float32), rows < first_disturbed[steps][:, None]


def choose_steps(valid: Bool[np.ndarray, " t"], count: int, seed: tuple[int, ...]) -> Int64[np.ndarray, " n"]:
    """Choose control steps to keep: the first one, where every rollout begins, and random undisturbed others."""
    usable = np.flatnonzero(valid)
    if len(usable) <= count:
        return usable
    others = np.random.default_rng(seed).choice(usable[1:], size=count - 1, replace=False)
    return np.sort(np.concatenate([usable[:1], others]))


def _locate(
    scene: Scene, objects: Sequence[str]
) -> tuple[Float32[np.ndarray, "objects cameras 2"], Float32[np.ndarray, "objects 3"]]:
    """Where each object is in each picture, as fractions of width and height (NaN: out of view), and in space [m]."""
    places = scene.object_positions()
    seen = np.full((len(objects), len(CAMERAS), 2), np.nan, np.float32)
    for row, name in enumerate(objects):
        for column, camera in enumerate(CAMERAS):
            point = scene.project(camera, places[name])
            if point is not None:
                seen[row, column] = point
    return seen, np.array([places[name] for name in objects], np.float32).reshape(len(objects), 3)


def draw(
    scene: Scene, episode: Episode, steps: Int64[np.ndarray, " n"], objects: Sequence[str], size: int
) -> dict[str, np.ndarray]:
    """Draw the pictures of some steps again from the simulator states, with where the objects are."""
    from oft_demo.policy import resize_images

    pictures = np.zeros((len(steps), len(CAMERAS), size, size, 3), np.uint8)
    seen = np.zeros((len(steps), len(objects), len(CAMERAS), 2), np.float32)
    positions = np.zeros((len(steps), len(objects), 3), np.float32)
    for index, step in enumerate(steps):
        scene.restore(episode.states[step])
        images = scene.observe(CAMERAS).images
        pictures[index] = np.stack([resize_images(images[camera], size) for camera in CAMERAS])
        seen[index], positions[index] = _locate(scene, objects)
    return {"pictures": pictures, "seen": seen, "positions": positions}


def _recorded(
    episode: Episode, steps: Int64[np.ndarray, " n"], objects: Sequence[str], size: int
) -> dict[str, np.ndarray]:
    """Pictures as they were recorded, for episodes without simulator states; where things are is then unknown."""
    from oft_demo.policy import resize_images

    pictures = np.stack(
        [np.stack([resize_images(episode.images[camera][step], size) for camera in CAMERAS]) for step in steps]
    )
    return {
        "pictures": pictures,
        "seen": np.full((len(steps), len(objects), len(CAMERAS), 2), np.nan, np.float32),
        "positions": np.full((len(steps), len(objects), 3), np.nan, np.float32),
    }


class _Artist:
    """Turns one episode file after another into shards, holding one scene a task."""

    def __init__(self, data: Path, cache: Path, settings: FrameSettings, open_scene: Callable[[str], Scene] | None):
        self.data, self.cache, self.settings = data, cache, settings
        self.open_scene = open_scene
        self.scenes: dict[str, Scene] = {}

    def close(self) -> None:
        for scene in self.scenes.values():
            scene.close()

    def scene(self, task: str) -> Scene:
        if task not in self.scenes:
            if self.open_scene is None:
                from oft_demo.sim import make_env

                self.scenes[task] = make_env(task)
            else:
                self.scenes[task] = self.open_scene(task)
        return self.scenes[task]

    def make(self, path: Path) -> str | None:
        """Make the shard of one episode; returns the reason why it cannot be used, or None."""
        from oft_demo.data.hdf5 import read_episode

        try:
            episode = read_episode(path, images=False)
            if not episode.success:
                return f"{path.name}: labelled as a failure"
            if episode.states.size == 0:
                episode = read_episode(path, images=True)
        except InvalidEpisode as error:
            return str(error)
        if not episode.valid.any() or (episode.states.size == 0 and not episode.images):
            return f"{path.name}: holds neither simulator states nor pictures of an undisturbed moment"
        self._write(path, episode)
        return None

    def _write(self, path: Path, episode: Episode) -> None:
        name = shard_name(self.data, path)
        settings = self.settings
        steps = choose_steps(episode.valid, settings.frames_per_episode, (settings.seed, zlib.crc32(name.encode())))
        chunks, row_valid = chunk_rows(episode.action, episode.valid, steps, settings.chunk_length)
        objects, named = _objects(episode)
        if episode.states.size:
            drawn = draw(self.scene(episode.task), episode, steps, objects, settings.image_size)
        else:
            drawn = _recorded(episode, steps, objects, settings.image_size)
        labels = EpisodeLabels(
            episode.task,
            episode.instruction,
            named,
            objects,
            *_signature(path),
            asdict(settings),
            episode.render_fingerprint,
        )
        pictures = self.cache / f"{name}.pictures.npy"
        _replace(pictures, lambda file: np.save(file, drawn["pictures"]))
        _replace(
            self.cache / f"{name}.labels.npz",
            lambda file: np.savez(
                file,
                joints=episode.qpos[steps].astype(np.float32),
                chunks=chunks,
                row_valid=row_valid,
                steps=steps,
                seen=drawn["seen"],
                positions=drawn["positions"],
                episode=np.array(json.dumps(asdict(labels))),
            ),
        )


def _objects(episode: Episode) -> tuple[tuple[str, ...], str | None]:
    from oft_demo.sim import objects_of, wordings

    objects = tuple(objects_of(episode.task))
    named = episode.named_object or wordings.named_object(episode.task, episode.instruction)
    return objects, named if named in objects else None


def _replace(path: Path, write: Callable[[Any], None]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        write(file)
    part.replace(path)


def _signature(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def shard_name(data: Path, path: Path) -> str:
    """The name of an episode in a cache."""
    return str(path.relative_to(data).with_suffix("")).replace(os.sep, "__")


def _is_fresh(data: Path, cache: Path, path: Path, settings: FrameSettings) -> bool:
    labels_path = cache / f"{shard_name(data, path)}.labels.npz"
    if not labels_path.exists() or not labels_path.with_name(labels_path.name[:-11] + ".pictures.npy").exists():
        return False
    try:
        labels, _ = read_labels(labels_path)
    except InvalidData:
        return False
    signature = (labels.source_bytes, labels.source_time_ns)
    return signature == _signature(path) and dict(labels.settings) == asdict(settings)


def _work(
    data: Path, cache: Path, settings: FrameSettings, open_scene: Callable[[str], Scene] | None, paths: list[Path], out
) -> None:
    artist = _Artist(data, cache, settings, open_scene)
    try:
        for path in paths:
            out.put(("done", artist.make(path)))
    except Exception as error:
        out.put(("failed", f"{type(error).__name__}: {error}"))
        raise
    finally:
        artist.close()


def build_cache(
    data: Path,
    cache: Path,
    settings: FrameSettings,
    workers: int = 2,
    open_scene: Callable[[str], Scene] | None = None,
) -> Iterator[CacheProgress]:
    """Draw every episode under `data` that is not in `cache` yet, in `workers` processes (0: in this one)."""
    paths = sorted(data.rglob("*.hdf5"))
    if not paths:
        raise InvalidData(
            f"There is no episode (*.hdf5) in {data.name}. Record some: "
            "python -m oft_demo record --task put_x_into_pot --expert --episodes 100 --out DIR"
        )
    cache.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    missing = [path for path in paths if not _is_fresh(data, cache, path, settings)]
    done, skipped = len(paths) - len(missing), list[str]()
    yield CacheProgress(done, len(paths), (), 0.0)
    for reason in _made(data, cache, settings, open_scene, missing, workers):
        done += 1
        skipped += [reason] if reason else []
        yield CacheProgress(done, len(paths), tuple(skipped), time.monotonic() - started)


def _made(
    data: Path,
    cache: Path,
    settings: FrameSettings,
    open_scene: Callable[[str], Scene] | None,
    missing: list[Path],
    workers: int,
) -> Iterator[str | None]:
    if workers == 0:
        artist = _Artist(data, cache, settings, open_scene)
        try:
            yield from map(artist.make, missing)
        finally:
            artist.close()
        return
    context = multiprocessing.get_context("spawn")  # a forked process must not touch the parent's OpenGL
    out = context.Queue()
    shares = [missing[worker::workers] for worker in range(workers)]
    processes = [
        context.Process(target=_work, args=(data, cache, settings, open_scene, share, out), daemon=True)
        for share in shares
        if share
    ]
    for process in processes:
        process.start()
    try:
        for _ in missing:
            yield _next(out, processes)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _next(out: Any, processes: Sequence[Any]) -> str | None:
    while True:
        try:
            kind, text = out.get(timeout=1.0)
        except queue.Empty:
            if not any(process.is_alive() for process in processes):
                raise InvalidData("The processes that draw frames ended early. Start again to continue.") from None
            continue
        if kind == "failed":
            raise InvalidData(f"Drawing frames failed: {text}. Start again to continue where it stopped.")
        return text
