"""Real apps and servers on free ports and a real Chromium, shared by as many tests as can share them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 90
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",  # WebGL 2 without a GPU
]  # fmt: skip
PAINTED = "document.querySelector('[data-view=run] canvas')?.dataset.painted"


@contextmanager
def programs(folder):
    """Gives a function that starts a program of this project and waits until a path of it answers; ends them all."""
    processes = []

    def started(*arguments, path="/", port=None):
        port, log = port or free_port(), folder / f"output{len(processes)}.log"
        command = [sys.executable, *arguments, "--port", str(port)]
        with log.open("w") as output:
            processes.append(subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ}))
        url = f"http://127.0.0.1:{port}"
        _wait_for(url + path, processes[-1], log)
        return url, processes[-1]

    try:
        yield started
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:  # a busy machine; what is tested is the page, not its end
                process.kill()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Start programs for the tests of a module."""
    with programs(tmp_path_factory.mktemp("log")) as started:
        yield started


@pytest.fixture(scope="session")
def shared_app_url(tmp_path_factory):
    with programs(tmp_path_factory.mktemp("log")) as started:
        url, _ = started("app.py", "--data", str(tmp_path_factory.mktemp("data")))
        yield url


@pytest.fixture(scope="module")
def app_url(shared_app_url):
    """The page of app.py, shared by the modules that do not start their own."""
    return shared_app_url


def free_port():
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")  # for longer, its event loop would be in the way of tests that run their own
def browser():
    """Chromium; a test that cannot start it fails and says how to get it."""
    path = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("Chromium is missing on this machine. Install it with: apt-get install -y chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, app_url):
    """Opens the page as a new visitor; at the end no console error may have been seen."""
    contexts, complaints = [], []

    def open_page(width=1280, height=720, query="", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(app_url + query)
        page.wait_for_function(PAINTED, timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _wait_for(url, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"{process.args} ended with {process.returncode}:\n{log.read_text()}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"{process.args} did not answer within {START_SECONDS} s:\n{log.read_text()}")
