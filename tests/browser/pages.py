"""What the tests of several tabs do with a page."""

import re
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

ROLLOUT_MS = 90_000  # a machine that is busy runs slower than real time
FADED_MS = 400  # after which all colours are those of another scheme
TRIES = 3  # seeds; the bundled policy is good, not perfect
EXPERT = "expert"
GRAVE = {"serious", "critical"}
PLACES = (
    "[...document.querySelectorAll('.stage, .transport, .inspector')]"
    ".map((element) => Math.round(element.getBoundingClientRect().top))"
)


def status(page, tab="run"):
    """The status line of a tab."""
    return page.locator(f"[data-slot={tab}-status]")


def fill(page, box, text):
    """Type into a text box of the page."""
    page.locator(f"#{box}").locator("textarea, input").first.fill(text)


def choose(page, dropdown, option):
    """Pick the option of a dropdown that starts with a text."""
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=re.compile(f"^{option}")).first.click()


def stats(page, view="run"):
    """What a 3D view says of itself."""
    return page.evaluate(f"document.querySelector('[data-view={view}]').sceneView.stats()")


def expect_soon(page, condition, milliseconds=20_000):
    """Wait until a condition holds, as `expect` does for what stands on the page."""
    deadline = time.monotonic() + milliseconds / 1000
    while not condition() and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert condition()


def state(page):
    """Whether something runs, as the page knows it."""
    return page.evaluate("document.body.dataset.runState")


def expect_state(page, wanted):
    """Wait until the run is in a state."""
    page.wait_for_function("(wanted) => document.body.dataset.runState === wanted", arg=wanted, timeout=30_000)


def clock(page):
    """The simulated time over the view [s]."""
    return float(page.locator("[data-slot=run-clock]").inner_text().split()[0])


def outcome_of_run(page):
    """Press Run and wait for the verdict over the picture."""
    page.click("#run-run")
    expect(page.locator("[data-slot=run-badge] .badge")).to_have_count(0, timeout=20_000)
    badge = page.locator("[data-slot=run-badge] .badge")
    badge.wait_for(timeout=ROLLOUT_MS)
    return badge.inner_text()


def violations(page):
    """What axe finds of grave barriers, as scheme, rule and place; in the dark only the contrast can be another."""
    found = _violations(page, "light", {})
    page.evaluate("document.body.classList.add('dark')")
    page.wait_for_timeout(FADED_MS)
    found += _violations(page, "dark", {"runOnly": ["color-contrast"]})
    page.evaluate("document.body.classList.remove('dark')")
    page.wait_for_timeout(FADED_MS)
    return found


def _violations(page, scheme, options):
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    grave = [rule for rule in found if rule["impact"] in GRAVE]
    return [(scheme, rule["id"], [node["target"] for node in rule["nodes"]][:4]) for rule in grave]
