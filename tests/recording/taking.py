"""Takes and episodes for tests: recorded in no time, accepted with pictures that follow from the states."""

import itertools
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from fake_drawing import picture_of
from fakes import FakeEnv

from oft_demo.data.durable import sync_directory
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.errors import UnknownName
from oft_demo.recording.acceptance import Acceptance
from oft_demo.recording.jobs import AcceptProgress
from oft_demo.recording.recorder import Recorder
from oft_demo.types import Episode, Step

FAKE_PROGRAM = (str(Path(__file__).with_name("fake_drawing.py")),)
SIZE = (24, 32)
PATIENCE = 60.0  # [s]


def make_step(env: FakeEnv, number: int, source: str = "human") -> Step:
    """Move the env by one step, towards a target that says which step it was."""
    target = np.full(14, number, np.float32)
    joints = env.observe(()).joints
    env.apply(target)
    return Step(number, number / 50, joints, target, -1, -1, source, env.score())


def take_steps(recorder: Recorder, env: FakeEnv, count: int, source: str = "human") -> None:
    """Record some steps, numbered on from those that are there."""
    for _ in range(count):
        recorder.add(make_step(env, recorder.length, source), recorder.length / 50)


def record_take(takes: Path, length: int, finish: bool = True, **arguments: str) -> str:
    """A take of an env without physics; without `finish` it looks as after a crash."""
    env = FakeEnv(succeeds_at=length // 2)
    recorder = Recorder(env, takes, seed=0, **arguments)
    take_steps(recorder, env, length)
    if finish:
        return recorder.finish()
    crash(recorder)
    return recorder.take_id


def crash(recorder: Recorder) -> None:
    """Leave the journal as a killed process would once the disk has everything: without its last record."""
    wait_until(lambda: recorder.durable == recorder.length)
    recorder.finish()
    path = recorder.journal_path
    content = path.read_bytes()
    path.write_bytes(content[: -(9 + len(b'{"what": "end"}'))])
    sync_directory(path.parent)


class Folder:
    """Episodes in a directory: what acceptance needs of a catalogue."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.labelled: list[tuple[str, dict[str, object]]] = []

    def free_paths(self, count: int) -> list[Path]:
        paths = (self.directory / f"episode_{number}.hdf5" for number in itertools.count())
        return list(itertools.islice((path for path in paths if not path.exists()), count))

    def annotate(self, names: str, changes: Mapping[str, object], by: str) -> None:
        assert (self.directory / f"{names}.hdf5").exists()
        self.labelled.append((names, dict(changes)))

    def read(self, name: str, images: bool = True) -> Episode:
        if not (self.directory / f"{name}.hdf5").exists():
            raise UnknownName("episode", name, ())
        return read_episode(self.directory / f"{name}.hdf5", images)

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.directory.glob("*.hdf5"))


def wait_until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Look until it does."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.01)


def wait_for(acceptance: Acceptance, take_id: str) -> AcceptProgress:
    """The last word about a take: done or failed."""
    found: list[AcceptProgress] = []

    def over() -> bool:
        found[:] = [each for each in acceptance.progress() if each.take_id == take_id]
        return bool(found) and found[0].stage in ("done", "failed")

    wait_until(over)
    return found[0]


def assert_drawn(episode: Episode) -> None:
    """Every picture is the one of its state."""
    for camera, pictures in episode.images.items():
        for state, picture in zip(episode.states, pictures, strict=True):
            assert np.array_equal(picture, picture_of(state, camera, picture.shape[:2]))
