"""Looking inside the chunks of a run, in a real browser."""

from pages import EXPERT, ROLLOUT_MS, choose, expect_soon, expect_state, outcome_of_run, stats, status
from playwright.sync_api import expect


def inspector(page):
    """The inspector of the Run tab."""
    return page.locator("[data-inspector=run]")


def traces(page, panel):
    """The number of points in each line of a panel."""
    page.locator(".joint-plot").nth(panel).scroll_into_view_if_needed()
    return page.evaluate(
        "(index) => (document.querySelectorAll('.joint-plot')[index].data ?? []).map((trace) => trace.x.length)", panel
    )


def test_before_a_run_it_says_what_to_do(visit):
    page = visit()
    expect(inspector(page)).to_contain_text("Press Run")
    assert page.locator(".joint-panel").count() == 14


def test_every_chunk_of_a_run_is_drawn_over_what_was_sent_and_measured(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.select_option("#run-speed", "4")
    assert outcome_of_run(page) == "success"
    chunks = page.locator(".chunk-strip button")
    assert chunks.count() >= 3

    def everything_is_drawn():
        measured, executed, even, odd, *_ = traces(page, 0)
        return measured == executed > 70 and even + odd == chunks.count() * 26  # 25 rows and a gap each

    expect_soon(page, everything_is_drawn)


def test_a_chunk_that_is_clicked_is_played_by_ghost_arms_with_its_own_pictures(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.select_option("#run-speed", "4")
    outcome_of_run(page)
    last = page.locator("canvas[data-slot=run-cam_high]").evaluate("(canvas) => canvas.toDataURL()")
    page.locator(".chunk-strip button").first.click()
    expect(page.locator("[data-view=run][data-ghost='0']")).to_be_visible(timeout=10_000)
    expect(inspector(page)).to_have_attribute("data-selected", "0")
    expect(inspector(page)).to_contain_text("predicted at 0.00 s")
    page.wait_for_function(
        "(last) => document.querySelector('canvas[data-slot=run-cam_high]').toDataURL() !== last", arg=last
    )
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_function("document.querySelector('[data-view=run]').sceneView.stats().ghost")
    page.locator(".chunk-strip button").first.focus()
    page.keyboard.press("ArrowRight")
    expect(inspector(page)).to_have_attribute("data-selected", "1")
    page.keyboard.press("Escape")
    expect(page.locator("[data-view=run][data-ghost]")).to_have_count(0)
    assert "selected" not in inspector(page).evaluate("(element) => ({ ...element.dataset })")
    assert not stats(page)["ghost"]


def test_a_panel_can_be_clicked_while_the_robot_moves(visit):
    page = visit()
    choose(page, "run-policy", EXPERT)
    page.select_option("#run-speed", "0.25")
    page.click("#run-run")
    expect_state(page, "running")
    plot = page.locator(".joint-plot").first
    plot.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.joint-plot').data?.[0].x.length > 5", timeout=ROLLOUT_MS)
    box = plot.bounding_box()
    page.mouse.click(box["x"] + 45, box["y"] + 60)
    expect(inspector(page)).to_have_attribute("data-selected", "0", timeout=10_000)
    expect(page.locator("[data-view=run][data-ghost='0']")).to_have_count(1)
    page.get_by_role("button", name="Back to live").click()
    expect(page.locator("[data-view=run][data-ghost]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(status(page)).to_contain_text("Stopped", timeout=20_000)
