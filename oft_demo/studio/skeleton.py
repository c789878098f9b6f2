"""The unchanging HTML of the page: frames with named slots that the live channel fills, so that nothing jumps."""

import json
from html import escape

from oft_demo.sim import TASKS, objects_of, wordings
from oft_demo.types import CAMERAS

CAMERA_LABELS = {"cam_high": "high", "cam_left_wrist": "left wrist", "cam_right_wrist": "right wrist"}

HEADER = """
<header class="masthead">
  <h1>OFT Demo</h1>
  <p>Type an instruction. A vision-language-action policy moves two ALOHA arms in simulation, one chunk at a time.</p>
  <button type="button" data-run="keys" aria-haspopup="dialog">Keys <kbd>?</kbd></button>
  <button type="button" data-action="theme">Light / dark</button>
</header>
"""

KEYS = (
    ("Enter", "run; while the robot moves: tell it something else"),
    ("Space", "pause, go on"),
    (".", "one row: 40 ms"),
    ("C", "one chunk"),
    ("S or Esc", "stop"),
    ("R", "reset to the seed"),
    ("A", "same again, exactly"),
    ("N", "another scene"),
    ("- and +", "slower, faster"),
    ("/", "to the instruction"),
    ("P", "say it in other words"),
    ("\u2191 and \u2193", "in the instruction: what was said before"),
    ("?", "this list"),
)

SPEEDS = {"0.25": "\u00bc\u00d7", "0.5": "\u00bd\u00d7", "1": "1\u00d7 real time", "2": "2\u00d7", "4": "4\u00d7"}

CARD_HINT = '<p class="empty">Once a policy is loaded, its card stands here.</p>'

TERMS = {
    "chunk": "The policy looks once and predicts the next K rows of joint targets together: an action chunk.",
    "horizon K": "Rows in one chunk. Here 25 rows of 40 ms: one second ahead.",
    "replan": "How many rows are carried out before the policy looks again and predicts the next chunk.",
    "FiLM": "Feature-wise linear modulation: the instruction scales and shifts the features of every vision block. "
    "It is the plus in OFT+, and what makes the policy listen.",
    "proprio": "Proprioception: the 14 measured joint positions, given to the policy beside the pictures.",
    "ensembling": "Where chunks overlap, their rows are averaged, as ACT does it. Chunks overlap if the policy replans "
    "before one ends; that costs more, and averaging can lower success.",
    "asked": "How often the policy is asked in a second of the simulation, and what share of real time that takes, "
    "pictures included. Replanning sooner costs more.",
    "gamma, beta": "What FiLM multiplies (1 + gamma) and adds (beta) in each channel of a block.",
    "score": "The task's rubric in four stages of 25 points; 100 is success.",
    "following": "Whether a gripper went first to the object that the instruction names.",
}


def stage(name: str, what: str) -> str:
    """The 3D view of one simulation with its badge and clock."""
    return f'<section class="stage" aria-label="{escape(what)}">{_view(name, what)}</section>'


def readouts(name: str, pictures: str = "What the policy saw for this chunk") -> str:
    """The figures of one simulation, and what its policy sees."""
    return f'<div class="readouts">{_score(name)}{_facts(name)}{_eyes(name, pictures)}</div>'


def card(name: str) -> str:
    """Where the card of a policy stands."""
    return f'<div class="card-place" data-slot="{name}-card">{CARD_HINT}</div>'


def transport() -> str:
    """The buttons of a run; each has a key, see KEYS."""
    speeds = "".join(
        f'<option value="{value}"{" selected" if value == "1" else ""}>{label}</option>'
        for value, label in SPEEDS.items()
    )
    return f"""
<div class="transport" role="toolbar" aria-label="Run controls">
  <button type="button" id="run-pause" data-run="toggle" class="wide">Play</button>
  <button type="button" id="run-chunk" data-run="chunk" title="Carry out one chunk, then pause (C)">One chunk</button>
  <button type="button" id="run-row" data-run="row" title="Carry out one row of 40 ms, then pause (.)">One row</button>
  <button type="button" id="run-stop" data-run="stop" disabled title="Stop (S or Escape)">Stop</button>
  <button type="button" id="run-reset" data-run="reset" title="Back to the start of this seed (R)">Reset</button>
  <button type="button" id="run-again" data-run="again" disabled title="The last run again, exactly (A)">Again</button>
  <label>Speed <select id="run-speed" title="Slower (-), faster (+)">{speeds}</select></label>
</div>"""


