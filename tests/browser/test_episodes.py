"""The Episodes tab: browsing, labelling while watching, editing and exporting, in a real browser."""

import re
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from pages import expect_soon, violations
from playwright.sync_api import expect

from oft_demo.data.hdf5.reading import read_episode
from oft_demo.data.hdf5.writing import write_episode
from oft_demo.record import record_expert
from oft_demo.types import CAMERAS

EPISODES = 3
HELD_ANSWERS = """() => {  // what the server tells of an episode waits until somebody calls release()
  const get = window.fetch;
  window.held = [];
  window.release = () => window.held.splice(0).forEach((go) => go());
  window.fetch = async (path, ...more) => {
    const answer = await get(path, ...more);
    if (String(path).endsWith("/entry")) await new Promise((go) => window.held.push(go));
    return answer;
  };
}"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Three episodes of the expert; picture t of every camera is t all over, so that it says which one it is."""
    drawn, made = tmp_path_factory.mktemp("drawn"), tmp_path_factory.mktemp("made")
    for _ in record_expert("put_x_into_pot", EPISODES, made, pictures=False):
        pass
    for path in sorted(made.glob("*.hdf5")):
        episode = read_episode(path)
        greys = np.arange(episode.length, dtype=np.uint8)[:, None, None, None]
        frames = np.broadcast_to(greys, (episode.length, 48, 64, 3))
        write_episode(drawn / path.name, replace(episode, images=dict.fromkeys(CAMERAS, frames)))
    return drawn


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The directory of the app, empty at first."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def app_url(start, data):
    url, _ = start("app.py", "--data", str(data))
    return url


@pytest.fixture
def filled(data, recordings):
    """The three recordings are in the app's directory."""
    for path in sorted(recordings.glob("*.hdf5")):
        if not (data / path.name).exists():
            shutil.copy2(path, data / path.name)


def tab(page, name="Episodes"):
    """Open a tab."""
    page.get_by_role("tab", name=name).click()
    return page


def cards(page):
    """The cards of the gallery."""
    return page.locator(".ep-card")


def open_episode(page, name="episode_0"):
    """Open an episode and wait until it is on show."""
    page.locator(f".ep-card[data-name={name}] .ep-card-open").click()
    page.locator("canvas[data-camera=cam_high][data-painted]").wait_for(timeout=30_000)
    page.locator(".ep-title").click()  # keys go to the player
    return page


def settled(page):
    """Wait until everything about the episode is there: a split takes it away, and what is still asked for is gone."""
    page.locator(".ep-ending li").first.wait_for()
    page.wait_for_function("window.studioEpisodes.detail._stage._pictures.waiting === 0")
    return page


def status(page):
    """The status line of the tab."""
    return page.locator("[data-slot=episodes-status]")


def step(page):
    """The step under the cursor."""
    return int(page.locator(".ep-ruler").first.get_attribute("aria-valuenow"))


def grey(page, camera="cam_high"):
    """The brightness in the middle of a camera's picture, which is the number of the recorded step."""
    return page.evaluate(
        "(camera) => { const canvas = document.querySelector(`canvas[data-camera=${camera}]`);"
        " return canvas.getContext('2d').getImageData(32, 24, 1, 1).data[0]; }",
        camera,
    )


def begin_segment(page, words):
    """Go on by a second and begin a segment there, by keyboard."""
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("b")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator(".ep-segments")).to_contain_text(words)


def test_an_empty_directory_says_what_to_do_next(visit):
    page = tab(visit())
    expect(page.locator(".ep-empty")).to_contain_text("Record one", timeout=15_000)
    page.get_by_role("button", name="Record an episode").click()
    expect(page.get_by_role("tab", name="Record")).to_have_attribute("aria-selected", "true")


