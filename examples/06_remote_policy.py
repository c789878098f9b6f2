"""Let a policy that is served elsewhere move the robot here.

python -m oft_demo serve --policy aloha-mini           # in one shell, perhaps on another machine
python examples/06_remote_policy.py --url ws://127.0.0.1:8777
python examples/06_remote_policy.py                    # serves it itself, in a thread
"""

import threading
from dataclasses import dataclass

import tyro

from oft_demo import policy, rollout, sim
from oft_demo.serve import connect
from oft_demo.serve.app import create_app
from oft_demo.serve.listening import listen, server_of
from oft_demo.serve.role import Limits
from oft_demo.settings import Settings


@dataclass
class Options:
    url: str | None = None
    instruction: str = "put the yellow corn into the pot"
    seed: int = 20000
    max_steps: int = 600


options = tyro.cli(Options)
server = None
url = options.url
if url is None:
    app = create_app(policy.load(Settings.policies / "aloha-mini"))
    socket = listen("127.0.0.1", 0)
    server = server_of(app, Limits())
    threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True).start()
    url = f"ws://127.0.0.1:{socket.getsockname()[1]}"

env = sim.make_env("put_x_into_pot")
env.reset(options.seed)
with connect(url) as remote:
    print(f"{remote.name} at {url}")
    for step in rollout.run(remote, env, options.instruction, max_steps=options.max_steps):
        if step.chunk is not None:
            stages = ", ".join(f"{stage} {ms:.0f}" for stage, ms in step.chunk.latency_ms.items())
            print(f"{step.time:5.2f} s  {step.score.stage:20}  [ms] {stages}")
print(f"{env.score().points:.0f}/100")
env.close()
if server is not None:
    server.should_exit = True
