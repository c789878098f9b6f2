"""What a rollout did so far, as arrays."""

import numpy as np

from oft_demo.plots import Motion, PlacedChunk
from oft_demo.types import JOINT_COUNT, Step

PARTING = 0.05  # [rad, or of a gripper's stroke]: about 3 degrees, more than two rollouts differ by rounding


class Trace:
    """Collects steps at the policy's rate; plots at 50 Hz would only be heavier."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._measured: list[np.ndarray] = []
        self._executed: list[np.ndarray] = []
        self.chunks: list[PlacedChunk] = []

    def add(self, step: Step) -> None:
        """Take in one control step."""
        if step.chunk is not None:
            self.chunks.append(PlacedChunk(step.time, step.chunk.dt, step.chunk.targets))
        if step.index % 2 == 0:
            self._times.append(step.time)
            self._measured.append(step.joints)
            self._executed.append(step.target)

    @property
    def motion(self) -> Motion:
        """Times, measured joints and executed targets."""
        empty = np.zeros((0, JOINT_COUNT), np.float32)
        measured = np.array(self._measured, np.float32) if self._measured else empty
        executed = np.array(self._executed, np.float32) if self._executed else empty
        return Motion(np.array(self._times, np.float32), measured, executed)


def parting(one: Motion, other: Motion) -> float | None:
    """The first time [s] at which the measured joints of two rollouts differ by more than PARTING."""
    common = min(len(one.times), len(other.times))
    apart = np.abs(one.measured[:common] - other.measured[:common]).max(axis=1, initial=0.0) > PARTING
    return float(one.times[np.argmax(apart)]) if apart.any() else None
