"""Change the instruction while the robot moves: the policy reads it with its next chunk.

python examples/04_swap_the_instruction.py --policy expert
"""

from dataclasses import dataclass

import tyro

from oft_demo import rollout, sim
from oft_demo.actors import cameras_of, open_actor


@dataclass
class Options:
    policy: str = "aloha-mini"  # a bundled name, a checkpoint directory, or "expert"
    seed: int = 20000
    max_steps: int = 600


options = tyro.cli(Options)
env = sim.make_env("put_x_into_pot")
env.reset(options.seed)
actor = open_actor(options.policy, env)
instructions = ["put the red pepper into the pot"]
cameras = cameras_of(options.policy)

for step in rollout.run(
    actor(options.seed), env, lambda: instructions[-1], max_steps=options.max_steps, cameras=cameras
):
    if step.chunk is not None:
        print(f"{step.time:5.2f} s  {step.chunk.instruction}")
    if step.index == 50:
        instructions.append("put the green pepper into the pot")

print(f"went first to the {env.score().first_object}; asked for the {env.score().named_object}")
env.close()
