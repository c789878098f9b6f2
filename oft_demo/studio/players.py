"""A policy as the page uses it: loaded, described by a card, and ready to act in a visitor's simulation."""

import re
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from oft_demo import policy_card
from oft_demo.errors import InvalidInstruction
from oft_demo.policy_card import Card, Latency
from oft_demo.policy_opening import POLICY_IMAGE_SIZE, LoadedPolicy, frame_size, opening
from oft_demo.policy_sources import Remote, Weights, short
from oft_demo.serve import RemoteError, RemotePolicy, StaleAnswer
from oft_demo.settings import Settings
from oft_demo.sim import TASKS, AlohaEnv, make_expert, wordings
from oft_demo.studio.request import Request
from oft_demo.types import ActionChunk, Observation, Policy, Source

if TYPE_CHECKING:
    from oft_demo.policy import OftPolicy

WORD = re.compile(r"\w+")

UnknownIn: TypeAlias = Callable[[str, str], tuple[str, ...]]  # of an instruction, and an example for the complaint


class NothingUnderstood(InvalidInstruction):
    """Not one word of the instruction is in the policy's vocabulary."""

    def __init__(self, words: tuple[str, ...], example: str):
        listed = ", ".join(f'"{word}"' for word in words)
        super().__init__(
            f"This policy knows none of the words that say what to do: {listed} were never in its training. "
            f'Try, for example, "{example}".'
        )


def _none_unknown(instruction: str, example: str) -> tuple[str, ...]:
    """Of a policy that reads any text, or none."""
    return ()


@dataclass(frozen=True)
class Player:
    """A policy that is ready to act in one simulation."""

    name: str
    policy: Policy
    source: Source
    card: Card
    replan_after: int | None = None  # rows of a chunk that are executed before the policy is asked again
    unknown_words: tuple[str, ...] = ()  # words of the instruction that it never saw
    fingerprint: str = ""  # of its weights; "" where it has none or does not tell
    unknown_in: UnknownIn = _none_unknown  # the same of another instruction; raises NothingUnderstood
    other_pictures: bool = False  # it was trained on pictures drawn in another way than this simulation's


class TakingTurns:
    """A policy that several visitors share: one thread acts at a time."""

    def __init__(self, policy: Policy):
        self.broken = False  # its server failed, so that it has to be reached anew
        self._policy = policy
        self._lock = threading.Lock()

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """The shared policy's chunk."""
        with self._lock:
            try:
                return self._policy.act(observation, instruction)
            except RemoteError:
                self.broken = True
                raise


class Expert:
    """The scripted expert, made anew for every simulation."""

    name = "expert"
    card = policy_card.expert_card()

    def player(self, env: AlohaEnv, request: Request) -> Player:
        """The expert in `env`, which was reset to the request."""
        env.image_size = POLICY_IMAGE_SIZE  # the page shows what a policy would see
        return Player(self.name, make_expert(env, request.seed), "expert", self.card)


@dataclass(eq=False)
class Loaded:
    """A policy in memory or at the other end of a line, and how many visitors use it."""

    source: Weights | Remote
    policy: LoadedPolicy
    card: Card
    latency: Latency
    borrowers: int = 0
    used_at: float = field(default_factory=time.monotonic)
    closed: bool = False
    shared: TakingTurns = field(init=False)

    def __post_init__(self):
        self.shared = TakingTurns(self.policy)

    @property
    def name(self) -> str:
        """By which it was picked."""
        return self.source.name

    @property
    def large(self) -> bool:
        """Whether two of them could fill the memory."""
        return not isinstance(self.source, Remote) and self.source.official

    def player(self, env: AlohaEnv, request: Request) -> Player:
        """The policy in `env`, which was reset to the request and gets its cameras' size; raises NothingUnderstood."""
        policy = self.policy
        env.image_size = frame_size(policy)
        fingerprint = getattr(policy, "fingerprint", "")
        player = Player(
            short(self.name), self.shared, "policy", self.card, policy.replan_after, fingerprint=fingerprint
        )
        if isinstance(policy, RemotePolicy):
            return player
        trained_on = policy.render_fingerprint
        other = bool(trained_on) and env.fingerprint not in trained_on
        return replace(
            player,
            unknown_words=_unknown_words(policy, request.instruction, request.example),
            unknown_in=partial(_unknown_words, policy),
            other_pictures=other,
        )

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        _hang_up(self.policy)


def loading(
    source: Weights | Remote, known: Loaded | None = None, answer_within: float = Settings.remote_seconds
) -> Generator[str, None, Loaded]:
    """Load a policy and measure how fast it answers, unless it is what was `known` of this name."""
    policy = yield from opening(source, answer_within)
    if known is not None and _card(source, policy, known.latency) == known.card:
        return Loaded(source, policy, known.card, known.latency)
    try:
        yield "timing its answers"
        latency = _measured(policy)
    except BaseException:
        _hang_up(policy)
        raise
    return Loaded(source, policy, _card(source, policy, latency), latency)


def _measured(policy: LoadedPolicy) -> Latency:
    measure = partial(policy_card.measured, policy, frame_size(policy), policy.cameras, wordings.examples(TASKS[0])[0])
    try:
        return measure()
    except StaleAnswer:  # a server whose first answer takes longest
        return measure()


def _card(source: Weights | Remote, policy: LoadedPolicy, latency: Latency) -> Card:
    if isinstance(policy, RemotePolicy):
        return policy_card.remote_card(policy, latency, source.name)
    return policy_card.card_of(policy, latency, source.name)


def _hang_up(policy: LoadedPolicy) -> None:
    if isinstance(policy, RemotePolicy):
        policy.close()


def _unknown_words(policy: "OftPolicy", instruction: str, example: str) -> tuple[str, ...]:
    """Words that were not in its training; a policy of an open vocabulary has none."""
    unknown = tuple(word for word in policy.unknown_words(instruction) if WORD.search(word))  # no punctuation
    understood = set(WORD.findall(instruction.lower())) - {word.lower() for word in unknown}
    if not understood:
        raise NothingUnderstood(unknown or (instruction,), example)
    return unknown
