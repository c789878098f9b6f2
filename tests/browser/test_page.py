"""The page in a real browser, as a visitor uses it."""

import re

import pytest
from pages import (
    EXPERT,
    PLACES,
    ROLLOUT_MS,
    TRIES,
    choose,
    clock,
    expect_soon,
    expect_state,
    fill,
    outcome_of_run,
    state,
    stats,
    status,
)
from playwright.sync_api import expect


def test_the_bundled_policy_puts_the_object_that_was_typed_into_the_pot(visit):
    page, named = visit(), "green pepper"
    expect(page.locator("#run-policy input")).to_have_value("aloha-mini")
    fill(page, "run-instruction", f"put the {named} into the pot")
    outcomes = []
    for seed in range(20_000, 20_000 + TRIES):
        fill(page, "run-seed", str(seed))
        outcomes.append(outcome_of_run(page))
        if outcomes[-1] == "success":
            break
    assert outcomes[-1] == "success", outcomes
    expect(page.locator("[data-slot=run-following]")).to_contain_text(f"went to the {named}")
    expect(page.locator("[data-slot=run-score]")).to_contain_text("100")


def test_one_click_moves_the_robot_in_3d(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    before = stats(page)
    assert outcome_of_run(page) == "success"
    expect_soon(page, lambda: stats(page)["time"] > 3.0)
    after = stats(page)
    assert after["frames"] > before["frames"] + 20
    assert after["bodies"] > 20
    assert after["epoch"] != before["epoch"]
    for camera in ("cam_high", "cam_left_wrist", "cam_right_wrist"):
        expect(page.locator(f"canvas[data-slot=run-{camera}]")).to_have_attribute("data-painted", re.compile("."))


def test_a_press_that_is_heard_late_counts_once(visit):
    page = visit()
    page.evaluate(
        """() => {
          performance.now = () => 1000;  // the page has only just begun, however slow this machine is
          const run = window.studioRun.run;
          window.studioRun.run = (...inputs) => setTimeout(() => run(...inputs), 1200);
          window.heard = [];
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (text) { window.heard.push(JSON.parse(text).do); send.call(this, text); };
        }"""
    )
    page.click("#run-run")
    expect_state(page, "running")
    page.keyboard.press("Escape")
    expect(status(page)).to_contain_text("Stopped", timeout=20_000)
    page.wait_for_timeout(2000)
    assert page.evaluate("window.heard.filter((name) => name === 'run')") == ["run"]


def test_the_run_is_driven_by_buttons_and_keys(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.click("#run-row")
    expect_state(page, "paused")
    expect(page.locator("[data-slot=run-chunk]")).to_contain_text("row 1 of")
    page.locator("body").press(".")
    expect(page.locator("[data-slot=run-chunk]")).to_contain_text("row 2 of")
    page.locator("body").press("c")
    expect(page.locator("[data-slot=run-chunk]")).to_contain_text(re.compile(r"row (\d+) of \1$"))
    expect_state(page, "paused")
    standing = clock(page)
    page.wait_for_timeout(400)
    assert clock(page) == standing
    page.select_option("#run-speed", "4")
    page.locator("body").press("Space")
    expect_state(page, "running")
    page.locator("body").press("s")
    expect(status(page)).to_contain_text("Stopped")
    page.locator("body").press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_other_words_on_the_way_change_what_the_robot_does(visit):
    page = visit()
    page.select_option("#run-when", "at_once")
    page.select_option("#run-speed", "0.25")  # a busy browser needs time to type
    fill(page, "run-instruction", "put the red pepper into the pot")
    page.click("#run-run")
    expect_state(page, "running")
    fill(page, "run-instruction", "put the yellow corn into the pot")
    page.click("#run-run")
    expect(status(page)).to_contain_text('Told "put the yellow corn into the pot"')
    page.select_option("#run-speed", "2")
    page.locator("[data-slot=run-badge] .badge").wait_for(timeout=ROLLOUT_MS)
    expect(status(page)).to_contain_text("yellow corn")
    page.select_option("#run-speed", "0.25")
    page.click("#run-again")
    expect_state(page, "running")
    expect(page.locator("[data-slot=run-following]")).to_contain_text("red pepper")
    page.select_option("#run-speed", "2")
    page.locator("[data-slot=run-badge] .badge").wait_for(timeout=ROLLOUT_MS)
    expect(status(page)).to_contain_text("yellow corn")


def test_words_can_be_found_recalled_and_rephrased(visit):
    page = visit()
    box = page.locator("#run-instruction").locator("textarea, input").first
    page.click("#run-example-1")
    expect(box).to_have_value("put the green pepper into the pot")
    page.click("#run-paraphrase")
    expect(page.locator("[data-paraphrase]")).to_contain_text("wording")
    expect(box).not_to_have_value("put the green pepper into the pot")
    expect(box).to_have_value(re.compile("green"))
    choose(page, "run-policy", EXPERT)
    page.click("#run-example-2")
    page.click("#run-run")
    expect_state(page, "running")
    page.keyboard.press("Escape")
    fill(page, "run-instruction", "something else")
    box.press("ArrowUp")
    expect(box).to_have_value("put the yellow corn into the pot")


def test_a_link_opens_the_run_that_it_was_copied_from(visit):
    query = (
        "/?task=put_x_into_pot&seed=20007&say=cook+the+green+pepper&policy=expert&rows=5&then=30:cook+the+yellow+corn"
    )
    page = visit(query=query)
    expect(page.locator("#run-seed").locator("textarea, input").first).to_have_value("20007", timeout=20_000)
    expect(page.locator("#run-instruction").locator("textarea, input").first).to_have_value("cook the green pepper")
    page.click("#run-run")
    expect_state(page, "running")
    expect(page.locator("[data-slot=run-following]")).to_contain_text("yellow corn", timeout=ROLLOUT_MS)
    page.keyboard.press("Escape")


def test_a_link_that_makes_no_sense_is_answered_in_words(visit):
    page = visit(query="/?task=juggle&seed=1&say=go&policy=expert")
    expect(status(page)).to_contain_text("juggle", timeout=20_000)


def test_a_dropped_line_is_noticed_and_taken_up_again(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.select_option("#run-speed", "0.25")
    page.click("#run-run")
    expect_state(page, "running")
    page.context.set_offline(True)
    page.evaluate("window.studio.drop()")
    expect(page.locator("[data-view=run].stale")).to_be_visible(timeout=10_000)
    time = stats(page)["time"]
    page.context.set_offline(False)
    expect(page.locator("[data-view=run].stale")).to_have_count(0, timeout=20_000)
    page.wait_for_function(f"document.querySelector('[data-view=run]').sceneView.stats().time > {time} + 0.2")
    assert state(page) == "running"
    page.keyboard.press("Escape")


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


def test_whoever_forges_a_ticket_or_comes_from_elsewhere_is_refused(visit, browser, app_url):
    page = visit()
    closed = """(url) => new Promise((resolve) => {
        const line = new WebSocket(url);
        line.onopen = () => line.send(JSON.stringify({ ticket: "a".repeat(32), narrow: false }));
        line.onclose = (event) => resolve(event.code);
    })"""
    channel = app_url.replace("http", "ws") + "/studio/live"
    assert page.evaluate(closed, channel) == 4401
    context = browser.new_context()
    stranger = context.new_page()
    stranger.goto("data:text/html,<p>elsewhere</p>")
    assert stranger.evaluate(closed, channel) in (1006, 4403)
    context.close()


def test_two_visitors_have_simulations_of_their_own(visit):
    one, other = visit(), visit()
    for page, named in ((one, "red pepper"), (other, "yellow corn")):
        choose(page, "run-policy", EXPERT)
        fill(page, "run-instruction", f"put the {named} into the pot")
    one.click("#run-run")
    other.click("#run-run")
    for page, named in ((one, "red pepper"), (other, "yellow corn")):
        page.locator("[data-slot=run-badge] .badge").wait_for(timeout=ROLLOUT_MS)
        expect(page.locator("[data-slot=run-following]")).to_contain_text(f"went to the {named}")


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 720, "dark"), (390, 844, "light")])
def test_nothing_moves_or_overflows_while_the_robot_does(visit, width, height, scheme):
    page = visit(width, height, color_scheme=scheme)
    choose(page, "run-policy", EXPERT)
    page.evaluate("window.scrollTo(0, 0)")
    before = page.evaluate(PLACES)
    page.click("#run-run")
    expect(page.locator("[data-slot=run-chunk]")).to_contain_text("row", timeout=30_000)
    page.wait_for_timeout(500)
    page.evaluate("window.scrollTo(0, 0)")
    assert page.evaluate(PLACES) == before
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")


def test_the_page_can_be_used_by_keyboard_alone(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.locator("#run-instruction").locator("textarea, input").first.focus()
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("was told", timeout=30_000)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "run-run"
