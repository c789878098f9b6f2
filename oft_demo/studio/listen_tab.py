"""The Listen tab: one scene, one policy, several instructions."""

import json
from html import escape

import gradio as gr

from oft_demo.sim import TASKS, objects_of, wordings
from oft_demo.studio import skeleton
from oft_demo.studio.controls import QUIET, html, policy_picker, seed_box, stop_event, task_picker
from oft_demo.studio.listening import READY
from oft_demo.studio.listening_question import MAX_LINES
from oft_demo.studio.studio import Studio
from oft_demo.types import CAMERAS

NOTHING, NONSENSE = "do nothing", "colourless ideas sleep"
PURPOSE = (
    "Does the policy listen? It is asked once for every line, each time with the same pictures and joints, so whatever "
    "sets the plans apart is the words."
)
EMPTY = (
    "Press Ask. Here then stands how far the plans lie apart, which object each one goes to, "
    "and what FiLM makes of each line."
)
TIPS = {
    "distance": "Mean absolute difference of two plans over all rows and the six joints of an arm [rad]; "
    "of the arm that differs more, or of one of them.",
    "sizes": "Root mean square of gamma or beta over the channels of each vision block: how hard the instruction "
    "turns this block.",
    "patches": "How far FiLM moves each patch's feature, as a share of its norm. Against no FiLM: gamma = beta = 0 in "
    "every block. Against the mean: what is left that only this instruction does.",
}
ASK = """(policy, task, seed, lines, from_run) => window.studioListen.ask(
    {do: "listen", page: "listen", policy, task, seed, lines, from_run})"""
SCENE = "(task, seed) => window.studioListen.scene(task, seed)"
TASK = "(task, seed, lines) => window.studioListen.task(task, seed, lines)"


def build(studio: Studio) -> list[gr.Dropdown]:
    """Lay out the tab and attach its events; returns its picker of policies."""
    html(f'<p class="listen-purpose">{PURPOSE}</p>')
    with gr.Row(elem_classes=["studio-row", "listen-row"]):
        with gr.Column(scale=38, min_width=300, elem_classes="listen-asking"):
            lines = gr.Textbox(
                default_lines(TASKS[0]),
                label=f"Instructions, one a line (2 to {MAX_LINES})",
                elem_id="listen-lines",
                lines=7,
                max_lines=MAX_LINES,
            )
            with gr.Row(elem_classes="command"):
                ask = gr.Button("Ask", variant="primary", elem_id="listen-ask", min_width=96, scale=2)
                stop = gr.Button("Stop", elem_id="listen-stop", min_width=72, scale=1)
            with gr.Row(elem_classes="settings"):
                policy = policy_picker(studio, "listen-policy", "Policy")
                task = task_picker("listen")
            with gr.Row(elem_classes="settings"):
                seed = seed_box("listen")
                from_run = gr.Checkbox(
                    False, label="The moment at which Run stands", elem_id="listen-from-run", min_width=150, scale=2
                )
        with gr.Column(scale=62, min_width=320, elem_classes="stage-column"):
            html(skeleton.stage("listen", "Where the plans lead the grippers"))
            html('<div class="listen-legend" data-listen="legend"></div>')
    html(skeleton.status_line("listen", READY))
    html(_results(), elem_classes="after-settings")

    ask.click(None, [policy, task, seed, lines, from_run], None, js=ASK, **QUIET)
    stop_event(stop, "listen")
    task.change(None, [task, seed, lines], [lines], js=TASK, **QUIET)
    seed.change(None, [task, seed], None, js=SCENE, **QUIET)
    return [policy]


def default_lines(task: str) -> str:
    """Other objects, other words for one object, nothing to do, and nothing that makes sense."""
    named = objects_of(task)[0]
    trained, unheard = wordings.training(task, named), wordings.held_out(task, named)
    examples = wordings.examples(task)
    other = next(text for text in reversed(trained) if text not in examples)
    return "\n".join((*examples, other, unheard[0], NOTHING, NONSENSE))


def _results() -> str:
    """The places that the page's script fills once there is an answer."""
    offered = json.dumps({task: default_lines(task) for task in TASKS})
    cameras = "".join(
        f'<figure><div class="listen-picture"><canvas data-slot="listen-{camera}" width="320" height="240" role="img" '
        f'aria-label="{skeleton.CAMERA_LABELS[camera]} camera"></canvas><canvas data-listen-patches="{camera}" '
        f'aria-hidden="true"></canvas></div><figcaption>{skeleton.CAMERA_LABELS[camera]}<span></span></figcaption></figure>'
        for camera in CAMERAS
    )
    return f"""
<section class="listen-results" data-listen="results" data-state="empty" data-offered="{escape(offered)}"
  aria-label="What was found">
  <p class="empty" data-listen="empty">{EMPTY}</p>
  <div class="listen-found" data-listen="found" hidden>
    <div class="listen-finding">
      <p data-listen="finding"></p>
      <button type="button" class="exports-button" data-listen="export">Export JSON</button>
    </div>
    <p class="listen-moment" data-listen="moment"></p>
    <div class="listen-title"><h2>Distance between the plans</h2>{_tip("how it is measured", "distance")}
      {_choice("arm", "Which arm", (("larger", "larger arm"), ("left", "left"), ("right", "right")))}</div>
    <div class="listen-frame" data-listen="distances" tabindex="0" role="group"
      aria-label="Table of distances"></div>
    <p class="listen-why" data-listen="film-missing" hidden></p>
    <div data-listen="film">
      <div class="listen-title"><h2>Patches that FiLM changes</h2>{_tip("how it is measured", "patches")}
        {
        _choice(
            "against",
            "Against what",
            (("against_mean", "against the mean of these instructions"), ("against_none", "against no FiLM")),
        )
    }</div>
      <p class="listen-chosen" data-listen="chosen" aria-live="polite"></p>
      <div class="listen-cameras">{cameras}</div>
      <div class="listen-scale" aria-hidden="true"><span data-listen="low"></span><i></i>
        <span data-listen="top"></span></div>
      <div class="listen-title"><h2>Size of gamma and beta, block by block</h2>{
        _tip("how it is measured", "sizes")
    }</div>
      <div class="listen-sizes" data-listen="sizes"></div>
    </div>
  </div>
</section>"""


def _tip(label: str, key: str) -> str:
    return f'<span class="term" tabindex="0" data-tip="{TIPS[key]}">{label}</span>'


def _choice(name: str, what: str, choices: tuple[tuple[str, str], ...]) -> str:
    """A few buttons of which one is pressed."""
    pressed = ("true", *["false"] * (len(choices) - 1))
    buttons = "".join(
        f'<button type="button" data-listen-{name}="{value}" aria-pressed="{state}">{label}</button>'
        for (value, label), state in zip(choices, pressed, strict=True)
    )
    return f'<span class="listen-choice" role="group" aria-label="{what}">{buttons}</span>'
