"""Whether the network here and the official code say the same: recorded cases, computed again."""

from oft_demo.parity.case import Case, read_case
from oft_demo.parity.checkpoint import checkpoint_of, load_case
from oft_demo.parity.compare import Finding, compare
from oft_demo.parity.compute import Computed, compute

__all__ = ["Case", "Computed", "Finding", "checkpoint_of", "compare", "compute", "load_case", "read_case"]