def test_the_gallery_finds_filters_and_orders(visit, filled):
    page = tab(visit())
    expect(cards(page)).to_have_count(EPISODES, timeout=20_000)
    expect(cards(page).first).to_contain_text("success")
    words = page.locator(".ep-card[data-name=episode_0] .ep-card-words").inner_text()
    page.fill(".ep-search", words)
    expect(page.locator(".ep-count")).to_contain_text("found")
    expect(page.locator(".ep-card[data-name=episode_0]")).to_be_visible()
    page.fill(".ep-search", "no such words")
    expect(page.locator(".ep-empty")).to_contain_text("No episode fits")
    page.get_by_role("button", name="Show all").click()
    expect(cards(page)).to_have_count(EPISODES)
    page.get_by_role("button", name="Filters").click()
    page.locator("[data-filter=success]").select_option("false")
    expect(cards(page)).to_have_count(0)
    page.get_by_role("button", name="Any outcome").click()
    page.get_by_label("Order").select_option("oldest")
    expect(cards(page).first).to_have_attribute("data-name", "episode_0")
    page.locator(".ep-totals summary").click()
    expect(page.locator(".ep-totals-body")).to_contain_text("left gripper")


def test_video_replay_and_plots_follow_one_cursor(visit, filled):
    page = open_episode(tab(visit()))
    assert step(page) == 0
    page.locator(".ep-plot").wait_for()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    assert step(page) == 40
    for camera in ("cam_high", "cam_left_wrist"):
        expect_soon(page, lambda camera=camera: grey(page, camera) == pytest.approx(40, abs=2))
    page.keyboard.press("Shift+ArrowRight")
    assert step(page) == 90
    track = page.locator(".ep-plot").bounding_box()
    page.mouse.click(track["x"] + track["width"] / 2, track["y"] + 50)
    length = int(page.locator(".ep-ruler").get_attribute("aria-valuemax")) + 1
    assert step(page) == pytest.approx(length / 2, abs=2)
    page.keyboard.press("Home")
    painted = page.evaluate("window.studioEpisodes.detail._stage.stats().frames")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.ep-ruler').getAttribute('aria-valuenow') > 25", timeout=20_000)
    page.keyboard.press("Space")
    stopped = step(page)
    page.wait_for_timeout(200)
    assert step(page) == stopped
    assert page.evaluate("window.studioEpisodes.detail._stage.stats().frames") > painted


