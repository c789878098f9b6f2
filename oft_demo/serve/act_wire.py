"""The robot's side of the official protocol: one POST to `/act` a question."""

import json
import math
import re

import httpx

from oft_demo.errors import OftDemoError
from oft_demo.serve import introduction, json_numpy
from oft_demo.serve.address import Address
from oft_demo.serve.errors import InvalidAddress, InvalidAnswer, RefusedByServer, ServerLost, UnsuitableServer
from oft_demo.serve.introduction import Introduction, Question, Reply
from oft_demo.serve.metadata import Metadata, is_ours
from oft_demo.serve.wire import LONGEST_REPLY, http_client, knock, said
from oft_demo.types import JOINT_COUNT

TOTAL = re.compile(r"(?:^|[,\s])total;dur=(\d{1,9}(?:\.\d{1,9})?)(?:$|[,;\s])")
EXPECTED = "a list of arrays as from vla-scripts/deploy.py"


class ActWire:
    """A server that is asked by HTTP."""

    def __init__(self, address: Address, token: str | None):
        self.address = address
        self._client = http_client(address, {"Authorization": f"Bearer {token}"} if token else {})

    async def open(self) -> Introduction:
        """Read its metadata; a server without any is taken for an official one with an ALOHA policy."""
        status, headers, body = await self._exchange("GET", "/metadata")
        if status in (401, 403):
            raise RefusedByServer(self.address.url, _reason(status, headers))
        try:
            found = json.loads(body) if status == 200 else None
        except (ValueError, RecursionError):
            found = None
        return introduced(found, self.address) or introduction.official(self.address.netloc)

    async def ask(self, question: Question) -> Reply:
        """Send a question as a flat payload."""
        status, headers, body = await self._exchange("POST", "/act", act_body(question))
        if status != 200:
            raise RefusedByServer(self.address.url, _reason(status, headers))
        try:
            answer = json_numpy.loads(body)
            if isinstance(answer, str) and answer != "error":
                answer = json_numpy.loads(answer)
        except OftDemoError as error:
            raise InvalidAnswer(self.address.url, f"something else ({error})", EXPECTED) from error
        if answer == "error":
            raise RefusedByServer(self.address.url, headers.get("x-error", ""))
        return Reply(answer, _server_ms(headers), headers.get("x-policy"))

    async def probe(self) -> None:
        """Have the server answer anything, on a connection of its own."""
        await knock(self._client, self.address)

    def drop(self) -> None:
        """Nothing to do: a request that is cancelled takes its connection along."""

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _exchange(self, method: str, path: str, body: bytes | None = None) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            async with self._client.stream(method, self.address.http(path), content=body, headers=headers) as response:
                content = bytearray()
                async for part in response.aiter_raw():
                    content += part
                    if len(content) > LONGEST_REPLY:
                        raise InvalidAnswer(self.address.url, f"more than {LONGEST_REPLY} bytes", EXPECTED)
                return response.status_code, response.headers, bytes(content)
        except (httpx.TransportError, OSError) as error:
            raise ServerLost(self.address.url, said(error)) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InvalidAddress(self.address.url, str(error)) from error


def act_body(question: Question) -> bytes:
    """The flat payload of the official client: the first camera is the full image, the others keep their order."""
    first, *others = question.images
    payload = {"full_image": question.images[first]}
    payload |= {_wrist_key(camera): question.images[camera] for camera in others}
    return json_numpy.dumps({**payload, "state": question.state, "instruction": question.instruction}).encode()


def introduced(found: object, address: Address) -> Introduction | None:
    """What a server of this project says of itself, None for another server; raises what a client cannot accept."""
    if not is_ours(found):
        return None
    assert isinstance(found, dict)
    try:
        metadata = Metadata.parse(found)
    except OftDemoError as error:
        raise InvalidAnswer(address.url, f"metadata that cannot be read ({error})", "those of a policy") from error
    if metadata.action_dim != JOINT_COUNT or metadata.proprio_dim not in (0, JOINT_COUNT):
        raise UnsuitableServer(address.url, metadata.action_dim, metadata.proprio_dim)
    return introduction.by_metadata(metadata)


def _wrist_key(camera: str) -> str:
    # A server finds these by the word "wrist" alone.
    name = camera.removeprefix("cam_")
    return f"{name}_image" if "wrist" in name else f"wrist_{name}_image"


def _reason(status: int, headers: httpx.Headers) -> str:
    return headers.get("x-error") or f"HTTP status {status}"


def _server_ms(headers: httpx.Headers) -> float | None:
    found = TOTAL.search(headers.get("server-timing", ""))
    took = float(found[1]) if found else math.nan
    return took if math.isfinite(took) else None
