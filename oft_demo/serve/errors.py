"""What can go wrong with a policy that is reached over the wire, seen from the robot's side.

RemoteError
├── InvalidAddress      not a URL of a policy server
├── ServerLost          refused, reset, killed, or silent; the next question connects again
├── StaleAnswer         no answer, or one that came too late to be carried out
├── RefusedByServer     the server says that it cannot answer
├── InvalidAnswer       an answer that cannot be carried out
├── UnsuitableServer    a policy of another robot
└── ServerChanged       another policy than the one that was connected to
"""

from oft_demo.errors import OftDemoError
from oft_demo.types import JOINT_COUNT

LONGEST_REASON = 300  # [characters]


class RemoteError(OftDemoError):
    """A policy over the wire did not give an answer that can be carried out; the robot holds still."""


class InvalidAddress(RemoteError):
    """A text that is no address of a policy server."""

    def __init__(self, found: str, why: str):
        super().__init__(
            f"{found!r} is no address of a policy server ({why}). Give http://HOST:PORT for an official /act server, "
            "or ws://HOST:PORT for openpi's websocket."
        )


class ServerLost(RemoteError):
    """The server is gone."""

    def __init__(self, url: str, why: str):
        super().__init__(
            f"The policy server at {url} is lost: {why}. The robot holds still. "
            "See that the server runs; the next question connects again."
        )


class StaleAnswer(RemoteError):
    """No answer in time; should it still come, nobody reads it."""

    def __init__(self, url: str, answer_within: float):
        super().__init__(
            f"The policy server at {url} did not answer within {answer_within:g} s, and an older answer is never "
            "carried out. The robot holds still. Serve on a faster machine, or allow more with answer_within."
        )


class RefusedByServer(RemoteError):
    """The server is there and will not answer this."""

    def __init__(self, url: str, reason: str):
        lines = [line.strip() for line in reason.splitlines() if line.strip()]
        # Other servers send a whole traceback; its last line is what a person can use.
        last = "".join(filter(str.isprintable, lines[-1] if lines else ""))
        told = last[:LONGEST_REASON] or "it gives no reason; look into its log"
        super().__init__(f"The policy server at {url} refused to answer: {told}")


class InvalidAnswer(RemoteError):
    """An answer that is not a chunk of actions."""

    def __init__(self, url: str, found: str, expected: str):
        super().__init__(
            f"The policy server at {url} answered with {found}; expected {expected}. "
            "See that it serves an ALOHA policy of this protocol."
        )


class UnsuitableServer(RemoteError):
    """The served policy is of another robot."""

    def __init__(self, url: str, action_dim: int, proprio_dim: int):
        super().__init__(
            f"The policy served at {url} speaks of {action_dim} actions and {proprio_dim} joints; ALOHA has "
            f"{JOINT_COUNT} of each. Connect to a server of an ALOHA policy."
        )


class ServerChanged(RemoteError):
    """Another policy answers at the same address."""

    def __init__(self, url: str, name: str):
        super().__init__(
            f"The server at {url} no longer serves the policy {name} that was connected to. Connect to it again."
        )
