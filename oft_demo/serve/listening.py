"""How uvicorn listens for a served policy."""

import socket

import uvicorn
from fastapi import FastAPI

from oft_demo.errors import OftDemoError
from oft_demo.serve.role import Limits

STOPPING_SECONDS = 2


class CannotListen(OftDemoError):
    """An address that is taken or not of this machine."""

    def __init__(self, host: str, port: int, why: str):
        super().__init__(f"Cannot listen on {host} port {port}: {why}. Choose another with --host and --port.")


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on, on a free port where `port` is 0; raises CannotListen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise CannotListen(host, port, getattr(error, "strerror", None) or str(error)) from error


def server_of(app: FastAPI, limits: Limits) -> uvicorn.Server:
    """A server that keeps the limits; its `run` wants the socket."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=limits.connections,
            timeout_graceful_shutdown=STOPPING_SECONDS,
            ws_max_size=limits.body_bytes,
            ws_per_message_deflate=False,  # pictures gain little, and a small frame could become a large one
        )
    )
