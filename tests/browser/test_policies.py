"""Policies that do not come with the app, in a real browser: behind a server, and in a checkpoint directory."""

import json
import re
import shutil
import signal
from pathlib import Path

import pytest
from pages import PLACES
from playwright.sync_api import expect

CASE = Path(__file__).parents[1] / "cases" / "aloha_film"
RUN_NAME = "oft+aloha--image_aug--100000_chkpt"
TOWERS = {
    "tiny_dinov2_reg4_p14": {
        "width": 32, "heads": 2, "mlp_width": 128, "blocks_used": 3, "patch": 14,
        "registers": 4, "class_token": True, "layer_scale": True,
    },
    "tiny_siglip_map_p14": {"width": 48, "heads": 3, "mlp_width": 179, "blocks_used": 4, "patch": 14},
}  # fmt: skip
BUSY_MS = 60_000  # a machine that does other things beside


@pytest.fixture(scope="module")
def app_url(start, tmp_path_factory):
    """An app with an official checkpoint below its root."""
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    shutil.copytree(CASE / "checkpoint", checkpoints / RUN_NAME)
    (checkpoints / RUN_NAME / "policy.json").write_text(json.dumps({"towers": TOWERS}))
    data = tmp_path_factory.mktemp("data")
    url, _ = start("app.py", "--data", str(data), "--checkpoints", str(checkpoints))
    return url


def status(page):
    """The status line of the Run tab."""
    return page.locator("[data-slot=run-status]")


def card(page):
    """The card of the Run tab's policy."""
    return page.locator("[data-slot=run-card]")


def type_into_picker(page, text):
    """Replace what stands in the picker, without a mouse."""
    page.locator("#run-policy input").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def press_run(page):
    """Start from the instruction box, without a mouse."""
    page.locator("#run-instruction").locator("textarea, input").first.focus()
    page.keyboard.press("Enter")


def chunks(page):
    """How many chunks the policy has been asked for."""
    found = re.match(r"\d+", page.locator("[data-slot=run-chunk]").inner_text())
    return int(found.group()) if found else 0


def expect_more_chunks(page, count):
    """Wait until some more chunks have been carried out."""
    wanted = chunks(page) + count
    text = re.compile(rf"^({'|'.join(str(number) for number in range(wanted, wanted + 40))}) ")
    expect(page.locator("[data-slot=run-chunk]")).to_have_text(text, timeout=BUSY_MS)


def test_a_server_of_another_shell_drives_the_robot_until_it_is_lost(visit, start):
    url, server = start("-m", "oft_demo", "serve", "--policy", "aloha-mini", path="/healthz")
    address = url.replace("http", "ws")
    page = visit()
    type_into_picker(page, address)
    expect(status(page)).to_contain_text(f"{address} is ready", timeout=BUSY_MS)
    expect(card(page)).to_contain_text("aloha-mini: remote")
    expect(card(page)).to_contain_text("with the network")
    press_run(page)
    expect(status(page)).to_contain_text("was told", timeout=BUSY_MS)
    expect_more_chunks(page, 2)
    expect(page.locator("[data-slot=run-latency]")).to_contain_text("network")
    server.kill()
    server.wait()
    expect(status(page)).to_contain_text("is lost", timeout=15_000)
    expect(page.locator("[data-slot=run-badge]")).to_have_text("server lost")
    clock = page.locator("[data-slot=run-clock]").inner_text()
    page.wait_for_timeout(700)
    assert page.locator("[data-slot=run-clock]").inner_text() == clock


def test_a_server_that_hangs_is_given_up(visit, start):
    url, server = start("-m", "oft_demo", "serve", "--policy", "aloha-mini", path="/healthz")
    page = visit()
    type_into_picker(page, url)
    press_run(page)
    expect_more_chunks(page, 1)
    server.send_signal(signal.SIGSTOP)
    try:
        lost = re.compile("is lost: it has not said anything|did not answer within 2 s")
        expect(status(page)).to_contain_text(lost, timeout=15_000)
        expect(page.locator("[data-slot=run-badge]")).to_have_text("server lost")
    finally:
        server.kill()


def test_running_again_reaches_the_server_that_came_back(visit, start):
    url, server = start("-m", "oft_demo", "serve", "--policy", "aloha-mini", path="/healthz")
    page = visit()
    type_into_picker(page, url)
    press_run(page)
    expect_more_chunks(page, 1)
    server.kill()
    server.wait()
    expect(page.locator("[data-slot=run-badge]")).to_have_text("server lost", timeout=15_000)
    press_run(page)
    expect(status(page)).to_contain_text("cannot be reached", timeout=15_000)
    start("-m", "oft_demo", "serve", "--policy", "aloha-mini", path="/healthz", port=int(url.rpartition(":")[2]))
    press_run(page)
    expect(status(page)).to_contain_text("was told", timeout=BUSY_MS)
    expect_more_chunks(page, 1)
    page.keyboard.press("Escape")


def test_an_official_directory_is_picked_by_name_and_described(visit):
    page = visit()
    page.locator("#run-policy input").click()
    page.get_by_role("option", name=RUN_NAME, exact=True).click()
    expect(status(page)).to_contain_text(f"{RUN_NAME} is ready", timeout=BUSY_MS)
    for text in ("Fingerprint", "aloha1_put_X_into_pot_300_demos", "K = 25 rows of D = 14", "yes, in every"):
        expect(card(page)).to_contain_text(text)
    page.click("#run-run")
    expect_more_chunks(page, 1)
    page.click("#run-stop")
    expect(status(page)).to_contain_text("Stopped", timeout=BUSY_MS)


def test_what_is_no_policy_is_answered_in_words(visit):
    page = visit()
    type_into_picker(page, "../../etc")
    expect(status(page)).to_contain_text("There is no policy named '../../etc'", timeout=BUSY_MS)
    type_into_picker(page, "localhost:8777")
    expect(status(page)).to_contain_text("it has to begin with http://", timeout=BUSY_MS)
    type_into_picker(page, "http://127.0.0.1:9")
    expect(status(page)).to_contain_text("cannot be reached", timeout=BUSY_MS)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_nothing_moves_when_another_policy_is_picked(visit, width, height):
    page = visit(width, height)
    expect(card(page)).to_contain_text("aloha-mini", timeout=BUSY_MS)
    before = page.evaluate(PLACES + ".concat(window.scrollY)")
    for name in (RUN_NAME, "expert"):
        type_into_picker(page, name)
        expect(card(page)).to_contain_text(name, timeout=BUSY_MS)
        page.evaluate("window.scrollTo(0, 0)")
        assert page.evaluate(PLACES + ".concat(window.scrollY)") == before
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_card_stays_as_the_visitor_unfolded_it(visit):
    page = visit()
    expect(card(page)).to_contain_text("Fingerprint", timeout=BUSY_MS)
    expect(card(page).locator("dl")).to_be_hidden()
    card(page).locator("summary").click()
    expect(card(page).locator("dl")).to_be_visible()
    type_into_picker(page, "expert")
    expect(card(page)).to_contain_text("scripted", timeout=BUSY_MS)
    expect(card(page).locator("dl")).to_be_visible()
