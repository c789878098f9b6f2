"""Let the scripted expert put an object into the pot: an env, a policy, and the one loop where they meet.

python -m examples.01_expert_rollout
"""

from oft_demo import rollout, sim

env = sim.make_env("put_x_into_pot")
env.reset(seed=7)
expert = sim.make_expert(env)

for step in rollout.run(expert, env, env.instruction, cameras=(), source="expert"):
    if step.chunk is not None:
        print(f"{step.time:5.2f} s  chunk {step.chunk_index}  {step.score.points:3.0f}/100  {step.score.stage}")

print(f'"{env.instruction}": {"success" if env.score().success else "no success"}')
env.close()
