"""What the Listen tab is told of a policy's plans: numbers that the page draws."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oft_demo.listening import Heading, distances, finding, heading
from oft_demo.sim import AlohaEnv, wordings
from oft_demo.types import ActionChunk

if TYPE_CHECKING:
    from oft_demo.policy.film_effect import FilmEffect

# Told apart on a light and on a dark ground, in the 3D view as on the page; one for each instruction.
COLORS = (
    "#e6550d",
    "#2b7bba",
    "#31a354",
    "#a463c9",
    "#d6305a",
    "#12a5a5",
    "#b08a00",
    "#e377c2",
    "#96613d",
    "#7f8c98",
    "#5566dd",
    "#6f9b12",
)
DEFINITIONS = {
    "distances": "mean absolute difference of two plans over all rows and the six joints of an arm [rad]; "
    "larger: of the arm that differs more",
    "heading": "the object whose centre a gripper comes closest to during the plan [m]; nearer: by how much [m]",
    "finding": "mean of the larger distance over pairs of instructions that name different objects, and over pairs "
    "that name the same object in other words [rad]",
    "gamma, beta": "root mean square over the channels of a block",
    "against_none": "change of each fused patch feature against gamma = beta = 0 in every block, "
    "as a share of the feature's norm",
    "against_mean": "the same against the mean gamma and beta of these instructions",
}


@dataclass(frozen=True)
class Answer:
    """What a policy planned when it was told one line."""

    line: str
    chunk: ActionChunk
    unknown: tuple[str, ...]  # words that were not in its training


def paths(env: AlohaEnv, answers: Sequence[Answer]) -> list[dict[str, object]]:
    """Where each plan leads the grippers, as lines for the 3D view."""
    return [
        {
            "label": answer.line,
            "color": color,
            "points": {
                arm: _rounded(points, 4) for arm, points in env.kinematics.gripper_paths(answer.chunk.targets).items()
            },
        }
        for answer, color in zip(answers, COLORS, strict=False)
    ]


def result(env: AlohaEnv, answers: Sequence[Answer]) -> dict[str, Any]:
    """Every instruction with where its plan leads, and how far the plans lie apart."""
    named = [_named(env.task, answer.line) for answer in answers]
    length = min(len(answer.chunk.targets) for answer in answers)
    apart = distances(np.stack([answer.chunk.targets[:length] for answer in answers]))
    found = finding(apart.larger, named)
    each = {**apart.arms, "larger": apart.larger}
    parts = zip(answers, COLORS, named, strict=False)
    rows = [_instruction(env, *part) for part in parts]
    told = [row for row in rows if row["named"]]
    return {
        "instructions": rows,
        "distances": {arm: _rounded(values, 4) for arm, values in each.items()},
        "finding": {**asdict(found), "ratio": found.ratio, "sentence": " ".join((found.sentence, _followed(told)))},
        "definitions": DEFINITIONS,
    }


def film(effect: "FilmEffect") -> dict[str, Any]:
    """Sizes of gamma and beta, and where in the pictures they tell."""
    return {
        "gamma": _sizes(effect.gamma),
        "beta": _sizes(effect.beta),
        "against_none": _rounded(effect.against_none, 3),
        "against_mean": _rounded(effect.against_mean, 3),
    }


def _instruction(env: AlohaEnv, answer: Answer, color: str, named: str | None) -> dict[str, Any]:
    led = heading(env.kinematics.gripper_paths(answer.chunk.targets), env.object_positions())
    return {
        "line": answer.line,
        "color": color,
        "unknown": list(answer.unknown),
        "named": named,
        "heading": None if led is None else _heading(led),
        "targets": _rounded(answer.chunk.targets, 4),
    }


def _named(task: str, line: str) -> str | None:
    """The object that a line names; in a task of one object only where one of its words is said."""
    named = wordings.named_object(task, line)
    if named is None or wordings.named_object(task, "") is None:
        return named
    return named if set(named.split()) & set(line.lower().split()) else None


def _followed(told: Sequence[Mapping[str, Any]]) -> str:
    """How many plans lead where their line says."""
    if not told:
        return ""
    led = [row["heading"] for row in told]
    right = sum(
        each is not None and each["approaches"] and each["object"] == row["named"]
        for each, row in zip(led, told, strict=True)
    )
    return f"Of {len(told)} lines that name an object, {right} lead a gripper to it."


def _heading(led: Heading) -> dict[str, Any]:
    return {
        "object": led.label,
        "arm": led.arm,
        "distance": round(led.distance, 4),
        "nearer": round(led.nearer, 4),
        "approaches": led.approaches,
    }


def _sizes(towers: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {tower: _rounded(sizes, 4) for tower, sizes in towers.items()}


def _rounded(values: np.ndarray, digits: int) -> list[Any]:
    return np.round(values.astype(float), digits).tolist()
