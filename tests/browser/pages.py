"""What the tests of several tabs do with a page."""

import re

from playwright.sync_api import expect

ROLLOUT_MS = 90_000  # a machine that is busy runs slower than real time
TRIES = 3  # seeds; the bundled policy is good, not perfect
EXPERT = "expert"
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
