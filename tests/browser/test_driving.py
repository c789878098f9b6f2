"""The hands of the Record tab in a real browser without a server: what each control sends, and when it lets go."""

import pytest
from driving_page import LONG, DrivingPage, forget, post, sent
from pages import violations

HELD_MS = 260
LET_GO_MS = 150  # after which nothing may be sent any more
GAMEPAD = """() => {
  const buttons = Array.from({ length: 17 }, () => ({ value: 0, pressed: false }));
  window.pad = { connected: true, axes: [0, 0, 0, 0], buttons };
  navigator.getGamepads = () => [window.pad];
  window.dispatchEvent(new Event("gamepadconnected"));
}"""


@pytest.fixture(scope="module")
def driving():
    return DrivingPage()


@pytest.fixture
def make_page(browser, driving):
    """Opens the page with a take under way; at the end no error may have been seen."""
    contexts, complaints = [], []

    def made(begun=True, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = driving.open(context)
        if begun:
            driving.begin(page)
        return page

    yield made
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(make_page):
    return make_page()


def hold(page, *keys):
    """Hold keys for a while; what was sent, up to the moment before they were released."""
    forget(page)
    for key in keys:
        page.keyboard.down(key)
    page.wait_for_timeout(HELD_MS)
    messages = sent(page, "drive")
    for key in keys:
        page.keyboard.up(key)
    return messages


def is_idle(message):
    return message["left"] == {} and message["right"] == {}


def expect_quiet(page):
    """The last message let everything go, and nothing follows it."""
    page.wait_for_timeout(LET_GO_MS)
    before = sent(page, "drive")
    page.wait_for_timeout(2 * LET_GO_MS)
    assert sent(page, "drive") == before
    assert not before or is_idle(before[-1])


# ---------------------------------------------------------------------------------------------- keys


def test_a_key_is_sent_at_once_then_every_50_ms_and_ends_with_one_idle_message(page):
    hold(page, "w")
    page.wait_for_timeout(LET_GO_MS)
    messages = sent(page, "drive")
    assert messages[0]["left"] == {"move": [0, 1, 0]}
    assert messages[0]["right"] == {}
    assert len(messages) > 3
    assert [is_idle(message) for message in messages] == [False] * (len(messages) - 1) + [True]
    counts = [message["n"] for message in messages]
    assert counts == list(range(counts[0], counts[0] + len(counts)))


def test_keys_of_moving_turning_and_gripping_add_up(page):
    asked = hold(page, "w", "d", "i", "x")[-1]["left"]
    assert asked == {"move": [1, 1, 0], "turn": [0, -1, 0], "grip": 1}
    assert is_idle(hold(page, "a", "d")[-1])  # both ways at once


def test_the_active_hand_moves_and_the_other_is_held(page):
    page.keyboard.press("2")
    assert hold(page, "e")[0]["right"] == {"move": [0, 0, 1]}
    assert page.is_checked("#hand-right")
    page.keyboard.press("3")
    asked = hold(page, "d")[0]
    assert asked["left"] == asked["right"] == {"move": [1, 0, 0]}


def test_a_mirror_turns_sideways_round_and_nothing_else(page):
    page.keyboard.press("m")
    asked = hold(page, "d", "e", "u", "k", "j")[-1]
    assert asked["left"] == {"move": [1, 0, 1], "turn": [-1, 1, 1]}
    assert asked["right"] == {"move": [-1, 0, 1], "turn": [1, 1, -1]}


def test_shift_is_slow_while_it_is_held_and_not_for_good(page):
    assert hold(page, "Shift", "w")[-1]["slow"] is True
    page.keyboard.down("Shift")
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    assert hold(page, "w")[0]["slow"] is False


def test_what_is_typed_moves_nothing(page):
    page.focus("#typed")
    assert hold(page, "w", "g", "t") == []
    page.keyboard.press("Enter")
    assert page.evaluate("window.studio.sent") == []


def test_the_movement_is_as_the_person_sees_it(seen):
    seen.get_by_role("button", name="Right", exact=True).first.click()  # the view from the robot's right
    seen.wait_for_timeout(900)
    seen.evaluate("document.activeElement.blur()")
    assert hold(seen, "w")[0]["left"] == {"move": [-1, 0, 0]}


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("Space", {"do": "take-pause"}),
        ("Backspace", {"do": "take-rewind", "seconds": 2, "keep": False}),
        ("Shift+Backspace", {"do": "take-rewind", "chunk": True, "keep": False}),
        ("Enter", {"do": "take-end"}),
        ("t", {"do": "hand-back", "to": "mini"}),
        ("f", {"do": "hand-back", "to": "expert"}),
        ("h", {"do": "assist", "name": "home", "arm": "left"}),
        ("b", {"do": "assist", "name": "above", "arm": "left"}),
        ("v", {"do": "assist", "name": "align", "arm": "left"}),
        ("Escape", {"do": "take-pause"}),
    ],
)
def test_a_key_leads_the_take(page, key, command):
    page.keyboard.press(key)
    messages = [message for message in page.evaluate("window.studio.sent") if message["do"] != "drive"]
    assert [{name: message[name] for name in command} for message in messages] == [command]


