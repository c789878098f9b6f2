"""Load a checkpoint in the layout of OpenVLA-OFT's own code and ask it for one chunk.

python examples/05_official_checkpoint.py                        # writes a small random one and loads that
python examples/05_official_checkpoint.py --checkpoint run--100000_chkpt
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from oft_demo import policy, sim
from oft_demo.policy import official
from oft_demo.policy.official.synthetic import write_random


@dataclass
class Options:
    checkpoint: Path | None = None
    instruction: str = "put the yellow corn into the pot"
    seed: int = 20000


def small() -> policy.OftConfig:
    """OFT+ on ALOHA, some thousand times smaller."""
    published = policy.openvla_7b()
    return replace(
        published,
        featurizer=replace(published.featurizer, width=32, heads=2, mlp_width=128, blocks_used=3),
        fused_featurizer=replace(published.fused_featurizer, width=48, heads=3, mlp_width=176, blocks_used=4),
        language=replace(published.language, width=32, heads=2, layers=3, mlp_width=96),
    )


options = tyro.cli(Options)
with tempfile.TemporaryDirectory() as folder:
    directory = options.checkpoint or Path(folder) / "random"
    if options.checkpoint is None:
        write_random(directory, small(), official.PRESETS["aloha"])
    loaded = policy.load(directory)
for name, value in loaded.about.items():
    print(f"{name:16}{value}")

env = sim.make_env("put_x_into_pot", image_size=loaded.frame_size)
env.reset(options.seed)
chunk = loaded.act(env.observe(loaded.cameras), options.instruction)
print(f"{len(chunk.targets)} rows in {chunk.latency_ms['total']:.0f} ms, the first: {chunk.targets[0].round(2)}")
env.close()
