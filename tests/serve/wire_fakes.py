"""A policy to serve that needs no network of neurons, and servers that run it; as a script, a server to be killed."""

import contextlib
import sys
import threading
import time

import numpy as np

from oft_demo.serve.app import create_app
from oft_demo.serve.gate import Access
from oft_demo.serve.listening import listen, server_of
from oft_demo.serve.role import Limits
from oft_demo.types import CAMERAS, Plan


class FakeServed:
    """Row r is the state plus r; the first pixel of every picture is remembered."""

    def __init__(self, cameras=CAMERAS, name="fake", fingerprint="f0", pictures="area", action_dim=14):
        self.name, self.fingerprint, self.cameras, self.pictures = name, fingerprint, cameras, pictures
        self.chunk_length, self.action_dim, self.proprio_dim = 5, action_dim, action_dim
        self.replan_after, self.image_size, self.film = 3, 96, True
        self.about = {"Parameters": "2.3 M"}
        self.batches, self.queries, self.threads = [], [], set()
        self.open, self.busy = threading.Event(), threading.Event()
        self.open.set()

    def receive(self, image):
        return image

    def plan(self, queries):
        self.batches.append(len(queries))
        self.queries += queries
        self.threads.add(threading.current_thread().name)
        self.busy.set()
        assert self.open.wait(20)
        if any("explode" in query.instruction for query in queries):
            raise ZeroDivisionError("the secret path /root/key")
        rows = np.arange(self.chunk_length)[:, None]
        noise = [np.nan if "nan" in query.instruction else 0.0 for query in queries]
        pairs = zip(queries, noise, strict=True)
        return [Plan(query.state + rows + extra, {"model": 1.0, "total": 2.0}) for query, extra in pairs]

    def shut(self):
        """Let the next plan wait until `open` is set."""
        self.busy.clear()
        self.open.clear()


@contextlib.contextmanager
def running(policy, limits=Limits(), access=Access(), port=0):  # noqa: B008
    """A server on loopback; gives host and port. The fake policy learns of its planner."""
    app = create_app(policy, limits, access)
    policy.planner = app.state.desk.planner
    with listen("127.0.0.1", port) as socket, serving(app, limits, socket):
        try:
            yield f"127.0.0.1:{socket.getsockname()[1]}"
        finally:
            policy.open.set()


@contextlib.contextmanager
def serving(app, limits, socket):
    server = server_of(app, limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        eventually(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()


def eventually(holds):
    """Wait for what happens in another thread."""
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.005)
    raise AssertionError("it never happened")


def main():
    """Serve until killed; with an argument, only the first question is answered."""
    policy = FakeServed()
    if "think" in sys.argv:
        plan = policy.plan

        def think(queries):
            if policy.batches:
                time.sleep(60)
            return plan(queries)

        policy.plan = think
    with listen("127.0.0.1", 0) as socket:
        print(socket.getsockname()[1], flush=True)
        server_of(create_app(policy), Limits()).run(sockets=[socket])


if __name__ == "__main__":
    main()