# ---------------------------------------------------------------------------------------------- letting go


@pytest.mark.parametrize(
    "event",
    [
        "window.dispatchEvent(new Event('blur'))",
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true})",
        "document.querySelectorAll('[role=tab]')[1].click()",
        "document.querySelectorAll('[role=tab]')[0].ariaSelected = 'false'",
        "document.body.append(Object.assign(document.createElement('dialog'), {open: true}))",
    ],
)
def test_a_held_key_is_let_go(page, event):
    page.keyboard.down("w")
    page.wait_for_timeout(120)
    assert sent(page, "drive")
    page.evaluate(event)
    expect_quiet(page)


def test_nothing_waits_for_a_lost_line(page):
    page.keyboard.down("w")
    page.evaluate("window.studio.connected = false; document.dispatchEvent(new Event('studio:lost'))")
    forget(page)
    page.keyboard.down("a")
    page.wait_for_timeout(HELD_MS)
    page.evaluate("window.studio.connected = true; document.dispatchEvent(new Event('studio:connected'))")
    page.wait_for_timeout(HELD_MS)
    assert sent(page, "drive") == []


def test_a_gripper_that_still_closes_does_not_take_the_arms_back(page):
    page.keyboard.press("g")
    page.keyboard.press("t")
    names = [message["do"] for message in page.evaluate("window.studio.sent")]
    page.wait_for_timeout(HELD_MS)
    assert names[-1] == "hand-back"
    assert [message["do"] for message in page.evaluate("window.studio.sent")] == names
    assert is_idle(sent(page, "drive")[-1])


# ---------------------------------------------------------------------------------------------- pads, sliders, gamepad


def test_a_pad_moves_while_it_is_pressed(page):
    pad = page.get_by_role("button", name="away", exact=True)
    pad.hover()
    page.mouse.down()
    page.wait_for_timeout(120)
    assert sent(page, "drive")[-1]["left"] == {"move": [0, 1, 0]}
    page.mouse.up()
    expect_quiet(page)
    forget(page)
    pad.focus()
    page.keyboard.down(" ")
    page.wait_for_timeout(120)
    assert sent(page, "drive")[-1]["left"] == {"move": [0, 1, 0]}
    page.keyboard.up(" ")
    expect_quiet(page)
    assert sent(page, "take-pause") == []


