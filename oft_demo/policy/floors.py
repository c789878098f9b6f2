"""The time that no program can beat on a device: its arithmetic and its memory at full speed."""

from dataclasses import dataclass

from oft_demo.policy import cost
from oft_demo.policy.config import OftConfig


@dataclass(frozen=True)
class Device:
    """What a processor does at full speed."""

    name: str
    flops_per_second: float  # dense products of numbers as wide as a weight, accumulated in fp32
    bytes_per_second: float  # of its memory
    source: str  # of the rates
    bytes_a_weight: int = cost.BF16


@dataclass(frozen=True)
class Floor:
    """The least time of one query [s]."""

    compute: float  # all work at full speed
    reading: float  # all weights once in every pass that needs them
    total: float  # the slower of the two in each pass, added up

    @property
    def bound(self) -> str:
        """What a faster device would have to do faster."""
        return "compute" if self.compute >= self.reading else "reading"


DEVICES = (
    Device("H200", 788e12, 4.3e12, "measured: matrix products, copies"),
    Device("H200 data sheet", 989e12, 4.8e12, "data sheet"),
    Device("A100", 312e12, 2.0e12, "data sheet, 80 GB"),
    Device("RTX 4090", 165e12, 1.0e12, "data sheet, fp32 accumulate"),
)


def floor(config: OftConfig, prompt_tokens: int, device: Device) -> Floor:
    """The least time of one query; FiLM and embeddings of its instruction are known."""
    compute = reading = total = 0.0
    for one in cost.passes(config, prompt_tokens):
        computed = sum(one.flops.values()) / device.flops_per_second
        read = device.bytes_a_weight * one.parameters / device.bytes_per_second
        compute, reading, total = compute + computed, reading + read, total + max(computed, read)
    return Floor(compute, reading, total)
