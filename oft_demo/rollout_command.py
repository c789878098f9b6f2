"""`python -m oft_demo rollout`: one seed, one instruction, and what came of it."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from . import sim
from .actors import open_actor
from .errors import checked_instruction, checked_seed
from .evaluate import Job, run_seed
from .outcome import SeedResult
from .settings import Settings


@dataclass(frozen=True)
class RolloutOptions:
    """Let a policy do one task once."""

    policy: str = "aloha-mini"  # a name, a checkpoint directory, the address of a policy server, or "expert"
    task: str = "put_x_into_pot"
    seed: int = 0
    instruction: str | None = None  # default: what the seed asks for
    json: bool = False  # end with one line of JSON
    video: Path | None = None  # an .mp4 file to write
    replan_after: int | None = None  # rows of each chunk to carry out; default: what the policy asks for
    remote_seconds: float = Settings.remote_seconds  # a policy server that takes longer counts as lost


def main(options: RolloutOptions) -> int:
    """Run the rollout, say what came of it, and return the exit status."""
    seed = checked_seed(options.seed)
    env = sim.make_env(options.task)
    try:
        instruction = options.instruction
        if instruction is not None:
            instruction = checked_instruction(instruction, sim.wordings.examples(options.task)[0])
        actor = open_actor(options.policy, env, remote_seconds=options.remote_seconds)
        job = Job(options.policy, options.task, instruction, replan_after=options.replan_after)
        unknown = getattr(actor(seed), "unknown_words", lambda text: ())(instruction or "")
        if unknown:
            print(f"{options.policy} does not know: {', '.join(unknown)}", file=sys.stderr)
        result = run_seed(job, env, actor, seed, options.video)
    finally:
        env.close()
    print(_sentence(result))
    if options.json:
        print(json.dumps(_values(result)))
    return 0


def _sentence(result: SeedResult) -> str:
    outcome = "success" if result.success else f"no success, got as far as: {result.stage}"
    return (
        f'"{result.instruction}" on seed {result.seed}: {outcome} ({result.points:.0f}/100) after '
        f"{result.seconds:.1f} s in {result.chunks} chunks of {result.latency_ms:.0f} ms"
    )


def _values(result: SeedResult) -> dict[str, object]:
    return {
        "seed": result.seed,
        "instruction": result.instruction,
        "success": result.success,
        "language_following": result.followed,
        "score": result.points,
        "stage": result.stage,
        "first_object": result.first_object,
        "named_object": result.named_object,
        "steps": result.steps,
        "chunks": result.chunks,
        "policy_latency_ms": result.latency_ms,
        "render_ms": result.render_ms,
    }
