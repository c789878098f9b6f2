"""A rollout that is shown: what drives it and what is known of it, while it goes on and afterwards."""

from dataclasses import dataclass, field, replace

from oft_demo.run_record import RecordedChunk, RunRecord
from oft_demo.run_settings import RunSettings
from oft_demo.sim import AlohaEnv
from oft_demo.studio.players import Player
from oft_demo.studio.request import Request
from oft_demo.studio.run_log import RunLog
from oft_demo.studio.transport import Transport
from oft_demo.studio.verdicts import Verdict
from oft_demo.take import Take
from oft_demo.types import Score, Step


@dataclass
class Watched:
    """One rollout of a visitor."""

    name: str  # under which the policy was picked
    request: Request
    env: AlohaEnv
    player: Player
    transport: Transport
    log: RunLog
    take: Take
    scores: list[Score] = field(default_factory=list[Score])  # after each control step
    verdict: Verdict | None = None  # once it is over

    def add(self, step: Step) -> None:
        """Remember one control step and what the simulation is like after it."""
        self.take.add(step)
        self.scores.append(step.score)
        self.log.add(step)

    @property
    def over(self) -> bool:
        """Whether it came to an end."""
        return self.verdict is not None

    @property
    def repeated(self) -> Request:
        """What has to be asked for the same to happen again, changes on the way included."""
        return replace(self.request, script=tuple(self.transport.heard[1:]))

    @property
    def settings(self) -> RunSettings:
        """What a link says of it."""
        heard = [(each.step, each.manner) for each in self.transport.heard]
        request = self.request
        return RunSettings.of(request.task, request.seed, self.name, self.player.fingerprint, heard)

    @property
    def record(self) -> RunRecord | None:
        """All that can be downloaded of it; None before its first step."""
        if not self.scores:
            return None
        chunks = tuple(RecordedChunk(each.step, each.chunk, each.pictures) for each in self.log.chunks)
        verdict = self.verdict.badge if self.verdict else "running"
        return RunRecord(self.settings, self.take.episode(), tuple(self.scores), chunks, verdict, self.player.card.rows)
