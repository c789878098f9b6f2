"""The unchanging HTML of the Record tab: take bar, hands, key map, cameras, decision and list of takes."""

import json
from html import escape

from oft_demo.sim.state_poses import scene_limits
from oft_demo.studio.skeleton import CAMERA_LABELS
from oft_demo.types import ARM_JOINTS, ARMS, CAMERAS

KEY_BLOCKS = (
    (
        "Move, as you see it",
        (("Q", "down"), ("W", "away"), ("E", "up"), ("A", "left"), ("S", "near"), ("D", "right")),
    ),
    (
        "Turn the gripper",
        (("U", "roll"), ("I", "up"), ("O", "roll"), ("J", "left"), ("K", "down"), ("L", "right")),
    ),
)
KEYS = (
    (("G",), "open or close the gripper"),
    (("Z", "X"), "close, open it little by little"),
    (("Shift",), "held: slowly"),
    (("1", "2", "3"), "left, right, both hands"),
    (("M",), "the other hand as in a mirror"),
    (("R",), "handles: move or turn"),
    (("H",), "arms go home"),
    (("B",), "above the nearest object"),
    (("V",), "gripper straight down"),
    (("F",), "the expert does the rest"),
    (("Space",), "pause, go on"),
    (("T",), "take over, hand back"),
    (("\u232b",), "rewind 2 s; with Shift to the last chunk"),
    (("Enter",), "end the take; then: keep it"),
    (("Esc",), "let everything go and pause"),
    (("?",), "show or hide these keys"),
)
GAMEPAD = (
    "Gamepad: each stick moves its arm; with the shoulder button held it goes up and down and turns. The triggers "
    "close the grippers. The cross, X and B turn the active hand. A: take over, hand back. Y: home. Start: pause. "
    "Back: rewind."
)
MOVES = (
    ("\u2913", "0,0,-1", "down"),
    ("\u2191", "0,1,0", "away"),
    ("\u2912", "0,0,1", "up"),
    ("\u2190", "-1,0,0", "left"),
    ("\u2193", "0,-1,0", "near"),
    ("\u2192", "1,0,0", "right"),
)
TURNS = (
    ("\u21ba", "-1,0,0", "roll"),
    ("\u2934", "0,-1,0", "up"),
    ("\u21bb", "1,0,0", "roll"),
    ("\u21b6", "0,0,1", "left"),
    ("\u2935", "0,1,0", "down"),
    ("\u21b7", "0,0,-1", "right"),
)
SPOKEN_TURNS = ("roll left", "tilt up", "roll right", "turn left", "tilt down", "turn right")


def take_bar() -> str:
    """The controls of a take, and its line in time."""
    return """
<div class="transport take-bar" role="toolbar" aria-label="Take controls">
  <button type="button" id="take-pause" data-take="toggle" disabled class="wide" title="Space"
    aria-keyshortcuts="Space">Pause</button>
  <span class="hand-over"><button type="button" id="take-over" data-take="over" disabled title="T"
    aria-keyshortcuts="T">Take over</button><select id="take-to" aria-label="Who gets the arms"
    title="Who gets the arms when you hand them back"></select></span>
  <button type="button" id="take-rewind" data-take="rewind" disabled title="Backspace"
    aria-keyshortcuts="Backspace">Rewind 2 s</button>
  <button type="button" id="take-chunk" data-take="chunk" disabled title="Shift and Backspace"
    aria-keyshortcuts="Shift+Backspace">To last chunk</button>
  <label class="tick" title="What you go back over stays as a take of its own"><input type="checkbox"
    id="take-branch"> keep what I leave</label>
  <button type="button" id="take-end" data-take="end" disabled title="Enter" aria-keyshortcuts="Enter">End</button>
</div>
<div class="take-line" id="take-line" role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="0" aria-valuenow="0"
  aria-label="Place in the take: arrow keys choose, Enter goes back there" hidden>
  <div class="take-runs"></div><div class="take-marks"></div><div class="take-durable"></div>
  <div class="take-place" hidden></div>
</div>
<div class="take-facts"><span data-take-facts>No take yet.</span>
<button type="button" id="take-back-to" data-take="place" hidden></button>
<span class="legend"><i class="source-1"></i>you <i class="source-0"></i>policy <i class="source-2"></i>expert
<i class="on-disk"></i>on disk</span></div>
<p class="heard-only" role="status" aria-live="polite" data-take-said></p>"""


