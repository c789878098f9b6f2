"""Every example runs, with a small setting."""

import subprocess
import sys
from pathlib import Path

import pytest

from oft_demo.policy import available
from oft_demo.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = {
    "01_expert_rollout.py": [],
    "02_policy_rollout.py": ["--max-steps", "6", "--film", "{folder}/rollout.mp4"],
    "03_record_and_read.py": ["--steps", "4", "--out", "{folder}"],
    "04_swap_the_instruction.py": ["--policy", "expert", "--max-steps", "120"],
    "05_official_checkpoint.py": [],
    "06_remote_policy.py": ["--max-steps", "60"],
}


def test_every_example_is_run_here():
    assert sorted(EXAMPLES) == sorted(path.name for path in (ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_runs(name, tmp_path):
    if name.startswith("02") and "aloha-mini" not in available(Settings.policies):
        pytest.skip("the bundled policy has not been trained")
    arguments = [argument.format(folder=tmp_path) for argument in EXAMPLES[name]]
    command = [sys.executable, "-m", f"examples.{Path(name).stem}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
