"""What one rollout came to, in the terms of an evaluation."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from .types import CONTROL_HZ, Score, Step


@dataclass(frozen=True)
class SeedResult:
    """The outcome of one seed."""

    seed: int
    instruction: str
    success: bool
    points: float  # 0..100, the rubric of the task
    stage: str  # the last rubric stage reached
    followed: bool  # the named object was approached first; False where none was approached
    first_object: str | None
    named_object: str | None
    steps: int  # control steps
    seconds: float  # simulated
    chunks: int
    latency_ms: float  # median time of the policy for one chunk
    render_ms: float  # median time of the pictures for one chunk


def outcome_of(steps: Iterable[Step], seed: int) -> SeedResult:
    """Run `steps` to the end and judge them; there has to be at least one."""
    latencies: list[float] = []
    renders: list[float] = []
    count, instruction, score = 0, "", Score(0, "", False)
    for step in steps:
        count, score = count + 1, step.score
        if step.chunk is not None:
            instruction = step.chunk.instruction
            latencies.append(step.chunk.latency_ms["total"])
            renders.append(step.chunk.latency_ms["render"])
    return SeedResult(
        seed=seed,
        instruction=instruction,
        success=score.success,
        points=score.points,
        stage=score.stage,
        followed=score.followed is True,
        first_object=score.first_object,
        named_object=score.named_object,
        steps=count,
        seconds=count / CONTROL_HZ,
        chunks=len(latencies),
        latency_ms=statistics.median(latencies),
        render_ms=statistics.median(renders),
    )
