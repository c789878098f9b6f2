"""The Record tab without a server: its HTML and scripts over a scene that stands still, and a note of what is sent."""

from pathlib import Path

import numpy as np

from oft_demo.sim import make_env
from oft_demo.sim.geometry import scene_glb
from oft_demo.sim.hands import Hands
from oft_demo.studio import record_skeleton
from oft_demo.studio.scenes import scene_of
from oft_demo.types import ARMS, GRIPPER_INDEX

WEB = Path(__file__).resolve().parents[2] / "assets" / "web"
ORIGIN = "http://driving.test"
TASK = "put_x_into_pot"
KINDS = {".js": "text/javascript", ".css": "text/css"}
PAGE = """<!doctype html><html lang="en"><title>Driving</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/studio/web/studio.css"><link rel="stylesheet" href="/studio/web/run.css">
<link rel="stylesheet" href="/studio/web/view3d.css"><link rel="stylesheet" href="/studio/web/record.css">
<body><div role="tablist"><button role="tab" aria-selected="true">Record</button>
<button role="tab" aria-selected="false">Run</button></div>
<button id="record-run">Start</button><input id="typed" aria-label="Typed">
<div class="stage" hidden><figure class="view" style="height: 360px">
<div class="view3d" data-view="record"></div></figure></div>
{parts}
<script>
  const listeners = {{}}, latest = {{}};
  window.studio = {{
    connected: true, lastNews: performance.now(), sent: [],
    command(message) {{ this.sent.push(message); }},
    listen(slot, callback) {{
      (listeners[slot] ??= []).push(callback);
      if (latest[slot]) callback(latest[slot]);
    }},
    post(slot, content) {{
      latest[slot] = content;
      for (const callback of listeners[slot] ?? []) callback(content);
    }},
  }};
  document.getElementById("record-run").onclick = () =>
    window.studioRecord.start("human", "put_x_into_pot", 7, "put the red pepper into the pot", "");
  for (const tab of document.querySelectorAll("[role=tab]")) tab.onclick = () => {{
    for (const each of document.querySelectorAll("[role=tab]")) each.ariaSelected = String(each === tab);
  }};
</script>
<script type="module" src="/studio/web/views.js"></script>
<script type="module" src="/studio/web/record.js"></script></body></html>"""


class DrivingPage:
    """What the page is served, and what a test says and asks in the server's place."""

    def __init__(self):
        self.env = make_env(TASK)
        self.env.reset(7)
        self._glb = scene_glb(self.env.model).data
        self._poses = self.env.poses()
        self.places = Hands(self.env.model).poses(self.env.commanded().astype(np.float64))

    def open(self, context):
        """A page of this browser context; the take has not begun."""
        page = context.new_page()
        page.route(f"{ORIGIN}/**", self._answer)
        page.goto(ORIGIN + "/")
        page.wait_for_function("window.studioRecord !== undefined")
        return page

    def show(self, page):
        """Show the scene; drawing it takes longer than all else, so that few tests ask for it."""
        page.evaluate("document.querySelector('.stage').hidden = false")
        self.enter(page)
        page.wait_for_function("document.querySelector('[data-view=record]').sceneView.stats().triangles > 0")

    def enter(self, page):
        """Tell the page which bodies there are, and where they are."""
        post(page, "record-scene", {"data": scene_of(TASK).described(1)})
        self.poses(page)

    def begin(self, page, **more):
        """A take in which nothing happened yet."""
        post(page, "record-take", {"data": {**TAKE, **more}})
        self.hands(page)
        page.evaluate("window.studio.sent.length = 0")

    def hands(self, page, **reach):
        """Tell the page where the grippers are, and how the arms follow."""
        joints = self.env.commanded()
        told = {
            arm: {
                "position": self.places[arm].position.tolist(),
                "quaternion": self.places[arm].quaternion.tolist(),
                "joints": joints[GRIPPER_INDEX[arm] - 6 : GRIPPER_INDEX[arm] + 1].tolist(),
                "reach": reach.get(arm, "free"),
                "note": f"The {arm} arm: {reach[arm]}." if arm in reach else "",
            }
            for arm in ARMS
        }
        post(page, "record-hands", {"data": told})

    def poses(self, page, lifted=0.0):
        """Tell the page where all bodies are, the left gripper higher by so much [m]."""
        poses = self._poses.copy()
        poses[scene_of(TASK).described(1)["bodies"].index("vx300s_left/gripper_link"), 2] += lifted
        floats = [1, 0, 0, len(poses), *poses.ravel().tolist()]
        page.evaluate("(floats) => window.studio.post('record-poses', {floats: new Float32Array(floats)})", floats)

    def _answer(self, route):
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/":
            route.fulfill(body=PAGE.format(parts=_parts()), content_type="text/html")
        elif path.endswith(".glb"):
            route.fulfill(body=self._glb)
        elif path.startswith("/studio/web/"):
            file = WEB / path.removeprefix("/studio/web/")
            route.fulfill(body=file.read_text(), content_type=KINDS[file.suffix])
        else:
            route.fulfill(status=204)


TAKE = {
    "take": "20260101-120000-abcdef", "state": "running", "driver": "human", "name": "", "length": 0, "seconds": 0.0,
    "durable": 0, "branches": 0, "runs": [], "chunks": [], "events": [], "segments": [], "trouble": None,
    "success": False, "suggestion": None, "assisting": None, "still": True, "instruction": "put it there",
}  # fmt: skip
LONG = {
    "length": 200, "seconds": 4.0, "durable": 150, "runs": [[0, 0], [100, 1]], "chunks": [0, 50],
    "events": [{"step": 100, "kind": "take_over", "text": "from mini"}],
    "segments": [{"start": 120, "stop": 160, "text": "<b>grasp</b>"}],
}  # fmt: skip


def post(page, slot, content):
    """Say something in the server's place."""
    page.evaluate("([slot, content]) => window.studio.post(slot, content)", [slot, content])


def sent(page, name):
    """The messages of one kind that the page sent."""
    return [message for message in page.evaluate("window.studio.sent") if message["do"] == name]


def forget(page):
    """Begin the note of what is sent anew."""
    page.evaluate("window.studio.sent.length = 0")


def _parts():
    parts = (
        record_skeleton.take_bar(),
        record_skeleton.review(),
        record_skeleton.segment_row(),
        record_skeleton.drive_panel(),
        record_skeleton.who_can_drive(("mini", "expert (scripted)")),
        record_skeleton.queue(),
    )
    return "\n".join(parts)