def test_labels_are_given_by_keyboard_while_watching_and_survive_a_reload(visit, filled):
    page = open_episode(tab(visit()))
    page.keyboard.press("4")
    expect(page.locator(".ep-group [data-value='4']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("n")
    expect(page.locator(".ep-group [data-value=false]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".ep-labels")).to_contain_text("Measured: success")
    expect(page.locator(".ep-ending")).to_contain_text("in the pot")
    page.keyboard.press("Control+z")
    expect(page.locator(".ep-group [data-value=null]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".ep-group [data-value=false]")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Use: success").click()
    expect(page.locator(".ep-group [data-value=true]")).to_have_attribute("aria-pressed", "true")
    for name in ("clean", "slow"):
        page.get_by_label("Add a tag").fill(name)
        page.keyboard.press("Enter")
    expect(page.locator(".ep-tags .ep-tag")).to_contain_text(["clean", "slow"])
    page.get_by_label("Notes").fill("n is a letter here, not a key")
    page.locator(".ep-title").click()
    expect(status(page)).to_contain_text("notes")
    expect(page.locator(".ep-group [data-value=true]")).to_have_attribute("aria-pressed", "true")
    page.reload()
    open_episode(tab(page))
    expect(page.locator(".ep-group [data-value='4']")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Notes")).to_have_value("n is a letter here, not a key")
    expect(page.locator(".ep-tags .ep-tag")).to_contain_text(["clean", "slow"])


def test_segments_are_begun_named_ended_and_removed(visit, filled):
    page = open_episode(tab(visit()), "episode_1")
    begin_segment(page, "reach")
    begin_segment(page, "grasp")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("e")
    expect(page.locator(".ep-segment").nth(1)).to_have_attribute("title", "grasp, 2.00 s to 3.00 s")
    expect(page.locator(".ep-segment").nth(0)).to_have_attribute("title", "reach, 1.00 s to 2.00 s")
    page.get_by_role("button", name="Remove segment 1").click()
    expect(page.locator(".ep-segment")).to_have_count(1)
    expect(status(page)).to_contain_text("segments")
    page.keyboard.press("Control+z")
    expect(page.locator(".ep-segment")).to_have_count(2)
    page.get_by_text("What was changed").click()
    expect(page.locator(".ep-side .ep-changes .ep-undone")).to_have_count(1)


def test_what_the_server_says_late_takes_nothing_back_that_was_said_meanwhile(visit, filled):
    page = open_episode(tab(visit()), "episode_0")
    page.evaluate(HELD_ANSWERS)
    begin_segment(page, "reach")
    page.wait_for_function("window.held.length > 0")
    begin_segment(page, "grasp")
    page.evaluate("window.held.shift()()")  # what was asked for between the two
    page.wait_for_timeout(200)
    expect(page.locator(".ep-segment")).to_have_count(2)
    page.evaluate("window.release()")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("e")
    expect(page.locator(".ep-segment").nth(1)).to_have_attribute("title", "grasp, 2.00 s to 3.00 s")


def test_trim_split_and_delete_rewrite_nothing_and_are_undone(visit, filled, data):
    before = (data / "episode_2.hdf5").read_bytes()
    page = open_episode(tab(visit()), "episode_2")
    whole = page.locator(".ep-facts").inner_text()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("[")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("]")
    expect(page.locator(".ep-trim")).to_contain_text("Keep 1.00 s to 2.02 s")
    page.keyboard.press("t")
    expect(page.locator(".ep-facts")).to_contain_text("1.02 s", timeout=15_000)
    expect_soon(page, lambda: grey(page) == pytest.approx(50, abs=2))  # it begins where the recording's step 50 was
    page.keyboard.press("Control+z")
    expect(page.locator(".ep-facts")).to_have_text(whole, timeout=15_000)
    page.keyboard.press("Shift+ArrowRight")
    settled(page).keyboard.press("s")
    expect(page.locator(".ep-facts")).to_contain_text("1.00 s", timeout=15_000)
    settled(page).keyboard.press("Control+z")
    expect(page.locator(".ep-facts")).to_have_text(whole, timeout=15_000)
    page.keyboard.press("Delete")
    expect(page.locator(".ep-facts")).not_to_contain_text("episode_2 ", timeout=15_000)
    page.keyboard.press("Escape")
    expect(cards(page)).to_have_count(EPISODES - 1)
    page.keyboard.press("Control+z")
    expect(cards(page)).to_have_count(EPISODES)
    assert (data / "episode_2.hdf5").read_bytes() == before


def test_of_two_people_the_second_is_told_and_decides(visit, filled):
    ada, bob = open_episode(tab(visit())), open_episode(tab(visit()))
    bob.get_by_label("Notes").fill("his")
    ada.get_by_label("Notes").fill("hers")
    ada.locator(".ep-title").click()
    expect(status(ada)).to_contain_text("notes")
    bob.locator(".ep-title").click()
    conflict = bob.locator(".ep-conflict")
    expect(conflict).to_contain_text("hers")
    expect(conflict).to_contain_text("his")
    bob.get_by_role("button", name="Use mine").click()
    expect(conflict).to_be_hidden()
    expect(ada.get_by_label("Notes")).to_have_value("his", timeout=15_000)


def test_several_are_labelled_together_and_two_are_seen_beside_each_other(visit, filled):
    page = tab(visit())
    expect(cards(page)).to_have_count(EPISODES)
    for name in ("episode_0", "episode_1"):
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("button", name="Label …").click()
    page.get_by_label("Add tags").fill("pair")
    page.get_by_role("button", name="Label 2 episodes").click()
    expect(page.locator(".ep-card .ep-tag", has_text="pair")).to_have_count(2)
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator(".ep-half")).to_have_count(2)
    page.locator(".ep-half canvas[data-camera=cam_high][data-painted]").nth(1).wait_for(timeout=30_000)
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(
        "[...document.querySelectorAll('.ep-half canvas[data-camera]')].every(({ dataset }) => dataset.step === '50')"
    )
    expect(page.locator(".ep-difference")).to_contain_text("differ by at most")
    page.keyboard.press("Escape")
    expect(cards(page)).to_have_count(EPISODES)


def test_an_export_tells_how_far_it_is_what_was_checked_and_where_it_lies(visit, filled, data):
    page = tab(visit())
    page.get_by_label("Choose episode_0").check()
    page.get_by_role("button", name="Export these").click()
    page.get_by_role("textbox", name="Folder").fill("for-act")
    page.get_by_role("button", name="Export 1 episode").click()
    job = page.locator(".ep-job")
    expect(job).to_contain_text("It lies in", timeout=180_000)
    expect(job).to_contain_text("ACT")
    with page.expect_download() as download:
        job.get_by_role("link", name=re.compile("zip")).click()
    assert download.value.suggested_filename == "for-act.zip"
    assert len(list((data / "exports" / "for-act").glob("*.hdf5"))) == 1
    with h5py.File(data / "exports" / "for-act" / "episode_0.hdf5") as file:
        assert file["/action"].shape[1] == 14


def test_keys_are_listed_and_do_not_act_while_somebody_types(visit, filled):
    page = open_episode(tab(visit()))
    page.keyboard.press("?")
    expect(page.locator(".ep-keys")).to_contain_text("a segment begins")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys").click()
    expect(page.locator(".ep-keys")).to_contain_text("a segment begins")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".ep-keys")).to_have_count(0)
    page.get_by_role("textbox", name="Instruction").press("[")
    page.get_by_role("textbox", name="Instruction").press("Escape")
    expect(page.locator(".ep-trim")).not_to_contain_text("Keep")


def test_nothing_of_it_has_a_serious_barrier(visit, filled):
    page = tab(visit())
    expect(cards(page)).to_have_count(EPISODES)
    page.get_by_role("button", name="Filters").click()
    found = {"gallery": violations(page)}
    page.get_by_role("button", name="Export", exact=True).click()
    found["export"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Import", exact=True).click()
    found["import"] = violations(page)
    page.keyboard.press("Escape")
    begin_segment(open_episode(page), "reach")
    found["episode"] = violations(page)
    assert found == {name: [] for name in found}


def test_on_a_phone_nothing_is_wider_than_the_page(visit, filled):
    page = tab(visit(width=390, height=844))
    expect(cards(page)).to_have_count(EPISODES)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    open_episode(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_foreign_files_are_looked_at_asked_about_and_added_and_bad_ones_named(visit, filled, data, tmp_path):
    good, bad = tmp_path / "of_a_real_robot.hdf5", tmp_path / "broken.hdf5"
    with h5py.File(good, "w") as file:
        for name in ("observations/qpos", "observations/qvel", "observations/effort", "action"):
            file[name] = np.zeros((30, 14), np.float32)
        file["observations/images/cam_high"] = np.broadcast_to(np.uint8([250, 20, 20]), (30, 48, 64, 3))
    bad.write_bytes(b"no HDF5 at all")
    before = len(list(data.glob("*.hdf5")))
    page = tab(visit())
    page.get_by_role("button", name="Import", exact=True).click()
    page.locator(".ep-import input[type=file]").set_input_files([good, bad])
    expect(page.locator(".ep-files li.bad")).to_contain_text("broken.hdf5")
    expect(page.locator(".ep-channels")).to_contain_text("red and blue swapped")
    page.get_by_role("textbox", name="Instruction").last.fill("wave at the camera")
    page.get_by_role("button", name="Add 1 episode").click()
    expect(page.locator(".ep-files")).to_contain_text("added as", timeout=20_000)
    page.keyboard.press("Escape")
    expect(page.locator(".ep-card", has_text="wave at the camera")).to_be_visible(timeout=15_000)
    assert len(list(data.glob("*.hdf5"))) == before + 1
