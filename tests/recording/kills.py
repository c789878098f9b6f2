"""Kills recording and accepting at random moments, and says what was lost: nothing that was acknowledged may be.

python tests/recording/kills.py --times 50      for each of the two
"""

import argparse
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from fakes import FakeEnv
from taking import FAKE_PROGRAM, SIZE, Folder, assert_drawn, make_step, record_take, wait_for

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.recording.acceptance import Acceptance
from oft_demo.recording.journal import JOURNAL, read_journal
from oft_demo.recording.recorder import Recorder

Work = Literal["record", "accept"]

LONGEST = {"record": 1.2, "accept": 1.6}  # [s] of work before the kill, at the most
TAKES, STEPS = 2, 60  # that are accepted
PATHS = os.pathsep.join(sys.path)  # a child imports what this process does
CALLS = ("fsync", "link", "rename", "replace", "unlink", "rmdir", "mkdir")
BLOCK_SECONDS = "0.05"  # that the fake program takes for a block


@dataclass(frozen=True)
class Killed:
    """A process that was killed, what it had said by then, and where it worked."""

    folder: Path
    said: tuple[str, ...]
    after: float  # [s]


def kill_once(work: Work, seed: int, folder: Path) -> Killed:
    """Start a process that works, kill it after a while that the seed decides, and check what it left behind."""
    moment = random.Random(seed).uniform(0, LONGEST[work])
    if work == "accept":
        for _ in range(TAKES):
            record_take(folder / "takes", STEPS)
    killed = _killed(work, seed, folder, moment)
    (check_recorded if work == "record" else check_accepted)(killed)
    return killed


def kill_at_call(number: int, folder: Path) -> Killed:
    """The same of accepting, killed at a certain one of the calls that change what is on disk."""
    for _ in range(TAKES):
        record_take(folder / "takes", STEPS)
    killed = _killed("accept", number, folder, None)
    check_accepted(killed)
    return killed


def check_recorded(killed: Killed) -> None:
    """Every acknowledged step is there, in order, and the takes are found at the next start."""
    takes = killed.folder / "takes"
    promised = dict[str, int]()
    for line in killed.said:
        what, take_id, count = line.split()
        promised[take_id] = int(count) if what == "durable" else min(promised.get(take_id, 0), int(count))
    promised = {take_id: count for take_id, count in promised.items() if count}
    for take_id, count in promised.items():
        timeline = read_journal(takes / take_id / JOURNAL).timeline
        actions = [int(record["action"][0]) for record in timeline.records()]
        assert [int(record["state"][0]) for record in timeline.records()] == list(range(len(actions))), "a gap"
        assert actions == sorted(set(actions)), f"{take_id} has steps out of order"
        assert len(actions) >= count, f"{take_id} lost {count - len(actions)} acknowledged steps"
        for branch in timeline.branches:
            assert read_journal(takes / branch / JOURNAL).timeline.ended, f"{branch} is not whole"
    acceptance = Acceptance(Folder(killed.folder / "episodes"), takes, program=FAKE_PROGRAM)
    found = {take.take_id for take in acceptance.pending()}
    acceptance.close()
    assert set(promised) <= found, f"{set(promised) - found} are not found"


def check_accepted(killed: Killed, program: Sequence[str] = FAKE_PROGRAM) -> None:
    """Every file opens, every take is there once in the end, and what was called done is done."""
    episodes, takes = killed.folder / "episodes", killed.folder / "takes"
    for path in episodes.glob("*.hdf5"):
        assert read_episode(path).length == STEPS
    for line in killed.said:
        what, take_id, name = line.split()
        if what == "done":
            assert read_episode(episodes / f"{name}.hdf5").provenance["take"] == take_id
    submitted = {line.split()[1] for line in killed.said if line.startswith("submitted")}
    acceptance = Acceptance(Folder(episodes), takes, program=program)
    waiting = {take.take_id for take in acceptance.pending()}
    resumed = {each.take_id for each in acceptance.progress()}
    assert not (submitted & waiting), "an order was forgotten"
    for take_id in waiting:
        acceptance.submit(take_id, image_size=SIZE)
    for take_id in (*resumed, *waiting):
        assert wait_for(acceptance, take_id).stage == "done", wait_for(acceptance, take_id).sentence
    acceptance.close()
    found = [read_episode(path) for path in episodes.glob("*.hdf5")]
    assert len({episode.provenance["take"] for episode in found}) == len(found) == TAKES
    for episode in found:
        if program == FAKE_PROGRAM:
            assert_drawn(episode)
        assert episode.length == STEPS
        if episode.provenance["take"] in submitted:
            assert "said" in episode.provenance["annotation"]
    again = Acceptance(Folder(episodes), takes, program=program)
    assert (again.pending(), again.progress()) == ((), ())
    again.close()
    assert list(takes.iterdir()) == []


