"""Who may speak to a server: holders of its token, and no pages of other sites."""

import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from oft_demo.errors import OftDemoError
from oft_demo.serve.body import Body
from oft_demo.serve.role import Limits

SCHEMES = ("bearer", "api-key")  # the usual one, and openpi's
OPEN_PATHS = ("/healthz",)


class TokenNeeded(OftDemoError):
    """A server that others can reach has to know who they are."""

    def __init__(self, host: str):
        super().__init__(
            f"Listening on {host} lets other machines use this policy, so a token is needed: "
            "--token SECRET, or the environment variable OFT_DEMO_TOKEN. "
            "Without one, listen on 127.0.0.1 and forward the port with ssh."
        )


class UnusableToken(OftDemoError):
    """A token that no client could send."""

    def __init__(self) -> None:
        super().__init__("The token has to be printable ASCII without spaces. Choose another one.")


@dataclass(frozen=True)
class Access:
    """Who may speak to a server."""

    token: str | None = None  # None: everybody on this machine
    loopback: bool = True  # heed only requests that were addressed to this machine by a name of its own

    @classmethod
    def on(cls, host: str, token: str | None) -> "Access":
        """For a server that listens on `host`; raises TokenNeeded and UnusableToken."""
        if not token and not is_loopback(host):
            raise TokenNeeded(host)
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise UnusableToken
        return cls(token or None, is_loopback(host))


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine and nothing else can reach it there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Gate:
    """Lets requests through to an app, or answers in its stead."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits):
        self._app, self._access, self._limits = app, access, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, reason = refusal
        headers = {"X-Error": reason, **({"WWW-Authenticate": "Bearer"} if status == 401 else {})}
        if scope["type"] == "http":
            await Body(scope, receive, self._limits).discard()
            await JSONResponse("error", status, headers)(scope, receive, send)
        else:
            await receive()  # the wish to connect, which this answers
            await PlainTextResponse(reason, status, headers)(scope, receive, send)

    def _refusal(self, headers: Headers, path: str) -> tuple[int, str] | None:
        """Status and reason, or None for who may pass."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._access.loopback and not is_loopback(_host_name(host)):
            return 403, "This server answers only to names of its own machine, such as 127.0.0.1."
        if origin is not None and _netloc(origin) != host:
            return 403, "Pages of other sites may not ask this server."
        if path not in OPEN_PATHS and not self._knows_token(headers.get("authorization", "")):
            return 401, "A token is needed: send the header Authorization: Bearer TOKEN."
        return None

    def _knows_token(self, authorization: str) -> bool:
        if self._access.token is None:
            return True
        scheme, _, token = authorization.partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self._access.token.encode())
        return right and scheme.lower() in SCHEMES


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
