"""Validation on held-out episodes with the averaged weights."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import torch

from oft_demo.train.batches import Batch
from oft_demo.train.metrics import JOINT_GROUPS, Metrics
from oft_demo.train.optimizer import rate_at

if TYPE_CHECKING:
    from oft_demo.train.loop import Run


@torch.no_grad()
def validate(run: Run, precision: AbstractContextManager[object]) -> dict[str, float]:
    """Mean L1 over valid rows, by joint group and over executed rows, and what the grounding heads find."""
    learner = run.load_average()
    sums: dict[str, float] = {}
    weights: dict[str, float] = {}

    def add(name: str, value: float, weight: float) -> None:
        sums[name] = sums.get(name, 0.0) + value * weight
        weights[name] = weights.get(name, 0.0) + weight

    for on_cpu in run.source.validation():
        batch: Batch = on_cpu.to(run.device)
        with precision:
            output = learner.model(batch.pixels, batch.proprio, batch.tokens)
        grounding = learner.heads(output.patches, output.slots, batch)
        distance = (output.actions.float() - batch.actions).abs()
        valid = batch.row_weight > 0
        early = valid[:, : run.settings.replan_after]
        add("l1", _mean(distance[valid]), int(valid.sum()))
        add("executed", _mean(distance[:, : run.settings.replan_after][early]), int(early.sum()))
        for group, joints in JOINT_GROUPS.items():
            add(group, _mean(distance[..., joints][valid]), int(valid.sum()))
        add("right", float(grounding.right), len(batch.pixels))
        add("error_cm", float(grounding.error_cm), len(batch.pixels))
    return {name: sums[name] / max(weights[name], 1e-9) for name in sums}


def _mean(values: torch.Tensor) -> float:
    return float(values.mean()) if values.numel() else 0.0


def validated(
    run: Run,
    stage: str,
    recent: list[dict[str, float]],
    samples_per_second: float,
    eta_s: float,
    precision: AbstractContextManager[object],
) -> Metrics:
    """One row of metrics: the means of the recent steps beside the validation."""
    found = validate(run, precision)
    means = {name: sum(losses[name] for losses in recent) / len(recent) for name in recent[0]}
    return Metrics(
        step=run.step,
        samples=run.step * run.settings.batch_size,
        stage=stage,
        elapsed_s=run.elapsed_s,
        learning_rate=rate_at(run.step, run.done, run.settings),
        samples_per_second=samples_per_second,
        eta_s=eta_s,
        **means,
        validation_l1=found["l1"],
        validation_executed_l1=found["executed"],
        validation_patch_accuracy=found["right"],
        validation_position_error_cm=found["error_cm"],
        validation_groups={name: found[name] for name in JOINT_GROUPS},
    )
