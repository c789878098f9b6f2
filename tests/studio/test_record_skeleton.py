"""The Record tab's unchanging HTML says what the page's scripts do."""

import re
from pathlib import Path

from oft_demo.studio import record_skeleton

WEB = Path(__file__).resolve().parents[2] / "assets" / "web"


def test_the_key_map_shows_every_letter_that_the_scripts_listen_to():
    scripts = "".join((WEB / name).read_text() for name in ("record.js", "record/keyboard.js"))
    shown = set(re.findall(r'data-code="Key(\w)"', record_skeleton.segment_row()))
    assert shown == set(re.findall(r"\bKey([A-Z])\b", scripts))


def test_every_button_of_the_take_has_an_action_in_the_script():
    html = record_skeleton.take_bar() + record_skeleton.review() + record_skeleton.drive_panel()
    html += record_skeleton.segment_row()
    actions = (WEB / "record.js").read_text().partition("const ACTIONS = {")[2].partition("};")[0]
    known = set(re.findall(r"^  (\w+)[:,]", actions, re.MULTILINE))
    assert set(re.findall(r'data-(?:take|assist)="(\w+)"', html)) <= known


def test_joint_sliders_end_at_the_robots_own_limits():
    ranges = re.findall(r'data-joint="(\w+-\d)" min="(\S+)" max="(\S+)"', record_skeleton.drive_panel())
    assert len(ranges) == 12
    assert dict((name, (low, high)) for name, low, high in ranges)["left-1"] == ("-1.850", "1.257")


def test_names_of_policies_are_escaped():
    assert "<script" not in record_skeleton.who_can_drive(("<script>alert(1)</script>",))
