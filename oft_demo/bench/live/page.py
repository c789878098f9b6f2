"""The page in a real Chromium beside the server, drawing in software where there is no GPU."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from oft_demo.bench.lines import Bar, Heading, Line, Note
from oft_demo.bench.live.serving import served

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
POSES = b"run-poses"
SECONDS = 3.0  # of watching, within the shortest rollout
LONG_TASK = 50.0  # [ms]
WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.longTasks.push(entry.duration)))
    .observe({ type: "longtask" });
}"""
STATS = "() => document.querySelector('[data-view=run]').sceneView.stats()"


def page(policy: str) -> Iterator[Line]:
    """What one visitor's browser has to do while a rollout is shown."""
    yield Heading("Live page, Chromium beside the server")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None or find_spec("playwright") is None:
        yield Note("not measured: Chromium or playwright is missing; `make bench` installs both")
        return
    from playwright.sync_api import sync_playwright

    with served(0, policy) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        yield from _watched(tab, app.origin, policy)
        browser.close()


def _watched(tab: Any, address: str, policy: str) -> Iterator[Line]:
    received: list[str | bytes] = []
    tab.on("websocket", lambda line: line.on("framereceived", lambda frame: received.append(frame)))
    tab.goto(address)
    tab.wait_for_function("document.querySelector('[data-view=run]')?.sceneView?.stats().triangles > 0", timeout=60_000)
    tab.wait_for_timeout(4000)  # plots are loaded while nothing moves
    tab.evaluate(WATCH)
    tab.click("#run-run")
    tab.wait_for_function("document.body.dataset.runState === 'running'", timeout=30_000)
    tab.wait_for_timeout(500)
    before = tab.evaluate(STATS)
    received.clear()
    tab.wait_for_timeout(1000 * SECONDS)
    after, messages = tab.evaluate(STATS), list(received)
    tasks = tab.evaluate("window.longTasks")
    yield Bar("triangles drawn", after["triangles"], "")
    yield Bar("draw calls a frame", after["calls"], "")
    yield Bar("frames drawn", (after["frames"] - before["frames"]) / SECONDS, "a second")
    poses = sum(isinstance(message, bytes) and POSES in message[:20] for message in messages)
    yield Bar("pose updates that arrived", poses / SECONDS, "a second")
    yield Bar("received", sum(map(len, messages)) / SECONDS / 1e3, "kB/s")
    yield Bar("longest task of the page's thread", max(tasks, default=0.0), "ms", at_most=LONG_TASK)
    yield Note(f"{len(tasks)} tasks over {LONG_TASK:.0f} ms in {SECONDS + 0.5:.1f} s; drawn by {_renderer(tab)}")


def _renderer(tab: Any) -> str:
    return tab.evaluate(
        "() => { const gl = document.createElement('canvas').getContext('webgl2');"
        " const names = gl?.getExtension('WEBGL_debug_renderer_info');"
        " return names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : 'an unknown renderer'; }"
    )
