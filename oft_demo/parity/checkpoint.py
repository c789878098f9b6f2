"""The checkpoint of a case, in fp32 on the CPU, as its answers were recorded."""

import torch

from oft_demo.parity.case import Case
from oft_demo.policy import OftPolicy, official
from oft_demo.policy.checkpoint import Checkpoint

CPU = torch.device("cpu")


def checkpoint_of(case: Case) -> Checkpoint:
    """Its network with the published names; raises InvalidCheckpoint."""
    return official.read(
        case.checkpoint,
        case.facts,
        towers=case.towers,
        device=CPU,
        dtype=torch.float32,
        norm_epsilon=case.norm_epsilon,
        rope_theta=case.rope_theta,
    )


def load_case(case: Case) -> OftPolicy:
    """A policy that acts with it."""
    return OftPolicy(checkpoint_of(case), CPU)
