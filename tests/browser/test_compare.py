"""The Compare tab in a real browser."""

import json

from pages import EXPERT, ROLLOUT_MS, choose, expect_soon, fill, status
from playwright.sync_api import expect


def opened(visit, **options):
    """The page with its Compare tab open."""
    page = visit(**options)
    page.get_by_role("tab", name="Compare").click()
    return page


def badges(page):
    """The verdicts over both views, once both are there."""
    found = [page.locator(f"[data-slot=compare-{side}-badge] .badge") for side in "ab"]
    for badge in found:
        badge.wait_for(timeout=ROLLOUT_MS)
    return [badge.inner_text() for badge in found]


def test_two_scenes_from_one_seed_are_compared_and_downloaded(visit):
    page = opened(visit)
    for side in "ab":
        choose(page, f"compare-policy-{side}", EXPERT)
    page.click("#compare-run")
    assert badges(page) == ["success", "success"]
    expect(page.locator("[data-slot=compare-parted]")).to_contain_text("never")
    expect_soon(page, lambda: int(page.locator(".compare-plot").get_attribute("data-points") or 0) > 4)
    with page.expect_download(timeout=ROLLOUT_MS) as download:
        page.locator("[data-exports=compare]").get_by_role("button", name="JSON").click()
    assert set(json.loads(download.value.path().read_text())) == {"a", "b"}


def test_film_switched_off_is_offered_as_an_intervention_and_changes_what_the_robot_does(visit):
    page = opened(visit)
    page.click("#compare-preset-intervention")
    expect(page.locator("#compare-policy-b input")).to_have_value("aloha-mini:film-off")
    expect(page.locator("[data-compare=hint]")).to_contain_text("not the paper's ablation")
    fill(page, "compare-instruction", "put the yellow corn into the pot")
    page.click("#compare-run")
    assert badges(page)[0] == "success"
    expect(page.locator("[data-slot=compare-a-following]")).to_contain_text("went to the yellow corn")
    expect(page.locator("[data-slot=compare-b-following]")).not_to_contain_text("went to the yellow corn")
    expect(page.locator("[data-slot=compare-parted]")).to_contain_text(" s")


def test_a_series_counts_both_on_the_same_seeds(visit):
    page = opened(visit)
    for side in "ab":
        choose(page, f"compare-policy-{side}", EXPERT)
    fill(page, "compare-count", "2")
    page.click("#compare-many")
    expect(status(page, "compare")).to_contain_text("2", timeout=ROLLOUT_MS)
    expect(page.locator("[data-slot=compare-series]")).to_contain_text("McNemar", timeout=ROLLOUT_MS)
    expect(page.locator("[data-slot=compare-series]")).to_contain_text("2 of 2", timeout=ROLLOUT_MS)