def _killed(work: Work, seed: int, folder: Path, moment: float | None) -> Killed:
    heard = folder / "said"
    with heard.open("wb") as said:
        process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).resolve()),
                "--child",
                work if moment else "calls",
                str(folder),
                str(seed),
            ],
            stdout=subprocess.PIPE,
            env={**os.environ, "FAKE_DRAWING_SECONDS": BLOCK_SECONDS, "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        if moment is not None:
            time.sleep(moment)
            process.kill()
        said.write(process.stdout.read())
        process.wait()
        process.stdout.close()
    lines = heard.read_text().splitlines(keepends=True)
    return Killed(folder, tuple(line.strip() for line in lines if line.endswith("\n")), moment or 0.0)


def record_until_killed(folder: Path, seed: int) -> None:
    """Take after take with rewinds, saying which steps are durable."""
    dice, number = random.Random(seed + 1), 0
    while True:
        env = FakeEnv()
        recorder = Recorder(env, folder / "takes", seed=seed)
        for _ in range(dice.randrange(20, 400)):
            recorder.add(make_step(env, number), number / 50)
            number += 1
            if dice.random() < 0.01:
                back = dice.randrange(recorder.length + 1)
                print("rewind", recorder.take_id, back, flush=True)  # what comes after is no longer promised
                recorder.rewind(back, keep=dice.random() < 0.5)
            print("durable", recorder.take_id, recorder.durable, flush=True)
            time.sleep(0.001)
        recorder.finish()


def accept_until_killed(folder: Path) -> None:
    """Have all takes written, saying which are ordered and which are done."""
    acceptance = Acceptance(Folder(folder / "episodes"), folder / "takes", program=FAKE_PROGRAM)
    takes = [take.take_id for take in acceptance.pending()]
    for take_id in takes:
        acceptance.submit(take_id, Annotation(notes="said"), image_size=SIZE)
        print("submitted", take_id, "-", flush=True)
    for take_id in takes:
        print("done", take_id, wait_for(acceptance, take_id).episode, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_call(number: int) -> None:
    """Have this process killed in place of the call of that number, of those that change what is on disk."""
    counted = itertools.count()

    def counting(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **options: Any) -> Any:
            if next(counted) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return instead

    for name in CALLS:
        setattr(os, name, counting(getattr(os, name)))


def main() -> None:
    """Kill as often as asked, and stop at the first loss."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=3, metavar=("WORK", "FOLDER", "SEED"))
    options = parser.parse_args()
    if options.child:
        work, folder, seed = options.child
        print("ready", flush=True)
        if work == "record":
            record_until_killed(Path(folder), int(seed))
        if work == "calls":
            die_at_call(int(seed))
        accept_until_killed(Path(folder))
        return
    for work in get_args(Work):
        for time_ in range(options.times):
            folder = Path(tempfile.mkdtemp(prefix="kill"))
            killed = kill_once(work, options.seed + time_, folder)
            print(f"{work} {time_}: killed after {killed.after:.2f} s, {len(killed.said)} acknowledged, nothing lost")
            shutil.rmtree(folder)
    for number in range(options.times):
        folder = Path(tempfile.mkdtemp(prefix="kill"))
        killed = kill_at_call(number, folder)
        print(f"accept: killed at call {number}, {len(killed.said)} acknowledged, nothing lost")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
