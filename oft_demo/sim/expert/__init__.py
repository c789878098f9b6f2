"""Scripted experts: planners that read the simulator, as policies and as makers of demonstrations."""

from .demonstrate import demonstrate
from .expert import ScriptedExpert, make_expert

__all__ = ["ScriptedExpert", "demonstrate", "make_expert"]