def drive_panel() -> str:
    """Which hands move, how fast, their grippers, pads for fingers, what helps, and the joints."""
    return f"""
<section class="drive" aria-label="Your hands">
  <div class="dock">
    <div class="drive-row">
      <span class="joined" role="radiogroup" aria-label="Hand that moves">
      {_choice("hand-left", "Left", "1")}{_choice("hand-right", "Right", "2")}{_choice("hand-both", "Both", "3")}</span>
      {_switch("hand-mirror", "Mirror", "M")}{_switch("hand-slow", "Slow", "Shift")}
      <button type="button" class="dock-grip" data-grip="">Gripper</button>
    </div>
    <div class="pads">{_pad("move", "Move", MOVES, tuple(what for _, _, what in MOVES))}
    {_pad("turn", "Turn", TURNS, SPOKEN_TURNS)}</div>
  </div>
  <p class="reach" role="status" aria-live="polite" data-reach></p>
  <div class="grippers">{"".join(_gripper(arm) for arm in ARMS)}</div>
  <div class="drive-row">
    <label class="speed">Speed limit <input type="range" id="hand-limit" min="0.1" max="1" step="0.05" value="1"
      aria-valuetext="100 % of full speed"></label>
    <span class="handles" role="radiogroup" aria-label="Handles in the view">Handles
    <span class="joined">{_choice("gizmo-move", "move", "")}{_choice("gizmo-turn", "turn", "")}</span></span>
    <label class="tick" title="While you touch nothing, no time passes"><input type="checkbox" id="take-still" checked>
    time waits for me</label>
  </div>
  <div class="drive-row assists" role="group" aria-label="Help">
    <button type="button" data-assist="home" title="H">Home</button>
    <button type="button" data-assist="above" title="B: above the nearest object">Above object</button>
    <button type="button" data-assist="align" title="V: gripper straight down">Point down</button>
    <button type="button" data-take="expert" title="F">Expert, do the rest</button>
  </div>
  <details class="joints" id="joints"><summary>Joints</summary>{"".join(_sliders(arm) for arm in ARMS)}</details>
</section>"""


def eyes() -> str:
    """What the three cameras see, a few times a second."""
    pictures = "".join(
        f'<figure><canvas data-slot="record-{camera}" width="320" height="240" role="img" '
        f'aria-label="{CAMERA_LABELS[camera]} camera"></canvas>'
        f"<figcaption>{CAMERA_LABELS[camera]}</figcaption></figure>"
        for camera in CAMERAS
    )
    return f'<div class="score" data-slot="record-score"></div><div class="eyes">{pictures}</div>'


def review() -> str:
    """What is said about a take when it is decided about."""
    stars = "".join(f'<option value="{number}">{number}</option>' for number in range(1, 6))
    return f"""
<section class="review" id="take-review" aria-label="Decide about the take" hidden>
  <h2>Keep this take?</h2><p data-suggestion></p>
  <div class="review-fields">
    <label>Success <select id="review-success"><option value="">as the scene says</option>
      <option value="yes">yes</option><option value="no">no</option></select></label>
    <label>Quality, 5 is best <select id="review-quality"><option value="">not said</option>{stars}</select></label>
    <label class="broad">Instruction <input type="text" id="review-instruction" maxlength="200"></label>
    <label>Tags, with commas <input type="text" id="review-tags" maxlength="200"></label>
    <label class="broad">Notes <input type="text" id="review-notes" maxlength="400"></label>
  </div>
  <div class="drive-row">
    <button type="button" class="primary" data-take="keep" id="take-keep">Keep <kbd>Enter</kbd></button>
    <button type="button" data-take="discard" id="take-discard">Discard</button>
    <button type="button" data-take="rewind" id="take-redo">Rewind 2 s</button>
    <button type="button" data-take="back" id="take-back">Go on with it</button>
  </div>
</section>"""


