"""The robot's side of openpi's websocket: metadata first, then a message each way a question."""

import asyncio
import math

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.protocol import State

from oft_demo.errors import OftDemoError
from oft_demo.serve import introduction, msgpack_numpy
from oft_demo.serve.act_wire import introduced
from oft_demo.serve.address import Address
from oft_demo.serve.errors import InvalidAnswer, RefusedByServer, RemoteError, ServerChanged, ServerLost
from oft_demo.serve.introduction import Introduction, Question, Reply
from oft_demo.serve.wire import CONNECT_SECONDS, LONGEST_REPLY, http_client, knock, said

EXPECTED = "a map with actions as from openpi's server"
REFUSALS = (1007, 1008, 1009, 1011, 1013)  # close codes of a server that is there and will not


class OpenpiWire:
    """A server that is asked through a websocket, which stays open between questions."""

    def __init__(self, address: Address, token: str | None):
        self.address = address
        self._headers = {"Authorization": f"Api-Key {token}"} if token else {}
        self._tls = address.tls()
        self._client = http_client(address, {})
        self._socket: ClientConnection | None = None
        self._known: Introduction | None = None
        self._ours = False

    async def open(self) -> Introduction:
        """Connect and read the metadata."""
        self.drop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._socket = await connect(
                    self.address.url,
                    ssl=self._tls,
                    additional_headers=self._headers,
                    compression=None,
                    max_size=LONGEST_REPLY,
                    ping_interval=None,  # openpi's own server hears nothing while it thinks
                    close_timeout=0.2,
                    proxy=None,
                )
                found = self._read(await self._socket.recv())
        except Exception as error:
            self.drop()
            raise self._meaning(error) from error
        known = introduced(found, self.address)
        self._ours = known is not None
        self._known = known or introduction.openpi(self.address.netloc)
        return self._known

    async def ask(self, question: Question) -> Reply:
        """Send a question; connects again where that is needed."""
        known = self._known
        if self._socket is None or self._socket.state is not State.OPEN:
            renewed = await self.open()
            if known is not None and renewed != known:
                raise ServerChanged(self.address.url, known.name)
        assert self._socket is not None
        try:
            await self._socket.send(self._message(question))
            answer = self._read(await self._socket.recv())
        except Exception as error:
            self.drop()
            raise self._meaning(error) from error
        return Reply(answer.get("actions"), _server_ms(answer.get("server_timing")))

    async def probe(self) -> None:
        """Have the server's event loop answer; of another server than ours only the port can be looked at."""
        if self._ours:
            await knock(self._client, self.address)
            return
        _, writer = await asyncio.open_connection(self.address.host, self.address.port)
        writer.close()

    def drop(self) -> None:
        """Break the connection off."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def close(self) -> None:
        """Close what is open."""
        self.drop()
        await self._client.aclose()

    def _message(self, question: Question) -> bytes:
        images = question.images
        if not self._ours:
            images = {camera: image.transpose(2, 0, 1) for camera, image in images.items()}
        return msgpack_numpy.packed({"state": question.state, "images": images, "prompt": question.instruction})

    def _read(self, message: str | bytes) -> dict[object, object]:
        if isinstance(message, str):
            raise RefusedByServer(self.address.url, message)
        try:
            found = msgpack_numpy.unpacked(message)
        except OftDemoError as error:
            raise InvalidAnswer(self.address.url, f"something else ({error})", EXPECTED) from error
        if not isinstance(found, dict):
            raise InvalidAnswer(self.address.url, f"a {type(found).__name__}", EXPECTED)
        return found

    def _meaning(self, error: Exception) -> Exception:
        """The error that a person can use."""
        url = self.address.url
        if isinstance(error, RemoteError):
            return error
        if isinstance(error, InvalidStatus):
            response = error.response
            return RefusedByServer(url, response.headers.get("X-Error", f"HTTP status {response.status_code}"))
        if isinstance(error, InvalidURI | InvalidHandshake) and not isinstance(error.__cause__, EOFError):
            return RefusedByServer(url, "it speaks no websocket there")
        if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code in REFUSALS:
            return RefusedByServer(url, error.rcvd.reason or f"it closed the connection with code {error.rcvd.code}")
        if isinstance(error, OSError | EOFError | ConnectionClosed | InvalidHandshake | TimeoutError):
            return ServerLost(url, said(error))
        return error


def _server_ms(timing: object) -> float | None:
    if not isinstance(timing, dict):
        return None
    took = timing.get("total_ms", timing.get("infer_ms"))
    return float(took) if isinstance(took, int | float) and math.isfinite(took) and took >= 0 else None
