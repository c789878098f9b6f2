"""Demonstrations by the scripted expert: noise on what is executed, clean targets as the label, recoveries."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ...types import ARMS, CONTROL_HZ, GRIPPER_INDEX, JOINT_COUNT, POLICY_HZ, Episode, Policy
from ..env import AlohaEnv
from .motion import rows
from .plans import Planner, Style

TREMOR = 0.012  # [rad] standard deviation of the executed offset at noise 1
TREMOR_SECONDS = 0.4  # [s] correlation time of it
PUSH = 0.16  # [rad] largest joint offset of a disturbance at noise 1
PUSH_SECONDS = (0.3, 0.7)
PUSH_JOINTS = (0, 1, 2, 4, 5)  # all but the forearm roll
PUSHES_PER_SECOND = 0.28  # at noise 1
LEAD_SECONDS = (0.4, 7.0)
AFTER_SUCCESS = 25  # control steps kept, so that a policy learns to retreat
MAXIMUM_PLANS = 6


@dataclass
class _Take:
    """Lists that grow while an episode is made."""

    qpos: list = field(default_factory=list)
    qvel: list = field(default_factory=list)
    effort: list = field(default_factory=list)
    action: list = field(default_factory=list)
    applied: list = field(default_factory=list)
    states: list = field(default_factory=list)
    valid: list = field(default_factory=list)

    def step(self, env: AlohaEnv, clean: np.ndarray, applied: np.ndarray, valid: bool) -> None:
        applied = applied.astype(np.float32)  # what is stored is what was done, to the last bit
        self.states.append(env.state())
        self.qpos.append(env.observe(()).joints)
        self.qvel.append(env.velocities())
        self.effort.append(env.efforts())
        self.action.append(clean.astype(np.float32))
        self.applied.append(applied)
        self.valid.append(valid)
        env.apply(applied)


def demonstrate(
    env: AlohaEnv, seed: int, instruction: str | None = None, noise: float = 0.0, lead: Policy | None = None
) -> Episode:
    """One expert episode of `seed`, without pictures; Episode.success says whether it worked.

    With `noise` (0..1) the executed targets tremble while the labels stay clean, and now and then a push drives an
    arm away for a moment: those steps are marked invalid, and what follows shows how to recover. With a `lead` that
    policy acts for a random while before the expert takes over: its steps are invalid too, and what follows shows what
    to do where the policy leads.
    """
    env.reset(seed)
    if instruction is not None:
        env.assign(instruction)
    generator = np.random.default_rng([seed, 3])
    planner = Planner(env, Style.draw(seed))
    take = _Take()
    tremor = _Tremor(generator, noise)
    if lead is not None:
        for target in _led(env, lead, round(generator.uniform(*LEAD_SECONDS) * CONTROL_HZ)):
            take.step(env, target, target, valid=False)
    for _ in range(MAXIMUM_PLANS):
        interrupted = False
        for clean in rows(env.commanded(), planner.plan()):
            if len(take.action) >= env.max_steps or _finished(env, take):
                break
            take.step(env, clean, clean + tremor.step(), valid=True)
            if noise > 0 and generator.random() < noise * PUSHES_PER_SECOND / CONTROL_HZ and not env.score().success:
                for pushed in _push(env, generator, noise):
                    take.step(env, pushed, pushed, valid=False)
                interrupted = True
                break
        if not interrupted and (env.score().success or len(take.action) >= env.max_steps):
            break
    return _episode(env, seed, take)


class _Tremor:
    """A slow random offset of the arm joints (an Ornstein-Uhlenbeck process)."""

    def __init__(self, generator: np.random.Generator, noise: float):
        self._generator = generator
        self._scale = TREMOR * noise
        self._keep = np.exp(-1 / (TREMOR_SECONDS * CONTROL_HZ))
        self._value = np.zeros(JOINT_COUNT)

    def step(self) -> np.ndarray:
        fresh = self._generator.normal(size=JOINT_COUNT) * self._scale * np.sqrt(1 - self._keep**2)
        self._value = self._keep * self._value + fresh
        self._value[list(GRIPPER_INDEX.values())] = 0
        return self._value


def _led(env: AlohaEnv, lead: Policy, steps: int) -> Iterator[np.ndarray]:
    """Targets of a policy that acts by itself for some control steps."""
    rows_carried_out = getattr(lead, "replan_after", None)
    while steps > 0:
        chunk = lead.act(env.observe(), env.instruction)
        for target in np.repeat(chunk.targets[:rows_carried_out], CONTROL_HZ // POLICY_HZ, axis=0):
            if steps == 0 or env.score().success:
                return
            steps -= 1
            yield target


def _push(env: AlohaEnv, generator: np.random.Generator, noise: float) -> Iterator[np.ndarray]:
    """Targets that lead both arms a little astray."""
    target = env.commanded().astype(np.float64)
    offset = np.zeros(JOINT_COUNT)
    for arm in ARMS:
        start = GRIPPER_INDEX[arm] - 6
        for joint in PUSH_JOINTS:
            offset[start + joint] = generator.uniform(-PUSH, PUSH) * noise
    if generator.random() < 0.2:
        column = GRIPPER_INDEX[ARMS[generator.integers(2)]]
        offset[column] = generator.choice((-1.0, 1.0))
    count = round(generator.uniform(*PUSH_SECONDS) * CONTROL_HZ)
    for number in range(count):
        row = target + offset * min(1.0, 2 * (number + 1) / count)
        row[list(GRIPPER_INDEX.values())] = np.clip(row[list(GRIPPER_INDEX.values())], 0, 1)
        yield row


def _finished(env: AlohaEnv, take: _Take) -> bool:
    """Whether success has lasted; the take ends a moment after it."""
    if not env.score().success:
        return False
    states = take.states[-AFTER_SUCCESS:]
    if len(states) < AFTER_SUCCESS:
        return False
    # The last five numbers of a state are the score-keeping: the stage of success must have been reached back then.
    reached = states[0][-4:].max()
    return bool(reached >= 4)


def _episode(env: AlohaEnv, seed: int, take: _Take) -> Episode:
    score = env.score()
    return Episode(
        task=env.task,
        instruction=env.instruction,
        seed=seed,
        success=score.success,
        source="expert",
        qpos=np.stack(take.qpos),
        qvel=np.stack(take.qvel),
        effort=np.stack(take.effort),
        action=np.stack(take.action),
        applied=np.stack(take.applied),
        states=np.stack(take.states),
        valid=np.array(take.valid),
        score=score.points,
        named_object=score.named_object,
        render_fingerprint=env.fingerprint,
    )
