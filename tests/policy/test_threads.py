"""A small network leaves the other cores to whoever else works here."""

import pytest
import torch

from oft_demo.policy.threads import SMALL, fitting_threads


@pytest.mark.parametrize(("parameters", "threads"), [(SMALL - 1, 1), (SMALL, 3)])
def test_only_a_small_network_is_kept_to_one_thread(parameters, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with fitting_threads(parameters):
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 3
        with pytest.raises(RuntimeError, match="on the way"), fitting_threads(parameters):
            raise RuntimeError("on the way")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
