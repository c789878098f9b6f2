"""How soon an arm moves after a key, and whether 50 steps a second hold while pictures are drawn beside them."""

import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oft_demo import sim
from oft_demo.bench.lines import Bar, Heading, Line, Note
from oft_demo.bench.live.page import BROWSERS, FLAGS
from oft_demo.bench.live.serving import served
from oft_demo.data.catalog import Catalog
from oft_demo.recording.acceptance import Acceptance
from oft_demo.recording.recorder import Recorder
from oft_demo.studio.live_take import LiveTake
from oft_demo.studio.request import Request
from oft_demo.studio.visitors import Visitors
from oft_demo.teleoperation.driver import HumanDriver
from oft_demo.teleoperation.inputs import HandsInput
from oft_demo.teleoperation.session import Actor, Session
from oft_demo.types import ARMS

TASK = "put_x_into_pot"
SEEDS = (7, 8)  # of the takes that are drawn meanwhile, about 15 s of work
PRESSES = 30
DELAY_BAR = 100.0  # [ms]
LATE_BAR = 1.0  # [%]
DRIVING_SECONDS = 12.0
MESSAGE_SECONDS = 0.05  # between two messages of a page on which a key is held


def driving(policy: str) -> Iterator[Line]:
    """Both figures."""
    yield from delay(policy)
    yield from holding()


def delay(policy: str) -> Iterator[Line]:
    """From a key in Chromium to the message in which a gripper has moved; drawing is not in it."""
    yield Heading("Driving by hand, Chromium beside the server")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None or find_spec("playwright") is None:
        yield Note("not measured: Chromium or playwright is missing; `make bench` installs both")
        return
    from playwright.sync_api import sync_playwright

    with served(0, policy) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        delays = _delays(tab, app.origin)
        browser.close()
    yield Bar("key to moved pose, median", statistics.median(delays), "ms", at_most=DELAY_BAR)
    yield Bar("key to moved pose, slowest of ten", sorted(delays)[int(0.9 * len(delays))], "ms")


def holding() -> Iterator[Line]:
    """Steps that began late while a person drives and the pictures of other takes are drawn."""
    with tempfile.TemporaryDirectory() as folder:
        takes = Path(folder) / "takes"
        acceptance = Acceptance(Catalog(Path(folder)), takes)
        try:
            for seed in SEEDS:
                acceptance.submit(_expert_take(takes, seed))
            take = _driven(takes)
            drawing = any(job.stage in ("waiting", "drawing") for job in acceptance.progress())
        finally:
            acceptance.close()
    share = 100 * take.late / take.ticks
    yield Bar(f"steps that began over 10 ms late, of {take.ticks}", share, "%", at_most=LATE_BAR)
    if not drawing:
        yield Note("the drawing had ended before the driving")


def _expert_take(takes: Path, seed: int) -> str:
    """A take of the expert that waits to be accepted."""
    env = sim.make_env(TASK)
    env.reset(seed)
    recorder = Recorder(env, takes, seed=seed)
    session = Session(env, HumanDriver(env), recorder)
    session.hand_to(Actor("expert", sim.make_expert(env, seed), "expert", sees=False))
    while session.tick(HandsInput()) is not None:
        pass
    env.close()
    return recorder.finish()


def _driven(takes: Path) -> LiveTake:
    """A take in the app's own loop, driven for a while by somebody who holds a key and changes it now and then."""
    visitors = Visitors(seats=1, idle_seconds=600)
    visitor = visitors.get("bench")
    asked = Request(TASK, SEEDS[0], "put the red pepper into the pot")
    with visitor.activity((asked.task, asked.seed)) as activity:
        env = visitor.env(asked.task)
        env.reset(asked.seed)
        take = LiveTake(visitor, activity, env, Recorder(env, takes, seed=asked.seed), asked)
        hands = threading.Thread(target=_hold_keys, args=(take,))
        hands.start()
        take.carry_out()
        hands.join()
        take.recorder.discard()
    visitors.close()
    return take


def _hold_keys(take: LiveTake) -> None:
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < DRIVING_SECONDS:
        direction = 1.0 if int(passed) % 2 else -1.0
        take.drive(HandsInput.from_message({arm: {"move": [0, 0, direction]} for arm in ARMS}))
        time.sleep(MESSAGE_SECONDS)
    take.ask(lambda: setattr(take, "end", "discard"))


def _delays(tab: Any, address: str) -> list[float]:
    tab.goto(address)
    tab.wait_for_function("document.querySelector('[data-view=run]')?.sceneView?.stats().triangles > 0", timeout=60_000)
    tab.get_by_role("tab", name="Record").click()
    tab.wait_for_timeout(3000)
    tab.click("#record-run")
    tab.wait_for_timeout(2000)
    delays = []
    for _ in range(PRESSES):
        delays.append(tab.evaluate("async () => (await window.studioRecord.probe()).delay"))
        tab.wait_for_timeout(700)  # the arms come to rest
    return delays