def test_the_gripper_toggles_and_goes_where_its_slider_says(page, driving):
    page.keyboard.press("g")
    opening = sent(page, "drive")[-1]["left"]["opening"]
    assert opening in (0, 1)
    page.keyboard.press("g")
    assert sent(page, "drive")[-1]["left"]["opening"] == 1 - opening
    page.fill("#grip-right", "0.5")
    assert sent(page, "drive")[-1]["right"] == {"opening": 0.5}
    page.fill("#grip-right", str(driving.env.commanded()[13]))
    page.wait_for_timeout(500)
    driving.hands(page)  # it is there
    assert "opening" not in sent(page, "drive")[-1]["right"]


def test_a_joint_slider_asks_for_six_joints_within_the_robots_limits(page, driving):
    page.locator("#joints summary").click()
    driving.hands(page)
    slider = page.locator("[data-joint=left-0]")
    page.evaluate("document.querySelector('[data-joint=left-1]').value = 9")
    assert float(page.input_value("[data-joint=left-1]")) < 1.3
    slider.fill("0.4")
    joints = sent(page, "drive")[-1]["left"]["joints"]
    assert joints[0] == pytest.approx(0.4)
    assert joints[1:] == pytest.approx(driving.env.commanded()[1:6].tolist(), abs=1e-4)


def test_two_sticks_move_two_arms_and_triggers_close_the_grippers(page):
    page.evaluate(GAMEPAD)
    page.evaluate("window.pad.axes = [0, -1, 1, 0.05]; window.pad.buttons[7].value = 0.75")
    page.wait_for_timeout(120)
    asked = sent(page, "drive")[-1]
    assert asked["left"] == {"move": [0, 1, 0]}
    assert asked["right"] == {"move": [1, 0, 0], "opening": 0.25}
    page.evaluate("window.pad.axes = [0, -1, 0, 0]; window.pad.buttons[7].value = 0; window.pad.buttons[4].value = 1")
    page.wait_for_timeout(120)
    asked = sent(page, "drive")[-1]
    assert asked["left"] == {"move": [0, 0, 1]}
    assert asked["right"] == {}
    page.evaluate("window.pad.axes = [0, 0, 0, 0]")
    expect_quiet(page)


def test_a_stick_that_was_let_go_counts_again_after_it_was_at_rest(page):
    page.evaluate(GAMEPAD)
    page.evaluate("window.pad.axes = [1, 0, 0, 0]")
    page.wait_for_timeout(120)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    expect_quiet(page)
    page.evaluate("window.pad.axes = [0, 0, 0, 0]")
    page.wait_for_timeout(80)
    page.evaluate("window.pad.axes = [1, 0, 0, 0]")
    page.wait_for_timeout(80)
    assert sent(page, "drive")[-1]["left"] == {"move": [1, 0, 0]}


def test_a_button_of_the_gamepad_leads_the_take_once_for_each_press(page):
    page.evaluate(GAMEPAD)
    page.evaluate("window.pad.buttons[9].pressed = true")
    page.wait_for_timeout(150)
    assert len(sent(page, "take-pause")) == 1


# ---------------------------------------------------------------------------------------------- handles in the view


def drag(page, arm, by):
    """Drag the handle of a gripper and stay there."""
    x, y = page.evaluate("(arm) => window.studioRecord.gizmos().onScreen(arm)", arm)
    frame = page.locator("[data-view=record] canvas").bounding_box()
    page.mouse.move(frame["x"] + x, frame["y"] + y)
    page.wait_for_timeout(150)
    page.mouse.down()
    page.mouse.move(frame["x"] + x + by[0], frame["y"] + y + by[1], steps=5)
    page.wait_for_timeout(120)


@pytest.fixture
def seen(page, driving):
    """The page with its 3D view."""
    driving.show(page)
    page.wait_for_timeout(300)
    return page


def test_a_handle_is_dragged_and_the_camera_stands_still(seen, driving):
    before = seen.evaluate("window.studioRecord.gizmos().onScreen('right')")
    drag(seen, "left", (30, -30))
    goal = sent(seen, "drive")[-1]["left"]["goal"]
    here = driving.places["left"].position
    assert goal["position"][0] > here[0] + 0.005
    assert goal["position"][2] > here[2] + 0.005
    assert sent(seen, "drive")[-1]["right"] == {}
    assert seen.evaluate("window.studioRecord.gizmos().onScreen('right')") == pytest.approx(before, abs=0.5)
    seen.mouse.up()
    seen.keyboard.press("Escape")
    expect_quiet(seen)


