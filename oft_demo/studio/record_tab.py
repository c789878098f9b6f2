"""The Record tab: drive both arms, take over from a policy, keep every take."""

import gradio as gr

from oft_demo.studio import record_skeleton, skeleton
from oft_demo.studio.controls import QUIET, html, instruction_box, scene_events, seed_box, task_picker
from oft_demo.studio.run_commands import READY
from oft_demo.studio.studio import Studio

BY_HAND = "human"
START = "(...inputs) => window.studioRecord.start(...inputs)"


def build(studio: Studio) -> gr.Dropdown:
    """Lay out the tab; returns the list of those who can drive."""
    with gr.Row(elem_classes="command"):
        instruction = instruction_box("record")
        start = gr.Button("Start", variant="primary", elem_id="record-run", min_width=96, scale=1)
    html(skeleton.chips("record"))
    html(skeleton.status_line("record", READY["record"]))
    with gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=62, min_width=320, elem_classes="stage-column"):
            html(skeleton.stage("record", "The scene that you record"))
            html(record_skeleton.take_bar())
            html(record_skeleton.review())
            html(record_skeleton.segment_row())
        with gr.Column(scale=38, min_width=300, elem_classes="side-column"):
            with gr.Row(elem_classes="settings"):
                driver = driver_picker(studio)
                task = task_picker("record")
            with gr.Row(elem_classes="settings"):
                seed = seed_box("record")
                operator = gr.Textbox("", label="Your name", elem_id="record-operator", max_lines=1, min_width=100)
            html(record_skeleton.drive_panel())
            html(record_skeleton.eyes())
    html(record_skeleton.who_can_drive(studio.shelf.names()))
    html(record_skeleton.queue())
    html(skeleton.card("record"))

    inputs = [driver, task, seed, instruction, operator]
    gr.on([start.click, instruction.submit], None, inputs, None, js=START, **QUIET)
    scene_events("record", task, seed)
    return driver


def driver_picker(studio: Studio) -> gr.Dropdown:
    """Who has the arms at first."""
    return gr.Dropdown(
        drivers(studio),
        value=BY_HAND,
        label="Who begins",
        elem_id="record-policy",
        elem_classes="policy",
        allow_custom_value=True,
        min_width=180,
        scale=3,
    )


def drivers(studio: Studio) -> list[tuple[str, str]]:
    """The person, and everybody on the shelf."""
    return [("me, by hand", BY_HAND), *((name, name) for name in studio.shelf.names())]