def chips(page: str) -> str:
    """Things to say, those of the chosen task."""
    return (
        f'<div class="say"><span class="say-title">Try</span>'
        f'<span class="chip-row" data-chips="{page}" data-task="{TASKS[0]}"></span></div>'
    )


def sayings() -> str:
    """Things to say, other words for them, what was said before, and when new words count."""
    return f"""
<div class="say">
  <span class="say-title">Try</span><span class="chip-row" data-chips="run" data-task="{TASKS[0]}"></span>
  <button type="button" class="chip" id="run-paraphrase" data-run="say">Say it differently</button>
  <small data-paraphrase></small>
  <span class="say-end">
    <select id="run-when" aria-label="When other words count" title="When other words count, while the robot moves">
      <option value="next">new words: next chunk</option><option value="at_once">new words: at once</option>
    </select>
    <select id="run-history" aria-label="What was said before" disabled><option value="">History</option></select>
  </span>
</div>"""


def overlays() -> str:
    """What may lie over the page: the list of keys, and the sign that no seat is free."""
    rows = "".join(f"<dt><kbd>{escape(key)}</kbd></dt><dd>{escape(text)}</dd>" for key, text in KEYS)
    return f"""
<dialog id="keys" aria-labelledby="keys-title">
  <h2 id="keys-title">Keys of the Run tab</h2><dl>{rows}</dl>
  <form method="dialog"><button type="submit">Close</button></form>
</dialog>
<div id="seats" role="alert" hidden>
  <h2>Every seat is taken</h2><p></p>
  <p>This page asks again every few seconds and opens by itself.</p>
</div>"""


def wordings_script() -> str:
    """What can be said about each task, for the page's examples and paraphrases."""
    known = {
        task: {
            "examples": wordings.examples(task),
            "objects": [
                {
                    "keys": [key for key, named in wordings.KEY_WORDS.items() if named == label] or [""],
                    "trained": wordings.training(task, label),
                    "held_out": wordings.held_out(task, label),
                }
                for label in objects_of(task)
            ],
        }
        for task in TASKS
    }
    return f'<script type="application/json" id="run-wordings">{json.dumps(known)}</script>'


def narrow_bench(name: str, what: str) -> str:
    """The same for one of two simulations side by side."""
    return (
        f'<section class="bench stacked" aria-label="{escape(what)}">{_view(name, what, tag=what)}'
        f'<div class="readouts">{_score(name)}{_facts(name)}{card(name)}</div></section>'
    )


def status_line(page: str, text: str = "Ready.") -> str:
    """Where a tab says what happens; read aloud by screen readers."""
    return f'<div class="status" role="status" aria-live="polite" data-slot="{page}-status">{escape(text)}</div>'


def terms() -> str:
    """The words of the field, one line each."""
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in TERMS.items())
    return f'<details class="terms"><summary>What the words mean</summary><dl>{rows}</dl></details>'


def _view(name: str, what: str, tag: str = "") -> str:
    label = f'<div class="tag">{escape(tag)}</div>' if tag else ""
    return (
        f'<figure class="view"><div class="view3d" data-view="{name}" data-label="{escape(what)}"></div>'
        f'<div class="verdict" data-slot="{name}-badge"></div><div class="clock" data-slot="{name}-clock">0.0 s</div>'
        f"{label}</figure>"
    )


def _score(name: str) -> str:
    return f'<div class="score" data-slot="{name}-score"></div>'


def _facts(name: str) -> str:
    rows = (
        ("following", "follows words", TERMS["following"]),
        ("chunk", "chunk", TERMS["chunk"]),
        ("asked", "policy asked", TERMS["asked"]),
        ("factor", "real time", "Simulated seconds a second. The page waits, to keep to the chosen speed."),
        ("latency", "latency [ms]", "Time to predict one chunk, by stage; drawing the three pictures stands apart."),
    )
    return (
        '<dl class="facts">'
        + "".join(
            f'<dt><span class="term" tabindex="0" data-tip="{escape(tip)}">{label}</span></dt>'
            f'<dd data-slot="{name}-{key}">&ndash;</dd>'
            for key, label, tip in rows
        )
        + "</dl>"
    )


def _eyes(name: str, title: str) -> str:
    pictures = "".join(
        f'<figure><canvas data-slot="{name}-{camera}" width="320" height="240" role="img" '
        f'aria-label="What the policy sees: {CAMERA_LABELS[camera]} camera"></canvas>'
        f"<figcaption>{CAMERA_LABELS[camera]}</figcaption></figure>"
        for camera in CAMERAS
    )
    return f'<div class="eyes-title" data-eyes="{name}">{escape(title)}</div><div class="eyes">{pictures}</div>'
