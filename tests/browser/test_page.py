"""The page in a real browser, as a visitor uses it."""

import re

import pytest
from playwright.sync_api import expect

ROLLOUT_MS = 90_000  # a machine that is busy runs slower than real time
TRIES = 3  # seeds; the bundled policy is good, not perfect
EXPERT = "expert"


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


def traces_of(page, plot):
    """Scroll to a plot, which is drawn when it is looked at, and count its lines."""
    page.locator(f"[data-slot={plot}]").scroll_into_view_if_needed()
    page.locator(f"[data-slot={plot}] .scatterlayer .trace").first.wait_for(state="attached", timeout=30_000)
    return page.locator(f"[data-slot={plot}] .scatterlayer .trace").count()


def outcome_of_run(page):
    """Press Run and wait for the verdict over the picture."""
    page.click("#run-run")
    expect(page.locator("[data-slot=run-badge] .badge")).to_have_count(0, timeout=20_000)
    badge = page.locator("[data-slot=run-badge] .badge")
    badge.wait_for(timeout=ROLLOUT_MS)
    return badge.inner_text()


@pytest.mark.parametrize("named", ["green pepper", "yellow corn"])
def test_the_bundled_policy_puts_the_object_that_was_typed_into_the_pot(visit, named):
    page = visit()
    assert page.locator("#run-policy input").input_value() == "aloha-mini"
    fill(page, "run-instruction", f"put the {named} into the pot")
    outcomes = []
    for seed in range(20_000, 20_000 + TRIES):
        fill(page, "run-seed", str(seed))
        outcomes.append(outcome_of_run(page))
        if outcomes[-1] == "success":
            break
    assert outcomes[-1] == "success", outcomes
    assert f"went to the {named}" in page.locator("[data-slot=run-following]").inner_text()
    assert "100" in page.locator("[data-slot=run-score]").inner_text()


def test_one_click_moves_the_robot_and_draws_every_joint(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    before = int(page.locator("canvas[data-slot=run-view]").get_attribute("data-painted"))
    assert outcome_of_run(page) == "success"
    assert int(page.locator("canvas[data-slot=run-view]").get_attribute("data-painted")) > before + 20
    assert traces_of(page, "run-plot") == 14 * 4
    for camera in ("cam_high", "cam_left_wrist", "cam_right_wrist"):
        assert page.locator(f"canvas[data-slot=run-{camera}]").get_attribute("data-painted")


def test_stop_and_reset_answer_while_the_robot_moves(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.click("#run-run")
    expect(status(page)).to_contain_text("was told", timeout=30_000)
    page.keyboard.press("Escape")
    expect(status(page)).to_contain_text("Stopped", timeout=20_000)
    page.click("#run-reset")
    expect(status(page)).to_contain_text("Press Run", timeout=20_000)


def test_wrong_inputs_are_answered_in_words(visit):
    page = visit()
    fill(page, "run-seed", "minus one")
    expect(status(page)).to_contain_text("whole number from 0", timeout=20_000)
    fill(page, "run-seed", "20001")
    expect(status(page)).to_contain_text("Press Run", timeout=20_000)
    fill(page, "run-instruction", "   ")
    page.click("#run-run")
    expect(status(page)).to_contain_text("instruction is empty", timeout=20_000)
    fill(page, "run-instruction", "pot " * 60)
    page.click("#run-run")
    expect(status(page)).to_contain_text("at most 200", timeout=20_000)


def test_two_visitors_have_simulations_of_their_own(visit):
    one, other = visit(), visit()
    for page, named in ((one, "red pepper"), (other, "yellow corn")):
        choose(page, "run-policy", EXPERT)
        fill(page, "run-instruction", f"put the {named} into the pot")
    one.click("#run-run")
    other.click("#run-run")
    for page, named in ((one, "red pepper"), (other, "yellow corn")):
        page.locator("[data-slot=run-badge] .badge").wait_for(timeout=ROLLOUT_MS)
        expect(page.locator("[data-slot=run-following]")).to_contain_text(named)


def test_compare_shows_both_rollouts_and_one_plot(visit):
    page = visit()
    page.get_by_role("tab", name="Compare").click()
    for side in "ab":
        choose(page, f"compare-policy-{side}", EXPERT)
    page.click("#compare-run")
    for side in "ab":
        expect(page.locator(f"[data-slot=compare-{side}-badge] .badge")).to_have_text("success", timeout=ROLLOUT_MS)
    assert traces_of(page, "compare-plot") == 14 * 2
    expect(page.locator("[data-slot=compare-parted]")).to_contain_text("not yet")


def test_a_take_is_recorded_relabelled_downloaded_and_deleted(visit):
    page = visit()
    page.get_by_role("tab", name="Record").click()
    expect(page.get_by_text("No episodes yet")).to_be_visible()
    page.click("#record-run")
    expect(status(page, "record")).to_contain_text("Kept as episode_0", timeout=3 * ROLLOUT_MS)
    fill(page, "record-label", "cook the red pepper")
    page.locator("#record-success input").click()
    page.click("#record-save")
    expect(page.locator("#record-list")).to_contain_text("cook the red pepper - failure", timeout=20_000)
    with page.expect_download() as download:
        page.click("a.download")
    assert download.value.suggested_filename == "episode_0.hdf5"
    page.click("#record-play")
    expect(status(page, "record")).to_contain_text("played to its end", timeout=ROLLOUT_MS)
    page.click("#record-delete")
    expect(page.get_by_text("No episodes yet")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 720, "dark"), (390, 844, "light")])
def test_nothing_moves_or_overflows_while_the_robot_does(visit, width, height, scheme):
    page = visit(width, height, color_scheme=scheme)
    places = "[...document.querySelectorAll('.bench, .plot')].map((e) => Math.round(e.getBoundingClientRect().top))"
    choose(page, "run-policy", EXPERT)
    page.evaluate("window.scrollTo(0, 0)")
    before = page.evaluate(places)
    page.click("#run-run")
    expect(page.locator("[data-slot=run-chunk]")).to_contain_text("rows", timeout=30_000)
    page.wait_for_timeout(500)
    page.evaluate("window.scrollTo(0, 0)")
    assert page.evaluate(places) == before
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#run-stop")


def test_the_page_can_be_used_by_keyboard_alone(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.locator("#run-instruction").locator("textarea, input").first.focus()
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("was told", timeout=30_000)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "run-run"