def test_a_finger_drags_a_handle_and_the_page_does_not_scroll(make_page, driving):
    page = make_page(has_touch=True, viewport={"width": 390, "height": 844})
    driving.show(page)
    page.wait_for_timeout(300)
    x, y = page.evaluate("() => window.studioRecord.gizmos().onScreen('left')")
    frame, touches = page.locator("[data-view=record] canvas").bounding_box(), page.context.new_cdp_session(page)
    x, y = frame["x"] + x, frame["y"] + y

    def touch(kind, *places):
        points = [{"x": place[0], "y": place[1]} for place in places]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(60)

    forget(page)
    touch("touchStart", (x, y))
    for part in range(1, 6):
        touch("touchMove", (x + 6 * part, y - 6 * part))
    goal = sent(page, "drive")[-1]["left"]["goal"]
    assert goal["position"][0] > driving.places["left"].position[0] + 0.005
    assert goal["position"][2] > driving.places["left"].position[2] + 0.005
    assert page.evaluate("window.scrollY") == 0
    touch("touchEnd")
    assert "goal" in sent(page, "drive")[-1]["left"]  # the gripper is still on its way
    page.keyboard.press("Escape")
    expect_quiet(page)


def test_a_handle_turns_the_gripper_where_it_is(seen, driving):
    seen.keyboard.press("r")
    assert seen.is_checked("#gizmo-turn")
    drag(seen, "right", (24, 10))
    goal = sent(seen, "drive")[-1]["right"]["goal"]
    assert goal["position"] == pytest.approx(driving.places["right"].position.tolist(), abs=1e-3)
    assert abs(sum(a * b for a, b in zip(goal["quaternion"], driving.places["right"].quaternion, strict=True))) < 0.999
    seen.evaluate("window.dispatchEvent(new Event('blur'))")
    expect_quiet(seen)
    seen.mouse.up()


def test_a_drag_beside_the_handles_turns_the_view(seen):
    before = seen.evaluate("window.studioRecord.gizmos().onScreen('left')")
    frame = seen.locator("[data-view=record] canvas").bounding_box()
    seen.mouse.move(frame["x"] + 60, frame["y"] + 300)
    seen.mouse.down()
    seen.mouse.move(frame["x"] + 160, frame["y"] + 300, steps=5)
    seen.mouse.up()
    seen.wait_for_timeout(500)
    after = seen.evaluate("window.studioRecord.gizmos().onScreen('left')")
    assert abs(after[0] - before[0]) > 10
    assert sent(seen, "drive") == []


def test_an_arm_that_cannot_follow_says_so_in_the_view_and_in_words(seen, driving):
    driving.hands(seen, left="far")
    seen.locator(".hand-note", has_text="out of reach").wait_for()
    assert seen.inner_text("[data-reach]") == "The left arm: far."
    driving.hands(seen)
    seen.wait_for_function("[...document.querySelectorAll('.hand-note')].every((note) => note.hidden)")


# ---------------------------------------------------------------------------------------------- the take


def test_the_first_touch_starts_a_take_once(make_page):
    page = make_page(begun=False)
    hold(page, "e")
    assert [message["driver"] for message in sent(page, "take-start")] == ["human"]
    hold(page, "d")
    assert sent(page, "take-start") == []  # the first one's take is still on its way


def test_a_touch_goes_on_where_the_take_was_paused(page, driving):
    driving.begin(page, state="paused", **LONG)
    hold(page, "e")
    assert len(sent(page, "take-go")) == 1


