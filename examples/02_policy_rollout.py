"""Let the bundled policy act from three pictures, its joints and an instruction, and film it.

python examples/02_policy_rollout.py                 # the whole rollout, into rollout.mp4
python examples/02_policy_rollout.py --max-steps 10  # a glance
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from oft_demo import policy, rollout, sim, video
from oft_demo.settings import Settings


@dataclass
class Options:
    checkpoint: Path = Settings.policies / "aloha-mini"
    instruction: str = "put the yellow corn into the pot"
    seed: int = 20000
    max_steps: int = 600
    film: Path = Path("rollout.mp4")


options = tyro.cli(Options)
env = sim.make_env("put_x_into_pot")
env.reset(options.seed)
aloha_mini = policy.load(options.checkpoint)

steps = rollout.run(aloha_mini, env, options.instruction, max_steps=options.max_steps)
for step in video.film(steps, env, options.film):
    if step.chunk is not None:
        print(f"{step.time:5.2f} s  {step.chunk.latency_ms['total']:4.0f} ms  {step.score.stage}")

print(f"{env.score().points:.0f}/100, see {options.film}")
env.close()
