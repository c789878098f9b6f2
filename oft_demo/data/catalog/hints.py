"""What about an episode deserves a second look, told from its joints alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float32

from oft_demo.data.catalog.entries import Hint
from oft_demo.types import ARMS, GRIPPER_INDEX, JOINT_COUNT, JOINT_NAMES, Episode

STILL = 0.02  # [rad], or share of a gripper's opening: less is no motion
IDLE_SECONDS = 1.0  # [s] of standing still that a trim should take away
JUMP_SPEED = 7.5  # [rad/s] of a target: more than twice what the fastest joint can follow
CLOSED = 0.5  # share of a gripper's opening below which it holds something
SLACK = 0.02  # [rad] beyond a joint's range, and share of a gripper's opening

# [rad] joint ranges of the ViperX 300 S, as gym-aloha's vx300s has them; waist .. wrist_rotate
ARM_LOW = (-3.14159, -1.85005, -1.76278, -3.14159, -1.8675, -3.14159)
ARM_HIGH = (3.14159, 1.25664, 1.6057, 3.14159, 2.23402, 3.14159)
LOW = np.array([*ARM_LOW, 0.0] * len(ARMS))
HIGH = np.array([*ARM_HIGH, 1.0] * len(ARMS))

FEWEST_OTHERS = 8  # episodes of a task that say what is usual
QUARTILE_RANGES = 1.5  # Tukey's fences
SPREAD = 0.1  # of the median: what is as regular as clockwork has outliers of a step


def hints_of(episode: Episode) -> tuple[Hint, ...]:
    """Everything that the episode itself shows; whether its length is usual needs the others, see `usual_seconds`."""
    return (*_idle(episode), *_jumps(episode), *_never_closed(episode), *_outside(episode))


def usual_seconds(quartiles: tuple[float, float, float]) -> tuple[float, float]:
    """The shortest and the longest usual time [s], from the quartiles of all episodes of a task."""
    first, median, third = quartiles
    room = QUARTILE_RANGES * (third - first) + SPREAD * median
    return max(first - room, 0.0), third + room


def length_hint(seconds: float, usual: tuple[float, float]) -> Hint:
    """An episode whose time is not usual."""
    low, high = usual
    found = f"It takes {seconds:.1f} s; most others of its task take {low:.1f} to {high:.1f} s."
    return Hint("length outlier", None, found)


def _idle(episode: Episode) -> Iterator[Hint]:
    rate, moving = episode.control_hz, _moving(episode)
    if not len(moving):
        if episode.length >= IDLE_SECONDS * rate:
            yield Hint("idle start", None, f"Nothing moves in all {episode.length / rate:.1f} s.")
        return
    first, last = int(moving[0]), int(moving[-1])
    if first >= IDLE_SECONDS * rate:
        yield Hint("idle start", first, f"Nothing moves for the first {first / rate:.1f} s; step {first} is the first.")
    if episode.length - 1 - last >= IDLE_SECONDS * rate:
        seconds = (episode.length - 1 - last) / rate
        yield Hint("idle end", last + 1, f"Nothing moves for the last {seconds:.1f} s, from step {last + 1} on.")


def _moving(episode: Episode) -> np.ndarray:
    """The steps after which the arms are no longer where they began, and not yet where they end."""
    joints = np.concatenate([episode.qpos, episode.action], axis=1)
    left = (np.abs(joints - joints[0]) > STILL).any(axis=1)
    coming = (np.abs(joints - joints[-1]) > STILL).any(axis=1)
    begins = int(left.argmax()) if left.any() else episode.length
    ends = episode.length - 1 - int(coming[::-1].argmax()) if coming.any() else -1
    return np.arange(begins, ends + 1)


def _jumps(episode: Episode) -> Iterator[Hint]:
    arms = [index for index in range(JOINT_COUNT) if index not in GRIPPER_INDEX.values()]
    jumps = np.abs(np.diff(episode.action[:, arms], axis=0)) * episode.control_hz
    if not (jumps > JUMP_SPEED).any():
        return
    step, joint = np.unravel_index(int(jumps.argmax()), jumps.shape)
    name = JOINT_NAMES[arms[joint]].replace("_", " ")
    speed = jumps[step, joint]
    found = f"The target of {name} jumps at step {step + 1}, at {speed:.0f} rad/s; the joint follows at about 3 rad/s."
    yield Hint("jerk", int(step) + 1, found)


def _never_closed(episode: Episode) -> Iterator[Hint]:
    if (episode.action[:, list(GRIPPER_INDEX.values())] > CLOSED).all():
        yield Hint("gripper never closed", None, "Neither gripper ever closes, so nothing can have been picked up.")


def _outside(episode: Episode) -> Iterator[Hint]:
    beyond = _beyond(episode.action)
    outside = (beyond > SLACK).any(axis=1)
    if not outside.any():
        return
    step = int(outside.argmax())
    joint = int(beyond[step].argmax())
    name, value = JOINT_NAMES[joint].replace("_", " "), episode.action[step, joint]
    found = f"The target of {name} is {value:.2f} at step {step}; it reaches {LOW[joint]:.2f} to {HIGH[joint]:.2f}."
    yield Hint("targets outside limits", step, found)


def _beyond(targets: Float32[np.ndarray, "t 14"]) -> np.ndarray:
    """How far each target lies outside its joint's range; 0 or less inside."""
    return np.maximum(LOW - targets, targets - HIGH)


def kinds(hints: Sequence[Hint]) -> tuple[str, ...]:
    """The kinds of some hints, each once."""
    return tuple(dict.fromkeys(hint.kind for hint in hints))
