"""Files that cannot be of the policy that was described: found by names and sizes, before any weight is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from oft_demo.policy.config import OftConfig
from oft_demo.policy.official.complaints import ContradictedFact, UnusableFile
from oft_demo.policy.official.facts import Facts
from oft_demo.policy.official.files import Component, component
from oft_demo.policy.official.state_dicts import MappedTensor

HEAD_MARKS = {"l1": "model.", "diffusion": "noise_predictor."}  # how the names in a head's file begin


def check_uncalled(directory: Path, facts: Facts, step: str | int | None) -> None:
    """Refuse files that such a policy would not have; one whose actions are words leaves its joints out knowingly."""
    film = None if facts.film else component(directory, "vision_backbone", step)
    if film is not None:
        found = "beside the weights of a policy without FiLM"
        raise ContradictedFact(directory, film.path.name, found, "no such file, as film is false", film=True)
    asked = not facts.proprio and facts.head in HEAD_MARKS
    joints = component(directory, "proprio_projector", step) if asked else None
    if joints is not None:
        found = "beside the weights of a policy that reads no joints"
        raise ContradictedFact(directory, joints.path.name, found, "no such file, as proprio is false", proprio=True)


def check_head(
    directory: Path, one: Component, tensors: Mapping[str, MappedTensor], config: OftConfig, facts: Facts
) -> None:
    """Compare a head's sizes with what was said of the policy, in words that name what was said."""
    mark = HEAD_MARKS[facts.head]
    other = {head: start for head, start in HEAD_MARKS.items() if head != facts.head}
    for head, start in other.items():
        wrong = next((key for key in tensors if key.startswith(start)), None)
        if wrong is not None:
            found, expected = (
                f"with {tensors[wrong].key} of a head of the kind {head}",
                f"{mark}* of the kind {facts.head}",
            )
            raise ContradictedFact(directory, one.path.name, found, expected, head=head)
    start = f"{mark}mlp_resnet." if facts.head == "diffusion" else mark
    last, first = tensors.get(f"{start}fc2.weight"), tensors.get(f"{start}fc1.weight")
    if last is not None and last.shape[:1] != (config.action_dim,):
        found = f"with {last.key} of {last.shape[0] if last.shape else 0} rows"
        said = f"{config.action_dim}, as action_dim is {config.action_dim}"
        raise ContradictedFact(directory, one.path.name, found, said, action_dim=last.shape[0] if last.shape else 0)
    width = config.action_dim * config.width
    if first is not None and first.shape[1:] != (width,):
        found = f"with {first.key} of {first.shape[1] if len(first.shape) > 1 else 0} columns"
        expected = f"action_dim {config.action_dim} * width {config.width} of the language model = {width}"
        raise UnusableFile(directory, one.path.name, found, expected, "Is it of another checkpoint?")


def check_joints(directory: Path, one: Component, tensors: Mapping[str, MappedTensor], facts: Facts) -> None:
    first = tensors.get("fc1.weight")
    if first is not None and len(first.shape) == 2 and first.shape[1] != facts.proprio_dim:
        found, said = f"with {first.key} of {first.shape[1]} columns", facts.proprio_dim
        expected = f"{said}, as proprio_dim is {said}"
        raise ContradictedFact(directory, one.path.name, found, expected, proprio_dim=first.shape[1])
