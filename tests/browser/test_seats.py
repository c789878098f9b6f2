"""More visitors than seats, in a real browser."""

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def app_url(start, tmp_path_factory):
    """An app with a single seat."""
    url, _ = start("app.py", "--data", str(tmp_path_factory.mktemp("data")), "--seats", "1")
    return url


def test_who_finds_no_seat_waits_and_is_let_in(visit, browser, app_url):
    first = visit()
    context = browser.new_context()
    second = context.new_page()
    second.goto(app_url)
    cover = second.locator("#seats")
    expect(cover).to_be_visible(timeout=30_000)
    expect(cover).to_contain_text("1 simulation seat")
    first.close()
    expect(cover).to_be_hidden(timeout=90_000)
    second.wait_for_function("document.querySelector('[data-view=run] canvas')?.dataset.painted", timeout=60_000)
    context.close()
