"""The Run tab: one instruction, one policy, one robot."""

import gradio as gr
from gradio.components import Component

from oft_demo.studio import skeleton
from oft_demo.studio.controls import (
    QUIET,
    html,
    instruction_box,
    on_pick,
    policy_picker,
    scene_events,
    seed_box,
    task_picker,
)
from oft_demo.studio.run_commands import READY
from oft_demo.studio.studio import Studio

ROWS = [("policy's own", ""), ("1", "1"), ("5", "5"), ("12", "12"), ("25", "25")]
RUN = "(...inputs) => window.studioRun.run(...inputs)"
SET = "(rows, ensemble) => window.studioRun.set(rows, ensemble)"
REWIND = "(task, seed) => window.studioRun.scene('run', task, seed, true)"


def build(studio: Studio) -> list[Component]:
    """Lay out the tab; returns policy, task, seed, instruction, rows and ensembling, which a link may set."""
    with gr.Row(elem_classes="command"):
        instruction = instruction_box("run")
        run = gr.Button("Run", variant="primary", elem_id="run-run", min_width=96, scale=1)
    html(skeleton.sayings())
    html(skeleton.status_line("run", READY["run"]))
    with gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=62, min_width=320, elem_classes="stage-column"):
            html(skeleton.stage("run", "Simulated ALOHA"))
            html(skeleton.transport())
        with gr.Column(scale=38, min_width=300, elem_classes="side-column"):
            with gr.Row(elem_classes="settings"):
                policy = policy_picker(studio, "run-policy", "Policy")
                task = task_picker("run")
            with gr.Row(elem_classes="settings"):
                seed = seed_box("run")
                rows = gr.Dropdown(ROWS, value="", label="Replan after", elem_id="run-rows", min_width=100, scale=2)
                ensemble = gr.Checkbox(False, label="Average overlaps", elem_id="run-ensemble", min_width=90, scale=2)
            html(skeleton.readouts("run"))
    html(skeleton.card("run"))
    html('<div data-exports="run"></div>')
    html('<section class="inspector" data-inspector="run" aria-label="Chunk inspector"></section>')
    rewind = gr.Button("Reset", elem_id="run-rewind", elem_classes="hidden-control")

    inputs = [policy, task, seed, instruction, rows, ensemble]
    gr.on([run.click, instruction.submit], None, inputs, None, js=RUN, **QUIET)
    gr.on([rows.change, ensemble.change], None, [rows, ensemble], None, js=SET, **QUIET)
    scene_events("run", task, seed)
    rewind.click(None, [task, seed], None, js=REWIND, **QUIET)
    on_pick(policy, "run", "run")
    return list(inputs)
