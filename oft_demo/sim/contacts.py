"""Which named geoms touch each other right now."""

import mujoco

from ..types import ARMS
from .robot import finger_geoms


def touching(model: mujoco.MjModel, data: mujoco.MjData) -> set[tuple[str, str]]:
    """All pairs of geom names in contact, in both orders."""
    pairs: set[tuple[str, str]] = set()
    # The array of all contacts at once: one Python object a contact costs more than the physics of the step.
    for ids in data.contact.geom.tolist():
        first, second = (mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_GEOM, number) or "" for number in ids)
        pairs.add((first, second))
        pairs.add((second, first))
    return pairs


def fingers_on(pairs: set[tuple[str, str]], arm: str, geoms: tuple[str, ...]) -> int:
    """How many fingers (0..2) of an arm touch any of the geoms."""
    return sum(any((finger, geom) in pairs for geom in geoms) for finger in finger_geoms(arm))


def held_by(pairs: set[tuple[str, str]], geoms: tuple[str, ...]) -> str | None:
    """The arm whose both fingers touch the object, if any."""
    return next((arm for arm in ARMS if fingers_on(pairs, arm, geoms) == 2), None)
