"""How the page keeps up: the server with visitors who read everything, and the page in a real browser."""

from oft_demo.bench.live.driving import driving
from oft_demo.bench.live.memory import memory
from oft_demo.bench.live.page import page
from oft_demo.bench.live.visiting import visiting

__all__ = ["driving", "memory", "page", "visiting"]
