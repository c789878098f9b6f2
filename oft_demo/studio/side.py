"""One of two rollouts that are compared."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from oft_demo import rollout
from oft_demo.rollout import Manner
from oft_demo.run_record import RecordedChunk, RunRecord
from oft_demo.run_settings import RunSettings
from oft_demo.serve import RemoteError
from oft_demo.sim import AlohaEnv
from oft_demo.studio.live import prepared
from oft_demo.studio.pace import Pace
from oft_demo.studio.players import Expert, Loaded, Player
from oft_demo.studio.request import Request
from oft_demo.studio.screen import Screen, jpegs
from oft_demo.studio.verdicts import Verdict, judged
from oft_demo.studio.visitors import Visitor
from oft_demo.take import Take
from oft_demo.types import Score, Step


@dataclass
class Side:
    """One of the two rollouts, and all that is kept of it."""

    name: str  # of the policy, as it was picked
    request: Request
    env: AlohaEnv
    player: Player
    screen: Screen
    pace: Pace
    take: Take
    steps: Iterator[Step]
    scores: list[Score] = field(default_factory=list[Score])
    chunks: list[RecordedChunk] = field(default_factory=list[RecordedChunk])
    last: Step | None = None
    lost: RemoteError | None = None
    verdict: Verdict | None = None

    def next(self) -> Step | None:
        """Carry out the next control step; None at the end, which may be that of the policy's server."""
        try:
            step = next(self.steps, None)
        except RemoteError as error:
            self.lost, step = error, None
        if step is None:
            return None
        self.take.add(step)
        self.scores.append(step.score)
        if step.chunk is not None:
            seen = step.observation.images if step.observation is not None else {}
            self.chunks.append(RecordedChunk(step.index, step.chunk, jpegs(seen)))
            self.screen.chunk(step.chunk, {})
        self.last = step
        return step

    def end(self, stopped: bool) -> Verdict:
        """Show how it ended."""
        self.verdict = judged(self.last, stopped, self.lost)
        self.screen.end(self.last, self.env, self.pace, self.verdict.badge, self.verdict.tone)
        return self.verdict

    @property
    def ending(self) -> str:
        """How it ended and where it went, in words."""
        if self.last is None or self.verdict is None:
            return "did not begin"
        score = self.last.score
        went = f"went to the {score.first_object}" if score.first_object else "went to no object"
        named = f", not to the {score.named_object}" if score.followed is False else ""
        return f"{self.verdict.badge} after {self.last.time:.1f} s, {went}{named}"

    def record(self) -> RunRecord | None:
        """For files; None where nothing happened."""
        if self.last is None or self.verdict is None:
            return None
        task, seed, words = self.request.task, self.request.seed, self.request.instruction
        settings = RunSettings.of(task, seed, self.name, self.player.fingerprint, [(0, Manner(words))])
        scores, chunks = tuple(self.scores), tuple(self.chunks)
        return RunRecord(settings, self.take.episode(), scores, chunks, self.verdict.badge, dict(self.player.card.rows))


def begun(visitor: Visitor, letter: str, policy: Expert | Loaded, name: str, request: Request) -> Side:
    """A side at its start, shown as a still."""
    env, player = prepared(visitor, policy, request, letter)
    screen = Screen(visitor.board, f"compare-{letter}")
    screen.still(env, {})
    screen.introduce(player.card)
    words = request.instruction
    steps = rollout.run(player.policy, env, words, replan_after=player.replan_after, source=player.source)
    return Side(name, request, env, player, screen, Pace(), Take(env, request.seed), steps)
