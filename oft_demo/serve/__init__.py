"""Policies over the wire: a client for servers of three kinds, and the server itself (see app.py and command.py)."""

from oft_demo.serve.client import RemotePolicy, connect
from oft_demo.serve.errors import (
    InvalidAddress,
    InvalidAnswer,
    RefusedByServer,
    RemoteError,
    ServerChanged,
    ServerLost,
    StaleAnswer,
    UnsuitableServer,
)

__all__ = [
    "InvalidAddress",
    "InvalidAnswer",
    "RefusedByServer",
    "RemoteError",
    "RemotePolicy",
    "ServerChanged",
    "ServerLost",
    "StaleAnswer",
    "UnsuitableServer",
    "connect",
]
