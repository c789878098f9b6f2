"""`python -m oft_demo serve`: let others reach a policy over the wire."""

import logging
import os
from dataclasses import dataclass

import numpy as np

from oft_demo.errors import OftDemoError
from oft_demo.serve.gate import Access
from oft_demo.serve.role import Limits, ServedPolicy
from oft_demo.types import Query

TOKEN_VARIABLE = "OFT_DEMO_TOKEN"


class NothingToServe(OftDemoError):
    """The expert needs a simulator, and a server's policy is served already."""

    def __init__(self, name: str):
        super().__init__(f"{name} cannot be served. Name a bundled policy or a directory with a checkpoint.")


@dataclass(frozen=True)
class ServeOptions:
    """Serve a policy by the official /act protocol and by openpi's websocket."""

    policy: str = "aloha-mini"  # a bundled name, one below checkpoints/, or a directory
    host: str = "127.0.0.1"  # anything but loopback needs a token
    port: int = 8777  # 0: a free one
    token: str | None = None  # who knows it may ask; better given as the environment variable OFT_DEMO_TOKEN
    max_batch: int = 4  # requests planned in one pass
    queue: int = 16  # requests that may wait beside those of one batch
    max_body_mib: int = 32  # size of one request [MiB]


def main(options: ServeOptions) -> int:
    """Load the policy and serve it until somebody stops this."""
    access = Access.on(options.host, options.token or os.environ.get(TOKEN_VARIABLE))
    limits = Limits(max(1, options.max_batch), max(0, options.queue), max(1, options.max_body_mib) * 2**20)

    from oft_demo.serve.app import create_app
    from oft_demo.serve.listening import listen, server_of

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    served = _opened(options.policy)
    with listen(options.host, options.port) as socket:
        about = _about(served.name, options.host, socket.getsockname()[1], access)
        app = create_app(served, limits, access, _rehearsal(served), lambda: print(about, flush=True))
        server_of(app, limits).run(sockets=[socket])
    return 0


def _opened(name: str) -> ServedPolicy:
    """The policy of this name or directory, of whatever robot it is."""
    from oft_demo import policy  # torch takes seconds, which nobody should wait for who lacks a token
    from oft_demo.policy_sources import Saved, Sources

    source = Sources().find_or_open(name)
    if not isinstance(source, Saved):
        raise NothingToServe(name)
    return policy.load(source.path)


def _about(name: str, host: str, port: int, access: Access) -> str:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"{name} is served at http://{place}/act and ws://{place}  (Ctrl+C stops it)"]
    if access.token is not None:
        lines.append("Clients have to send the token. Without TLS in front it travels in clear text.")
    return "\n".join(lines)


def _rehearsal(served: ServedPolicy) -> Query:
    """A question of the right sizes, because the first pass takes longer than any later one."""
    picture = np.zeros((served.image_size, served.image_size, 3), np.uint8)
    return Query((picture,) * len(served.cameras), np.zeros(served.proprio_dim), "warm up")
