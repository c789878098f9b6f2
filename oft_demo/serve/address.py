"""Where a policy server is."""

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from oft_demo.serve.errors import InvalidAddress

PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True)
class Address:
    """A URL in its parts."""

    scheme: str
    host: str
    port: int
    path: str = ""  # in front of every path of the server, where a proxy puts one

    @property
    def netloc(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """As it is shown and connected to."""
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def websocket(self) -> bool:
        """Whether it is openpi's protocol that is spoken there."""
        return self.scheme in ("ws", "wss")

    def http(self, path: str) -> str:
        """The URL of a page of the same server."""
        return f"http{'s' if self.encrypted else ''}://{self.netloc}{self.path}{path}"

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme in ("https", "wss")

    def tls(self) -> ssl.SSLContext | None:
        """What checks the server's certificate."""
        return ssl.create_default_context() if self.encrypted else None


def parse(url: str) -> Address:
    """Read a URL that a person typed; raises InvalidAddress."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidAddress(text[:200], str(error)) from error
    if parts.scheme not in PORTS:
        raise InvalidAddress(text[:200], "it has to begin with http://, https://, ws:// or wss://")
    if parts.username or parts.password:
        raise InvalidAddress(f"{parts.scheme}://...@{parts.hostname}", "give the token as a token, not in the URL")
    if not parts.hostname or parts.query or parts.fragment:
        raise InvalidAddress(text[:200], "it has to be a host, a port and nothing else")
    path = parts.path.rstrip("/").removesuffix("/act")
    return Address(parts.scheme, parts.hostname, port or PORTS[parts.scheme], path)
