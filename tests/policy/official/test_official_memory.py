"""Which numbers a network is held in, and what is said before it is slow."""

import logging
from dataclasses import replace

import pytest
import torch

from oft_demo.policy import cost, openvla_7b
from oft_demo.policy.official import NotEnoughMemory, memory

CPU = torch.device("cpu")


@pytest.fixture
def free(monkeypatch):
    """Pretend that so many bytes are free, and that a query takes a minute."""
    monkeypatch.setattr(memory.probe, "seconds_per_query", lambda *_: 60.0)

    def pretend(count):
        monkeypatch.setattr(memory, "available_bytes", lambda _: count)

    return pretend


@pytest.fixture
def weights():
    return sum(cost.parameters(openvla_7b()).values())


def test_a_roomy_machine_computes_exactly_and_another_in_half(free, weights):
    for count, expected in ((6 * weights, torch.float32), (4 * weights, torch.bfloat16), (None, torch.bfloat16)):
        free(count)
        assert memory.chosen_dtype("big", openvla_7b(), CPU, None) == expected


def test_too_little_memory_is_said_before_it_runs_out(free, weights):
    free(weights)
    with pytest.raises(NotEnoughMemory, match=r"big needs 1\d\.\d GB on cpu, where [78]\.\d GB are free"):
        memory.chosen_dtype("big", openvla_7b(), CPU, None)


def test_a_choice_is_kept(free):
    free(10)
    assert memory.chosen_dtype("big", openvla_7b(), CPU, torch.float32) == torch.float32


def test_a_gpu_computes_in_bf16(free, weights):
    free(10 * weights)
    assert memory.chosen_dtype("big", openvla_7b(), torch.device("cuda"), None) == torch.bfloat16


def test_a_large_network_on_a_cpu_is_announced(free, weights, caplog, tiny):
    free(10 * weights)
    with caplog.at_level(logging.WARNING):
        memory.chosen_dtype("small", tiny, CPU, None)
        memory.chosen_dtype("remote", openvla_7b(), torch.device("cuda"), None)
        assert not caplog.records
        memory.chosen_dtype("big", replace(openvla_7b(), images=1), CPU, None)
    assert "big has 8.1 billion weights" in caplog.text
    assert "expect 60 s a query" in caplog.text


def test_this_machine_says_what_is_free():
    free_here = memory.available_bytes(CPU)
    assert free_here is None or free_here > 0


def test_a_container_has_less_than_its_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CONTROL_GROUP", tmp_path)
    unlimited = memory.available_bytes(CPU)
    for name, text in {"max": "1000\n", "current": "700\n", "stat": "anon 400\nfile 300\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory.available_bytes(CPU) == 600  # kept files can be dropped
    (tmp_path / "memory.max").write_text("max\n")
    assert (memory.available_bytes(CPU) is None) == (unlimited is None)
