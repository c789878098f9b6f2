"""The published inference done literally: what ours is compared with, in speed and in results."""

from oft_demo.bench.literal.query import Habits, LiteralPolicy, Question

__all__ = ["Habits", "LiteralPolicy", "Question"]
