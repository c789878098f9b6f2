"""What loading an official checkpoint takes: time, and the most memory that the process ever held."""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from oft_demo.bench.lines import Heading, Line, Note, Row
from oft_demo.policy import OftConfig, official, openvla_7b
from oft_demo.policy.official.synthetic import write_random

SHARD_BYTES = 2_000_000_000
KIBIBYTE = 1024  # what Linux calls kB


@dataclass(frozen=True)
class Loaded:
    """What a process of its own saw."""

    seconds: float
    network_bytes: int
    base_bytes: int  # the most memory before loading
    peak_bytes: int  # and after


def loading(layers: int) -> Iterator[Line]:
    """Write random weights in the published widths with `layers` of the trunk, and load them in bf16."""
    config = published_widths(layers)
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".loading-") as folder:
        directory = Path(folder) / "random"
        write_random(directory, config, official.PRESETS["aloha"], shard_bytes=SHARD_BYTES)
        files = [path.stat().st_size for path in directory.rglob("*") if path.suffix in (".safetensors", ".pt")]
        loaded = in_own_process(directory)
    allowed = loaded.base_bytes + loaded.network_bytes + max(files)
    yield Heading(f"Loading an official checkpoint, {layers} layers of the trunk", ("measured", ""))
    yield Row("files", sum(files) / 1e9, "GB")
    yield Row("the largest of them", max(files) / 1e9, "GB")
    yield Row("network in bf16", loaded.network_bytes / 1e9, "GB")
    yield Row("process before loading", loaded.base_bytes / 1e9, "GB")
    yield Row("time, files in the page cache", loaded.seconds, "s")
    yield Row(
        "peak memory (resident set), allowed over used", loaded.peak_bytes / 1e9, "GB", allowed / loaded.peak_bytes, 1
    )
    yield Note("allowed: the process before loading, the network and the largest file")


def published_widths(layers: int) -> OftConfig:
    """OFT+ on ALOHA with fewer layers."""
    config = openvla_7b()
    return replace(config, language=replace(config.language, layers=layers))


def in_own_process(directory: Path) -> Loaded:
    """Load where nothing else has used memory before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_load, (directory,))


def _load(directory: Path) -> Loaded:
    torch.set_num_threads(1)
    base, started = _most_memory(), time.perf_counter()
    model = official.read(directory, device=torch.device("cpu"), dtype=torch.bfloat16).model
    seconds, peak = time.perf_counter() - started, _most_memory()
    held = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    return Loaded(seconds, held, base, peak)


def _most_memory() -> int:
    """Of this program; what getrusage says includes the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * KIBIBYTE for line in lines if line.startswith("VmHWM:"))
