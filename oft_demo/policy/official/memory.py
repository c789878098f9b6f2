"""Where a network may be held, and in which numbers."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import torch

from oft_demo.errors import OftDemoError
from oft_demo.policy import cost, probe
from oft_demo.policy.config import OftConfig

SHARE = 0.8  # of the free memory that weights may take: activations and the rest of the app need some too
LARGE = 1_000_000_000  # weights from which a CPU is worth a warning
PROMPT_TOKENS = 24  # of an instruction such as ALOHA's
CONTROL_GROUP = Path("/sys/fs/cgroup")  # of a container


class NotEnoughMemory(OftDemoError):
    """A network that cannot be held."""

    def __init__(self, name: str, needed: int, available: int, device: torch.device):
        super().__init__(
            f"The policy {name} needs {needed / 1e9:.1f} GB on {device}, where {available / 1e9:.1f} GB are free. "
            "Close what uses the memory, or load it on a larger machine and give this app the machine's URL."
        )


def chosen_device(device: torch.device | None) -> torch.device:
    """A GPU where there is one, unless somebody chose."""
    return device or torch.device("cuda" if torch.cuda.is_available() else "cpu")


def chosen_dtype(name: str, config: OftConfig, device: torch.device, dtype: torch.dtype | None) -> torch.dtype:
    """bf16 on a GPU; on a CPU fp32 where that fits well. Raises NotEnoughMemory."""
    count = sum(cost.parameters(config).values())
    if dtype is None:
        available = available_bytes(device)
        roomy = available is not None and torch.float32.itemsize * count <= SHARE * available
        dtype = torch.float32 if device.type == "cpu" and roomy else torch.bfloat16
        if available is not None and dtype.itemsize * count > available:
            raise NotEnoughMemory(name, dtype.itemsize * count, available, device)
    if device.type == "cpu" and count > LARGE:
        _warn(name, config, count, dtype)
    return dtype


def available_bytes(device: torch.device) -> int | None:
    """Free memory of a device; None where the system does not say."""
    if device.type == "cuda":
        torch.cuda.empty_cache()  # memory of networks that are gone is free only after this
        return torch.cuda.mem_get_info(device)[0]
    found = [size for size in (_free_in_system(), _free_in_container()) if size is not None]
    return min(found) if found else None


def _free_in_system() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # a guess where there is no /proc
    except (AttributeError, OSError, ValueError):
        return None


def _free_in_container() -> int | None:
    """What a control group leaves; files that are kept in memory make room when it is needed."""
    try:
        limit, used = ((CONTROL_GROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        kept = dict(line.split() for line in (CONTROL_GROUP / "memory.stat").read_text().splitlines())
        return max(int(limit) - int(used) + int(kept["file"]), 0) if limit != "max" else None
    except (OSError, ValueError, KeyError):
        return None


def _warn(name: str, config: OftConfig, count: int, dtype: torch.dtype) -> None:
    seconds = probe.seconds_per_query(config, PROMPT_TOKENS, dtype)
    logging.getLogger(__name__).warning(
        "The policy %s has %.1f billion weights and runs on this CPU in %s: expect %.0f s a query or more. "
        "With a GPU it is a fraction of a second.",
        name,
        count / 1e9,
        str(dtype).removeprefix("torch."),
        max(seconds, 1.0),
    )