def segment_row() -> str:
    """Where parts of a take get words of their own, and under it the key map."""
    return f"""
<div class="mark-row"><label>Segment <input type="text" id="take-mark" maxlength="200"
  placeholder="words for the part that comes now"></label>
  <button type="button" data-take="mark">Begin</button><button type="button" data-take="unmark">End</button>
</div>
{_key_map()}"""


def queue() -> str:
    """Takes that are being written, and those that wait for a decision."""
    return (
        '<section class="takes" aria-label="Takes"><h2>Takes</h2>'
        '<ul id="take-list"></ul><p class="empty" id="take-none">Takes that you keep are drawn and written here, and '
        "then stand under Episodes. Nothing that you recorded is lost by a crash: it would be listed here.</p>"
        "</section>"
    )


def who_can_drive(names: tuple[str, ...]) -> str:
    """Who can be handed the arms, for the page's scripts."""
    return f'<div id="record-drivers" data-names="{escape(json.dumps(names))}" hidden></div>'


def _choice(name: str, label: str, key: str) -> str:
    group = name.partition("-")[0]
    checked = " checked" if name in ("hand-left", "gizmo-move") else ""
    hint = f" <kbd>{key}</kbd>" if key else ""
    return f'<label class="choice"><input type="radio" name="{group}" id="{name}"{checked}> {label}{hint}</label>'


def _switch(name: str, label: str, key: str) -> str:
    return f'<label class="choice"><input type="checkbox" id="{name}"> {label} <kbd>{key}</kbd></label>'


def _gripper(arm: str) -> str:
    return (
        f'<div class="gripper"><button type="button" data-grip="{arm}" title="G: open or close">{arm} gripper</button>'
        f'<input type="range" id="grip-{arm}" min="0" max="1" step="0.02" value="0.1" '
        f'aria-label="Opening of the {arm} gripper"></div>'
    )


def _pad(kind: str, title: str, buttons: tuple[tuple[str, str, str], ...], spoken: tuple[str, ...]) -> str:
    keys = "".join(
        f'<button type="button" data-pad="{kind}" data-by="{by}" aria-label="{escape(words)}">'
        f"<span>{sign}</span><small>{escape(what)}</small></button>"
        for (sign, by, what), words in zip(buttons, spoken, strict=True)
    )
    return f'<div class="pad" role="group" aria-label="{title}">{keys}</div>'


def _sliders(arm: str) -> str:
    first = ARMS.index(arm) * len(ARM_JOINTS)
    limits = scene_limits()[first : first + len(ARM_JOINTS) - 1]
    rows = "".join(
        f'<label>{escape(joint.replace("_", " "))} <input type="range" data-joint="{arm}-{index}" '
        f'min="{low:.3f}" max="{high:.3f}" step="any" value="0"><output></output></label>'
        for index, (joint, (low, high)) in enumerate(zip(ARM_JOINTS, limits, strict=False))
    )
    return f"<fieldset><legend>{arm} arm [rad]</legend>{rows}</fieldset>"


def _key_map() -> str:
    blocks = "".join(_key_block(title, keys) for title, keys in KEY_BLOCKS)
    rows = "".join(f"<dt>{''.join(_key(key) for key in keys)}</dt><dd>{escape(text)}</dd>" for keys, text in KEYS)
    return (
        f'<details class="key-map" id="key-map" open><summary>Keys and gamepad</summary>'
        f'<div class="key-blocks">{blocks}</div><dl>{rows}</dl><p>{GAMEPAD}</p></details>'
    )


def _key_block(title: str, keys: tuple[tuple[str, str], ...]) -> str:
    cells = "".join(f"<span>{_key(key)}<small>{escape(what)}</small></span>" for key, what in keys)
    return f'<figure><figcaption>{escape(title)}</figcaption><div class="key-block">{cells}</div></figure>'


def _key(key: str) -> str:
    """A key; letters carry their place on the keyboard, so that the page can say what other layouts have there."""
    place = f' data-code="Key{key}"' if len(key) == 1 and key.isalpha() else ""
    return f"<kbd{place}>{escape(key)}</kbd>"
