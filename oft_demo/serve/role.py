"""What a server needs of a policy, and how much it lets others ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from oft_demo.serve.metadata import Described
from oft_demo.types import Image, Plan, Query


class ServedPolicy(Described, Protocol):
    """A policy that can be served."""

    def receive(self, image: Image) -> Image:
        """Prepare a picture that came over the wire; called from several threads."""
        ...

    def plan(self, queries: Sequence[Query]) -> list[Plan]:
        """Answer some queries in one pass; called from one thread only."""
        ...


@dataclass(frozen=True)
class Limits:
    """How much may be asked of a server."""

    batch: int = 4  # queries planned in one pass
    waiting: int = 16  # requests beside those of one batch; whoever comes then is told that the server is busy
    body_bytes: int = 32 * 2**20  # three pictures of 480x640 are 3.7 MB in base64
    body_seconds: float = 10.0  # a client that sends its question more slowly is no robot
    smallest_side: int = 16  # [pixels] of a picture
    largest_side: int = 4096
    connections: int = 64