def test_the_line_shows_who_acted_and_goes_back_to_a_place(page, driving):
    driving.begin(page, **LONG)
    widths = page.eval_on_selector_all(".take-runs i", "(parts) => parts.map((part) => part.style.width)")
    assert widths == ["50%", "50%"]
    assert page.inner_text(".take-marks .segment") == "<b>grasp</b>"
    line = page.locator("#take-line")
    line.focus()
    for _ in range(2):
        page.keyboard.press("PageDown")
    assert line.get_attribute("aria-valuetext") == "2.0 seconds, you"
    page.keyboard.press("Enter")
    assert [message["step"] for message in sent(page, "take-rewind")] == [100]
    assert sent(page, "take-end") == []
    line.click(position={"x": 3, "y": 10})
    page.click("#take-back-to")
    assert sent(page, "take-rewind")[-1]["step"] < 10


def test_the_decision_is_sent_with_its_labels(page, driving):
    driving.begin(page, state="review", **LONG)
    assert page.evaluate("document.activeElement.id") == "take-keep"
    page.select_option("#review-success", "no")
    page.select_option("#review-quality", "4")
    page.fill("#review-tags", "slow, , recovery ")
    page.fill("#review-notes", "a note")
    page.keyboard.press("Enter")
    wanted = {"success": False, "quality": 4, "instruction": "put it there", "tags": ["slow", "recovery"]}
    kept = sent(page, "take-keep")
    assert [{name: message[name] for name in wanted} for message in kept] == [wanted]


def test_a_segment_without_words_is_not_begun(page):
    page.get_by_role("button", name="Begin", exact=True).click()
    assert sent(page, "take-mark") == []
    page.keyboard.type("grasp it")
    page.keyboard.press("Enter")
    assert [message["text"] for message in sent(page, "take-mark")] == ["grasp it"]


def test_a_row_of_the_list_keeps_its_focus_and_deletes_when_asked_twice(page):
    found = {
        "take": "20260101-1-a",
        "seconds": 2.0,
        "task": "t",
        "instruction": "<i>x</i>",
        "when": 1,
        "state": "recovered",
    }
    job = {"take": "20260101-2-b", "stage": "drawing", "done": 1, "total": 9, "episode": None, "sentence": ""}
    post(page, "record-queue", {"data": {"jobs": [job], "found": [found]}})
    button = page.get_by_role("button", name="Delete for good")
    button.focus()
    page.keyboard.press("Enter")
    post(page, "record-queue", {"data": {"jobs": [{**job, "done": 2}], "found": [found]}})
    assert page.evaluate("document.activeElement.textContent") == "Really delete?"
    assert sent(page, "take-drop") == []
    page.keyboard.press("Enter")
    assert [message["take"] for message in sent(page, "take-drop")] == ["20260101-1-a"]
    assert "<i>x</i>" in page.inner_text("#take-list")


def test_the_probe_waits_for_a_message_in_which_a_gripper_moved(page, driving):
    driving.enter(page)
    page.evaluate("void window.studioRecord.probe().then(({ delay }) => (window.delay = delay))")
    driving.poses(page)
    assert page.evaluate("window.delay ?? null") is None
    driving.poses(page, lifted=0.01)
    page.wait_for_function("window.delay > 0")
    expect_quiet(page)


def test_a_phone_has_the_pads_at_its_lower_edge(make_page):
    page = make_page(has_touch=True, is_mobile=True)
    page.set_viewport_size({"width": 390, "height": 844})
    box = page.locator(".dock").bounding_box()
    assert box["x"] == 0
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    page.locator(".pad button", has_text="away").tap()
    page.wait_for_timeout(LET_GO_MS)
    assert sent(page, "drive")[0]["left"] == {"move": [0, 1, 0]}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect_quiet(page)


def test_no_part_of_the_take_has_a_serious_barrier(make_page, driving):
    page = make_page()
    page.locator("#joints summary").click()
    driving.begin(page, state="review", **LONG)
    assert violations(page) == []
