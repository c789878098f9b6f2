"""What can be wrong with an official checkpoint directory, in words that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oft_demo.errors import InvalidCheckpoint

POLICY_FILE = "policy.json"


class UnusableFile(InvalidCheckpoint):
    """A file of a checkpoint that is damaged, or does not fit the others."""

    def __init__(self, directory: Path, name: str, found: str, expected: str, advice: str = ""):
        super().__init__(directory, f"{name} {found}", f"{expected}. {advice}" if advice else expected)


class ContradictedFact(UnusableFile):
    """A file that cannot be of the policy that was described."""

    def __init__(self, directory: Path, name: str, found: str, expected: str, **instead: Any):
        super().__init__(directory, name, found, expected, policy_line(**instead))


class MissingFile(InvalidCheckpoint):
    """A part of a checkpoint that is not there."""

    def __init__(self, directory: Path, missing: str, expected: str, advice: str = ""):
        super().__init__(directory, f"no {missing}", f"{expected}. {advice}" if advice else expected)


def policy_line(**facts: Any) -> str:
    """Advice to write some facts down."""
    return f"If that is what the policy is, write {json.dumps(facts)[1:-1]} into {POLICY_FILE} beside the weights"
