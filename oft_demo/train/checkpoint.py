"""Training checkpoints: all that a run needs to continue exactly, kept apart from the policy that it exports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from oft_demo.errors import InvalidCheckpoint

if TYPE_CHECKING:
    from oft_demo.train.loop import Run


def save(path: Path, run: Run) -> None:
    """Write the state of a run; the old file stays whole until the new one is."""
    state = {
        "step": run.step,
        "elapsed_s": run.elapsed_s,
        "identity": _identity(run),
        "learner": run.learner.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "average": run.average.weights,
        "average_updates": run.average.updates,
    }
    part = path.with_name(path.name + ".part")
    torch.save(state, part)
    part.replace(path)


def load(path: Path, run: Run) -> None:
    """Give a run the state that was saved; raises InvalidCheckpoint where it belongs to other settings."""
    try:
        state: dict[str, Any] = torch.load(path, map_location=run.device, weights_only=True)
        identity = state["identity"]
    except Exception as error:  # torch, zip and pickle each raise their own kinds
        raise InvalidCheckpoint(path, f"a file that cannot be read ({type(error).__name__})", "training.pt") from error
    if identity != _identity(run):
        names = sorted(name for name, value in _identity(run).items() if identity.get(name) != value)
        raise InvalidCheckpoint(
            path, f"a run with other {', '.join(names)}", "the same; use another --out for new ones"
        )
    run.learner.load_state_dict(state["learner"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.average.weights = state["average"]
    run.average.updates = state["average_updates"]
    run.step, run.elapsed_s = state["step"], state["elapsed_s"]


def load_weights(path: Path, learner: nn.Module) -> None:
    """Give a new run the averaged weights of an earlier one; raises InvalidCheckpoint."""
    try:
        average: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["average"]
        learner.load_state_dict(average)
    except Exception as error:  # torch, zip and pickle each raise their own kinds
        raise InvalidCheckpoint(path, f"weights that do not fit ({type(error).__name__})", "an earlier run") from error


def _identity(run: Run) -> dict[str, str]:
    """What must be equal for a run to continue as if it had never stopped."""
    free = {"minutes", "save_minutes", "threads", "validate_every", "validation_frames"}
    settings = {name: repr(value) for name, value in asdict(run.settings).items() if name not in free}
    return {**settings, "config": repr(run.config), "frames": str(len(run.cache)), "words": repr(run.tokenizer.words)}
