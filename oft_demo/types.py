"""The values that every part of the app passes around, and the roles that act on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np
from jaxtyping import Float32, Float64, UInt8

ARMS = ("left", "right")
ARM_JOINTS = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper")
JOINT_NAMES = tuple(f"{arm}_{joint}" for arm in ARMS for joint in ARM_JOINTS)
JOINT_COUNT = len(JOINT_NAMES)
GRIPPER_INDEX = {arm: side * len(ARM_JOINTS) + 6 for side, arm in enumerate(ARMS)}

CAMERAS = ("cam_high", "cam_left_wrist", "cam_right_wrist")

CONTROL_HZ = 50  # gym-aloha's DT of 0.02 s; one call of Env.apply with dt = 1 / CONTROL_HZ
POLICY_HZ = 25  # OFT's ALOHA rate: one action row is held for two control steps
CHUNK_LENGTH = 25  # K of OFT+ on ALOHA: one second of actions

Image: TypeAlias = UInt8[np.ndarray, "height width 3"]
Source: TypeAlias = Literal["policy", "human", "expert"]
SOURCES: tuple[Source, ...] = ("policy", "human", "expert")  # an array of sources holds places in this list


@dataclass(frozen=True)
class Observation:
    """What a policy may see at one moment: pictures, joints and the clock, nothing else."""

    images: Mapping[str, Image]
    joints: Float32[np.ndarray, "14"]  # [rad], grippers 0 closed .. 1 open; left arm, then right
    time: float = 0.0  # [s] since reset


@dataclass(frozen=True)
class ActionChunk:
    """A policy's plan for the next moments: one row of absolute joint targets per `dt`."""

    targets: Float32[np.ndarray, "k 14"]  # [rad], grippers 0 closed .. 1 open
    instruction: str
    dt: float = 1 / POLICY_HZ  # [s] between rows
    latency_ms: Mapping[str, float] = field(default_factory=dict[str, float])  # by stage, "total" among them


@dataclass(frozen=True)
class Score:
    """How far a task has come, in the paper's terms."""

    points: float  # 0..100, the rubric of the task
    stage: str  # the last rubric stage reached, in words
    success: bool
    reward: int = 0  # gym-aloha's 0..4
    first_object: str | None = None  # the object a gripper went to first
    named_object: str | None = None  # the object that the instruction names

    @property
    def followed(self) -> bool | None:
        """Whether the named object was approached first; None while no object was approached or named."""
        if self.first_object is None or self.named_object is None:
            return None
        return self.first_object == self.named_object


@dataclass(frozen=True)
class Query:
    """What an OFT policy of any robot is asked: the form in which questions travel over the wire."""

    images: tuple[Image, ...]  # in the order of the policy's cameras
    state: Float64[np.ndarray, " p"]  # raw, in the units of the policy's statistics
    instruction: str


@dataclass(frozen=True)
class Plan:
    """The answer to a query."""

    actions: Float64[np.ndarray, "k d"]  # un-normalised
    latency_ms: Mapping[str, float] = field(default_factory=dict[str, float])  # by stage, "total" among them


class Policy(Protocol):
    """Anything that turns an observation and an instruction into a chunk of actions."""

    def act(self, observation: Observation, instruction: str) -> ActionChunk: ...


class Env(Protocol):
    """A simulated ALOHA with a task; seeing is separate from acting, so pixels cost only who asks for them."""

    @property
    def task(self) -> str: ...

    @property
    def instruction(self) -> str:
        """The instruction that is scored: drawn from the seed at reset, replaced by `assign`."""
        ...

    def reset(self, seed: int) -> None:
        """Put the scene into the state that belongs to `seed`, exactly the same one every time."""
        ...

    def assign(self, instruction: str) -> None:
        """Score this instruction from now on; the scene and what was done in it stay as they are."""
        ...

    def observe(self, cameras: tuple[str, ...] = CAMERAS) -> Observation: ...

    def apply(self, target: Float32[np.ndarray, "14"], dt: float = 1 / CONTROL_HZ) -> None:
        """Hold absolute joint targets for `dt` [s] of physics."""
        ...

    def score(self) -> Score: ...

    def state(self) -> Float64[np.ndarray, "n"]:
        """The whole simulator state (physics, clock, score-keeping), to be given back to `restore`."""
        ...

    def restore(self, state: Float64[np.ndarray, "n"]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Step:
    """What one control step produced; the page, the plots and the recorder all read this one event."""

    index: int  # control step since reset
    time: float  # [s] at the start of the step
    joints: Float32[np.ndarray, "14"]  # measured before the target was applied
    target: Float32[np.ndarray, "14"]  # applied during the step
    chunk_index: int
    row: int  # row of the chunk that `target` is
    source: Source
    score: Score  # after the step
    chunk: ActionChunk | None = None  # on the first step of a new chunk
    observation: Observation | None = None  # what the policy saw for that chunk
    steps_to_replan: int = 0  # control steps left, after this one, until the policy looks again


@dataclass(frozen=True)
class Segment:
    """A part of an episode with words of its own."""

    start: int  # first control step
    stop: int  # the step after the last
    text: str


@dataclass(frozen=True)
class TakeEvent:
    """Something that happened while an episode was recorded."""

    step: int  # the control step before which it happened
    kind: str  # "take_over", "hand_back", "rewind", "pause", "said", "mark"
    text: str = ""


@dataclass(frozen=True)
class Episode:
    """A finished take: stacked steps and simulator states with their labels; knows nothing of files."""

    task: str
    instruction: str
    seed: int
    success: bool
    source: Source  # who acted; "human" where a person took part
    qpos: Float32[np.ndarray, "t 14"]
    qvel: Float32[np.ndarray, "t 14"]
    effort: Float32[np.ndarray, "t 14"]
    action: Float32[np.ndarray, "t 14"]  # the clean target; action[t] belongs to the observation at t
    applied: Float32[np.ndarray, "t 14"]  # what was really sent, noise included
    states: Float64[np.ndarray, "t n"]  # Env.state() before each step
    valid: np.ndarray  # (t,) bool: False while a disturbance drives the arms, so that action is no demonstration
    score: float = 0.0  # rubric points at the end, 0..100
    named_object: str | None = None
    control_hz: int = CONTROL_HZ
    render_fingerprint: str = ""  # of the pictures, or of the settings they would be drawn with
    images: Mapping[str, UInt8[np.ndarray, "t height width 3"]] = field(
        default_factory=dict[str, UInt8[np.ndarray, "t height width 3"]]
    )
    sources: UInt8[np.ndarray, "t"] | None = None  # who acted, as places in SOURCES; None: `source` all the time
    wall_times: Float64[np.ndarray, "t"] | None = None  # [s] real time since the first step; None: as control_hz says
    segments: tuple[Segment, ...] = ()
    events: tuple[TakeEvent, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict[str, str])  # operator, device, scene, versions, ...

    @property
    def step_sources(self) -> UInt8[np.ndarray, "t"]:
        """Who acted at each step, as places in SOURCES."""
        if self.sources is not None:
            return self.sources
        return np.full(self.length, SOURCES.index(self.source), np.uint8)

    @property
    def length(self) -> int:
        """Number of control steps."""
        return len(self.action)
