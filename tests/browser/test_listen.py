"""The tab that asks whether a policy listens, in a real browser."""

import json

from pages import choose, expect_soon, fill, stats, status
from playwright.sync_api import expect

ASK_MS = 60_000
RED = "put the red pepper into the pot"
LINES = f"{RED}\nput the red one into the pot\nput the yellow corn into the pot\ncolourless ideas sleep"


def asked(visit, policy="aloha-mini", **options):
    """The page, after a policy was asked the lines."""
    page = visit(**options)
    page.get_by_role("tab", name="Does it listen?").click()
    fill(page, "listen-lines", LINES)
    if policy != "aloha-mini":
        choose(page, "listen-policy", policy)
    page.click("#listen-ask")
    expect(page.locator("[data-listen=found]")).to_be_visible(timeout=ASK_MS)
    return page


def test_plans_of_several_lines_are_set_against_each_other(visit):
    page = asked(visit)
    expect(page.locator("[data-listen=finding]")).to_contain_text("It listens.")
    rows = page.locator("[data-listen=distances] tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(2)).to_contain_text("yellow corn")
    expect(rows.nth(3)).to_contain_text("never seen in training: colourless, ideas, sleep")
    expect_soon(page, lambda: stats(page, "listen")["paths"] == 4)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export JSON").click()
    kept = json.loads(download.value.path().read_text())
    assert [each["line"] for each in kept["instructions"]] == LINES.split("\n")
    assert len(kept["film"]["gamma"]["featurizer"]) == 4


def test_the_patches_of_a_line_are_shown_when_it_is_pressed(visit):
    page = asked(visit)
    painted = "[...document.querySelectorAll('[data-listen-patches]')].map((each) => each.toDataURL())"
    first = page.evaluate(painted)
    page.get_by_role("button", name="put the yellow corn into the pot").press("Enter")
    expect(page.locator("[data-listen=chosen]")).to_contain_text("3 put the yellow corn into the pot")
    second = page.evaluate(painted)
    page.get_by_role("button", name="against no FiLM").click()
    third = page.evaluate(painted)
    assert len({first[0], second[0], third[0]}) == 3


def test_a_policy_without_film_says_so_and_a_narrow_page_stays_narrow(visit):
    page = asked(visit, "aloha-mini-nofilm", width=390, height=844)
    expect(page.locator("[data-listen=film-missing]")).to_contain_text("trained without it")
    expect(page.locator("[data-listen=film]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_too_few_lines_are_refused_in_words(visit):
    page = visit()
    page.get_by_role("tab", name="Does it listen?").click()
    fill(page, "listen-lines", RED)
    page.click("#listen-ask")
    expect(status(page, "listen")).to_contain_text("Found 1 different instruction, one a line", timeout=ASK_MS)
    expect(page.locator("#listen-ask")).to_be_enabled()
