"""The Compare tab: two policies, the same scene and the same words."""

import gradio as gr

from oft_demo.studio import live, series, skeleton
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

READY = "Press Run both: same scene, same words, one control step of each in turn."
SCREENS = ("compare-a", "compare-b")
PLOT_HINT = "Measured joints of both: A orange, B blue. The dotted line marks the first moment at which they part."
FILM_HINT = (
    "aloha-mini and aloha-mini-nofilm were trained on the same data with the same budget; one with FiLM, one without. "
    "This is the paper's ablation by training, not FiLM switched off inside one policy."
)


def build(studio: Studio) -> list[gr.Dropdown]:
    """Lay out the tab and attach its events; returns its pickers of policies."""
    with gr.Row(elem_classes="command"):
        instruction = instruction_box("compare")
        both = gr.Button("Run both", variant="primary", elem_id="compare-run", min_width=96, scale=1)
        stop = gr.Button("Stop", elem_id="compare-stop", min_width=72, scale=1)
    chips = gr.Row(elem_classes="chip-place")
    with gr.Row(elem_classes="settings"):
        first = policy_picker(studio, "compare-policy-a", "Policy A")
        second = policy_picker(studio, "compare-policy-b", "Policy B", place=1)
        task = task_picker("compare")
        seed = seed_box("compare")
    with chips:
        example_chips("compare", task, instruction)
    html(skeleton.status_line("compare", READY))
    with gr.Row(elem_classes="sides"):
        html(skeleton.narrow_bench("compare-a", "Policy A"))
        html(skeleton.narrow_bench("compare-b", "Policy B"))
    html(f'<dl class="facts parted"><dt>They part at</dt>{skeleton.slot("compare-parted", "&ndash;")}</dl>')
    html(
        skeleton.plot("compare-plot", "Both trajectories: all 14 joints", f"{PLOT_HINT} {FILM_HINT}"),
        elem_classes="after-settings",
    )
    with gr.Row(elem_classes=["settings", "after-settings"]):
        count = gr.Textbox("10", label="Number of seeds", elem_id="compare-count", max_lines=1, min_width=110, scale=1)
        own_words = gr.Checkbox(True, label="Each seed asks for an object of its own", elem_id="compare-own", scale=3)
        many = gr.Button("Run N seeds", elem_id="compare-many", min_width=120, scale=1)
    html(
        skeleton.slot("compare-series", "<p class='empty'>Run N seeds to see success rates with intervals.</p>"),
        elem_classes="after-settings",
    )

    def start(a: str, b: str, task: str, seed: str, instruction: str, request: gr.Request) -> None:
        visitor = studio.visitor(request)
        with told(visitor, "compare"):
            live.compare(visitor, studio.shelf, (a, b), Request.parse(task, seed, instruction))

    def start_many(
        a: str, b: str, task: str, seed: str, instruction: str, count: str, own_words: bool, request: gr.Request
    ) -> None:
        visitor = studio.visitor(request)
        with told(visitor, "compare"):
            asked = Request.parse(task, seed, instruction)
            series.compare_seeds(visitor, studio.shelf, (a, b), asked, series.checked_count(count), own_words)

    for picker, screen in zip((first, second), SCREENS, strict=True):
        Picking(studio, picker, "compare", screen, "Press Run both.").on_change()
    inputs = [first, second, task, seed, instruction]
    gr.on([both.click, instruction.submit], start, inputs, None, trigger_mode="multiple", **QUIET)
    many.click(start_many, [*inputs, count, own_words], None, trigger_mode="multiple", **QUIET)
    stop.click(stop_of(studio), None, None, **QUIET)
    show = still_of(studio, "compare", SCREENS, READY)
    gr.on([task.change, seed.change], show, [task, seed], None, trigger_mode="always_last", **QUIET)
    return [first, second]
