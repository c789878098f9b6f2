"""Small episodes of a real scene, and a studio that holds nothing but them."""

import functools
from types import SimpleNamespace

import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.sim import make_env
from oft_demo.studio.episode_desk import Desk
from oft_demo.types import CAMERAS, Episode

LENGTH = 60


@functools.cache
def episode(task="put_x_into_pot", instruction="put the yellow corn into the pot", pictures=True, seed=7):
    """Arms that drift a little for 1.2 s; frame t of every camera is t all over."""
    env = make_env(task)
    env.reset(seed)
    target, states, joints, targets = env.commanded(), [], [], []
    for _ in range(LENGTH):
        states.append(env.state())
        joints.append(env.observe(()).joints)
        target = target + np.float32(0.004)
        targets.append(target)
        env.apply(target)
    env.close()
    frames = np.broadcast_to(np.arange(LENGTH, dtype=np.uint8)[:, None, None, None], (LENGTH, 24, 32, 3))
    action = np.array(targets, np.float32)
    return Episode(
        task=task,
        instruction=instruction,
        seed=seed,
        success=False,
        source="expert",
        qpos=np.array(joints, np.float32),
        qvel=np.zeros((LENGTH, 14), np.float32),
        effort=np.zeros((LENGTH, 14), np.float32),
        action=action,
        applied=action,
        states=np.array(states),
        valid=np.ones(LENGTH, bool),
        images=dict.fromkeys(CAMERAS, frames) if pictures else {},
    )


def studio_of(directory, visitors, count=2):
    """What of a Studio the Episodes tab needs."""
    directory.mkdir(exist_ok=True)
    made = episode()
    for index in range(count):
        write_episode(directory / f"episode_{index}.hdf5", made)
    settings = SimpleNamespace(data=directory)
    return SimpleNamespace(settings=settings, catalog=Catalog(directory), visitors=visitors, desk=Desk(directory))
