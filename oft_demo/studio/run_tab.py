"""The Run tab: one instruction, one policy, one robot."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from oft_demo.studio import live, skeleton
from oft_demo.studio.controls import (
    QUIET,
    Picking,
    example_chips,
    html,
    instruction_box,
    policy_picker,
    seed_box,
    still_of,
    stop_of,
    task_picker,
)
from oft_demo.studio.request import Request
from oft_demo.studio.studio import Studio, told

READY = "Press Run: the robot does what the line above says."
SCREENS = ("run",)
PLOT_HINT = (
    "Each orange or pink line is one predicted chunk, drawn from the moment of its prediction to its full horizon; "
    "where the next one starts, the policy looked again. Blue is what was sent to the joints, grey what they did."
)


@dataclass(frozen=True)
class RunTab:
    """What the page still has to wire up."""

    studio: Studio
    task: gr.Dropdown
    seed: gr.Textbox
    picking: Picking

    def show_still(self, opened: Any) -> None:
        """Show the scene once the page is open, and the card of the first policy."""
        opened.then(still_of(self.studio, "run", SCREENS, READY, opening=True), [self.task, self.seed], None, **QUIET)
        self.picking.at_opening(opened)


def build(studio: Studio) -> RunTab:
    """Lay out the tab and attach its events."""
    with gr.Row(elem_classes="command"):
        instruction = instruction_box("run")
        run = gr.Button("Run", variant="primary", elem_id="run-run", min_width=96, scale=1)
        stop = gr.Button("Stop", elem_id="run-stop", min_width=72, scale=1)
        reset = gr.Button("Reset", elem_id="run-reset", min_width=72, scale=1)
    chips = gr.Row(elem_classes="chip-place")
    with gr.Row(elem_classes="settings"):
        policy = policy_picker(studio, "run-policy", "Policy")
        task = task_picker("run")
        seed = seed_box("run")
    with chips:
        example_chips("run", task, instruction)
    html(skeleton.status_line("run", READY))
    html(skeleton.bench("run", "Simulated ALOHA"))
    html(
        skeleton.plot("run-plot", "Predicted, executed, measured: all 14 joints", PLOT_HINT),
        elem_classes="after-settings",
    )

    def start(policy: str, task: str, seed: str, instruction: str, request: gr.Request) -> None:
        visitor = studio.visitor(request)
        with told(visitor, "run"):
            live.run(visitor, studio.shelf, policy, Request.parse(task, seed, instruction))

    picking = Picking(studio, policy, "run", "run", "Press Run.")
    picking.on_change()
    inputs = [policy, task, seed, instruction]
    gr.on([run.click, instruction.submit], start, inputs, None, trigger_mode="multiple", **QUIET)
    stop.click(stop_of(studio), None, None, **QUIET)
    scene = [task, seed]
    reset.click(still_of(studio, "run", SCREENS, READY, again=True), scene, None, **QUIET)
    gr.on(
        [task.change, seed.change],
        still_of(studio, "run", SCREENS, READY),
        scene,
        None,
        trigger_mode="always_last",
        **QUIET,
    )
    return RunTab(studio, task, seed, picking)
