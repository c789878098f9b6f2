"""Cards say what a policy is, and how fast it answers."""

from types import SimpleNamespace

import numpy as np
import pytest

from oft_demo import policy
from oft_demo.policy_card import Latency, card_of, expert_card, measured, remote_card
from oft_demo.serve.introduction import Introduction
from oft_demo.settings import Settings
from oft_demo.types import CAMERAS, ActionChunk

URL = "http://robot:8777"


class Slow:
    """Answers that take given times, on a clock of their own."""

    def __init__(self, *seconds):
        self.seconds, self.now, self.seen = list(seconds), 0.0, []

    def clock(self):
        return self.now

    def act(self, observation, instruction):
        self.seen.append((observation, instruction))
        self.now += self.seconds.pop(0)
        return ActionChunk(np.zeros((1, 14), np.float32), instruction)


def test_the_first_answer_warms_up_and_the_median_of_the_others_counts():
    slow = Slow(1.5, 0.1, 0.3, 0.2, 9.0)
    latency = measured(slow, (480, 640), CAMERAS, "put it", slow.clock)
    assert latency.median_ms == pytest.approx(250)
    assert latency.answers == 4
    observation, instruction = slow.seen[0]
    assert {camera: image.shape for camera, image in observation.images.items()} == dict.fromkeys(
        CAMERAS, (480, 640, 3)
    )
    assert instruction == "put it"


def test_a_slow_policy_is_asked_once():
    slow = Slow(30.0)
    assert measured(slow, (48, 64), CAMERAS, "put it", slow.clock) == Latency(pytest.approx(30_000), 1)


def test_the_card_of_a_bundled_policy_tells_its_sizes_its_data_and_its_speed():
    loaded = policy.load(Settings.policies / "aloha-mini")
    card = card_of(loaded, Latency(41.2, 4), "aloha-mini")
    assert card.title == "aloha-mini: OFT+, 2.3 M parameters, 41 ms a chunk"
    assert card.rows == {
        "Parameters": "2.3 M",
        "Vision towers": "2 x 96 + 2 x 96 (blocks x width)",
        "Language trunk": "4 x 160 (layers x width)",
        "Chunk": "K = 25 rows of D = 14; replans after 12",
        "Cameras": "high, left wrist, right wrist",
        "FiLM": "yes, in every vision block",
        "Head": "regression (L1)",
        "Statistics": "oft_demo_aloha: 1,818 episodes, 26,256 transitions; minimum to maximum",
        "Fingerprint": loaded.fingerprint,
        "Runs on": f"{loaded.device}, float32",
        "Latency": "41 ms on this machine (median of 4)",
    }


def test_the_card_of_weights_with_film_switched_off_says_what_that_is_and_what_not():
    loaded = policy.load(Settings.policies / "aloha-mini", film_scale=0.0)
    card = card_of(loaded, Latency(41.2, 4), "aloha-mini:film-off")
    assert card.title == "aloha-mini:film-off: OFT+ with FiLM switched off, 2.3 M parameters, 41 ms a chunk"
    assert "intervention" in card.rows["FiLM"]
    assert "not the paper's ablation" in card.rows["FiLM"]
    without = policy.load(Settings.policies / "aloha-mini-nofilm")
    assert card_of(without, Latency(41.2, 4), "aloha-mini-nofilm").rows["FiLM"] == "no"


def test_the_card_of_a_served_policy_tells_what_its_server_tells():
    about = {"Parameters": "2.3 M", "Statistics": "oft_demo_aloha: 1,818 episodes"}
    known = Introduction("aloha-mini", "5c2757d43406", CAMERAS, 25, 12, True, "frames", 96, about=about)
    card = remote_card(SimpleNamespace(introduction=known), Latency(52.0, 4), URL)
    assert card.title == "aloha-mini: remote, 52 ms a chunk"
    assert card.rows == {
        "Served at": URL,
        "Calls itself": "aloha-mini",
        **about,
        "Chunk": "K = 25 rows of 40 ms",
        "Replans after": "12 rows",
        "Cameras": "high, left wrist, right wrist",
        "FiLM": "yes, in every vision block",
        "Pictures": "as the cameras give them",
        "Fingerprint": "5c2757d43406",
        "Latency": "52 ms with the network (median of 4)",
    }


def test_what_a_server_does_not_tell_is_said_to_be_untold():
    known = Introduction("robot:8000", "", CAMERAS, None, 10, None, "padded", 224, 0.02)
    rows = remote_card(SimpleNamespace(introduction=known), Latency(1900.0, 1), URL).rows
    assert rows["Chunk"] == "K = any number of rows of 20 ms"
    assert rows["FiLM"] == "not told"
    assert rows["Fingerprint"] == "not told"
    assert rows["Pictures"] == "padded to 224 px"
    assert rows["Latency"] == "1900 ms with the network (one answer)"


def test_the_expert_is_said_to_see_what_no_policy_can():
    assert "simulator" in expert_card().rows["Sees"]
