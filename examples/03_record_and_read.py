"""Record a demonstration as ALOHA HDF5 and read it back: states first, pictures drawn from them afterwards.

python examples/03_record_and_read.py --out demonstrations --steps 50
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro

from oft_demo import sim
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.types import CAMERAS


@dataclass
class Options:
    out: Path = Path("data")
    seed: int = 7
    steps: int | None = None  # pictures of the first steps only


options = tyro.cli(Options)
env = sim.make_env("put_x_into_pot", image_size=(480, 640))
episode = sim.demonstrate(env, options.seed)

frames = []
for state in episode.states[: options.steps]:
    env.restore(state)
    frames.append(env.observe(CAMERAS).images)
fingerprint = env.fingerprint
env.close()

length = len(frames)
columns = ("qpos", "qvel", "effort", "action", "applied", "states", "valid")
cut = replace(episode, **{name: getattr(episode, name)[:length] for name in columns})
images = {camera: np.stack([frame[camera] for frame in frames]) for camera in CAMERAS}
path = options.out / "example.hdf5"
write_episode(path, replace(cut, images=images, render_fingerprint=fingerprint))

again = read_episode(path)
print(f'{path}: "{again.instruction}", {again.length} steps of {", ".join(again.images)}')
print(f"bytes {path.stat().st_size / 1e6:.1f} MB of {sum(i.nbytes for i in again.images.values()) / 1e6:.1f} MB raw")
