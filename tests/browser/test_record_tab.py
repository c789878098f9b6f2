"""The Record tab in a real browser: a person drives both arms, decides about takes, and corrects a policy."""

import numpy as np
import pytest
from pages import expect_soon, status
from playwright.sync_api import expect

from oft_demo.data.hdf5.reading import read_episode
from oft_demo.types import SOURCES

WRITTEN_MS = 240_000  # drawing and writing a take, on a machine that does other things beside
RUN_MS = 60_000
MOVED = 0.008  # [m]; a busy machine hears less of a held key
HUMAN, POLICY, EXPERT = (SOURCES.index(name) for name in ("human", "policy", "expert"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Where the app keeps episodes."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def app_url(start, data):
    """The page of app.py over that directory."""
    url, _ = start("app.py", "--data", str(data))
    return url


@pytest.fixture
def page(visit):
    """The Record tab, before anything was done."""
    page = visit()
    page.get_by_role("tab", name="Record").click()
    page.wait_for_function("window.studioRecord?.gizmos()", timeout=30_000)
    expect(page.locator("#take-to option")).not_to_have_count(0)
    return page


def expect_take(page, state):
    page.wait_for_function("(state) => document.body.dataset.takeState === state", arg=state, timeout=30_000)


def place(page, arm):
    """Where a gripper is [m]."""
    return np.array(page.evaluate("(arm) => window.studioRecord.hands()[arm].position", arm))


def steps(page):
    """How many steps the take has, as the page says."""
    text = page.locator("[data-take-facts]").inner_text()
    return int(text.split(" steps")[0].split()[-1]) if " steps" in text else 0


def hold(page, key, milliseconds=800):
    """Hold a key for a while, and wait until the arms rest."""
    page.keyboard.down(key)
    page.wait_for_timeout(milliseconds)
    page.keyboard.up(key)
    page.wait_for_timeout(600)


def move(page, key, arm, axis):
    """Hold a key until a hand has moved along an axis, however busy the machine is."""
    before = place(page, arm)
    page.keyboard.down(key)
    page.wait_for_function(
        "([arm, axis, before]) => window.studioRecord.hands()[arm].position[axis] > before + 0.01",
        arg=[arm, axis, float(before[axis])],
        timeout=20_000,
    )
    page.keyboard.up(key)
    page.wait_for_timeout(600)


def begin(page):
    """A take by hand in which nothing has moved yet."""
    page.click("#record-run")
    expect(status(page, "record")).to_contain_text("Ready", timeout=30_000)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function("window.studioRecord.hands()", timeout=10_000)


def drag(page, arm, sideways, downwards):
    """Drag the handle of a gripper."""
    x, y = page.evaluate("(arm) => window.studioRecord.gizmos().onScreen(arm)", arm)
    frame = page.locator("[data-view=record] canvas").bounding_box()
    x, y = frame["x"] + x, frame["y"] + y
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.down()
    for share in range(1, 9):
        page.mouse.move(x + sideways * share / 8, y + downwards * share / 8)
        page.wait_for_timeout(40)
    page.mouse.up()
    page.wait_for_timeout(1500)


def keep(page):
    """End the take and keep it; the name of its episode once that is written."""
    before = int(page.locator("#take-list").get_attribute("data-done"))
    page.keyboard.press("Enter")
    expect(page.locator("#take-review")).to_be_visible()
    page.keyboard.press("Enter")
    expect(status(page, "record")).to_contain_text("Kept", timeout=20_000)
    page.wait_for_function(
        "(before) => Number(document.querySelector('#take-list').dataset.done) > before", arg=before, timeout=WRITTEN_MS
    )
    return page.locator("#take-list .stage-done strong").first.inner_text()


def assert_edited_and_exported(page, data, name, length):
    """Trim the episode, give a part of it words, delete it and take that back, and export it twice."""
    before = (data / f"{name}.hdf5").read_bytes()
    page.get_by_role("tab", name="Episodes").click()
    page.locator(f".ep-card[data-name={name}] .ep-card-open").click()
    page.locator("canvas[data-camera=cam_high][data-painted]").wait_for(timeout=30_000)
    page.locator(".ep-title").click()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("[")
    page.keyboard.press("t")
    expect(page.locator(".ep-facts")).to_contain_text(f"{(length - 5) / 50:.2f} s", timeout=20_000)
    page.keyboard.press("b")
    page.keyboard.type("lift the hand")
    page.keyboard.press("Enter")
    expect(page.locator(".ep-segments")).to_contain_text("lift the hand")
    page.locator(".ep-title").click()
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    expect(page.locator(".ep-card")).to_have_count(0, timeout=20_000)
    page.keyboard.press("Control+z")
    expect(page.locator(".ep-card")).to_have_count(1, timeout=20_000)
    for form, written in (("act", "episode_0.hdf5"), ("lerobot", "meta/info.json")):
        page.get_by_label(f"Choose {name}").check()
        page.get_by_role("button", name="Export these").click()
        page.locator(f"input[name=ep-format][value={form}]").check(force=True)
        page.get_by_role("textbox", name="Folder").fill(f"for-{form}")
        page.get_by_role("button", name="Export 1 episode").click()
        expect(page.locator(".ep-job")).to_contain_text(f"for-{form}", timeout=WRITTEN_MS)
        expect(page.locator(".ep-job")).to_contain_text("It lies in", timeout=WRITTEN_MS)
        assert (data / "exports" / f"for-{form}" / written).exists()
        page.keyboard.press("Escape")
    assert (data / f"{name}.hdf5").read_bytes() == before


def test_a_person_drives_both_arms_keeps_one_take_and_discards_another(page, data):
    begin(page)
    right = place(page, "right")
    move(page, "e", "left", 2)
    assert np.allclose(place(page, "right"), right, atol=1e-3)  # the other hand is held
    page.keyboard.press("2")
    move(page, "w", "right", 1)
    before = place(page, "left")
    drag(page, "left", 60, 40)
    assert np.linalg.norm(place(page, "left") - before) > MOVED

    length = steps(page)
    page.keyboard.press("Backspace")
    page.wait_for_function(f"!document.querySelector('[data-take-facts]').textContent.includes('{length} steps')")
    assert steps(page) <= length - 90
    expect_take(page, "paused")

    page.fill("#take-mark", "close the gripper")
    page.get_by_role("button", name="Begin", exact=True).click()
    page.evaluate("document.activeElement.blur()")
    hold(page, "x", 500)  # a touch goes on
    expect_take(page, "running")
    name = keep(page)
    episode = read_episode(data / f"{name}.hdf5", images=False)
    assert set(episode.sources) == {HUMAN}
    assert [segment.text for segment in episode.segments] == ["close the gripper"]
    assert "rewind" in {event.kind for event in episode.events}
    assert_edited_and_exported(page, data, name, episode.length)

    page.get_by_role("tab", name="Record").click()
    begin(page)
    hold(page, "e")
    page.keyboard.press("Enter")
    page.click("#take-discard")
    expect(page.locator("#take-list .found-discarded")).to_have_count(1, timeout=20_000)
    assert len(list(data.glob("*.hdf5"))) == 1


def test_a_policy_is_corrected_half_way_and_both_are_in_the_episode(page, data):
    page.locator("#record-policy input").click()
    page.locator("li[role=option]", has_text="aloha-mini").first.click()
    page.click("#record-run")
    page.wait_for_function(
        "document.querySelector('[data-take-facts]').textContent.includes('aloha-mini drives')", timeout=RUN_MS
    )
    page.wait_for_timeout(1500)
    page.evaluate("document.activeElement.blur()")
    hold(page, "e", 500)
    expect(page.locator("[data-take-facts]")).to_contain_text("you drive")
    page.keyboard.press("t")
    expect(page.locator("[data-slot=record-badge] .badge")).to_contain_text("success", timeout=RUN_MS)
    expect_take(page, "paused")
    name = keep(page)
    episode = read_episode(data / f"{name}.hdf5", images=False)
    assert set(episode.sources) == {POLICY, HUMAN}
    assert episode.success
    kinds = [event.kind for event in episode.events]
    assert kinds.index("take_over") < kinds.index("hand_back")
    jumps = np.abs(np.diff(episode.action, axis=0))[:, [joint for joint in range(14) if joint not in (6, 13)]]
    assert jumps.max() < 0.2  # [rad] in 20 ms


def test_everything_is_let_go_when_the_window_loses_the_focus(page):
    begin(page)
    page.keyboard.down("e")
    page.wait_for_timeout(400)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    page.wait_for_timeout(400)
    first = place(page, "left")
    page.wait_for_timeout(400)
    assert np.allclose(place(page, "left"), first, atol=1e-4)


def test_a_lost_line_stops_the_arms_and_loses_nothing(page):
    begin(page)
    hold(page, "e", 500)
    length = steps(page)
    page.evaluate("window.studio.drop()")
    page.wait_for_function("window.studio.connected", timeout=20_000)
    expect_soon(page, lambda: steps(page) >= length)
    before = place(page, "left")
    hold(page, "d", 500)
    assert np.linalg.norm(place(page, "left") - before) > MOVED


def test_a_gamepad_drives_both_arms(page):
    page.evaluate(
        """() => {
          const buttons = Array.from({ length: 17 }, () => ({ value: 0 }));
          window.pad = { connected: true, axes: [0, -1, 0, -1], buttons };
          navigator.getGamepads = () => [window.pad];
        }"""
    )
    begin(page)
    page.evaluate("window.dispatchEvent(new Event('gamepadconnected'))")
    page.wait_for_function(
        "['left', 'right'].every((arm) => window.studioRecord.hands()[arm].position[1] > 0.51)", timeout=20_000
    )
    page.evaluate("window.pad.axes = [0, 0, 0, 0]")


def test_a_take_that_was_left_alone_waits_in_the_list(page, visit):
    begin(page)
    hold(page, "e", 500)
    expect(page.locator("[data-take-facts]")).to_contain_text("steps")
    page.get_by_role("tab", name="Run", exact=True).click()
    page.click("#run-run")
    page.get_by_role("tab", name="Record").click()
    expect(page.locator("#take-list .found-aside")).not_to_have_count(0, timeout=20_000)
