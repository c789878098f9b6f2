"""The Compare tab: two policies or two instructions, from the same seed and in step."""

import json
from dataclasses import dataclass
from html import escape

import gradio as gr

from oft_demo.policy_sources import FILM_OFF
from oft_demo.studio import skeleton
from oft_demo.studio.controls import (
    QUIET,
    html,
    instruction_box,
    on_pick,
    policy_picker,
    scene_events,
    seed_box,
    stop_event,
    task_picker,
)
from oft_demo.studio.pairs import LETTERS
from oft_demo.studio.run_commands import READY
from oft_demo.studio.studio import Studio

TRAINED, TRAINED_WITHOUT = "aloha-mini", "aloha-mini-nofilm"
EMPTY = {
    "plot": "Press Run both: from here on the distance between the two plans is drawn, chunk by chunk.",
    "series": "Press Run N seeds: success and following of both, with intervals and a paired test, stand here.",
}
PLOT_HINT = (
    "Mean absolute difference of the two chunks over the six joints of an arm and all rows, at every moment at which "
    "both looked anew. Filled: predicted from the same or nearly the same state; open: after the two had parted."
)
RUN = """(policy_a, policy_b, task, seed, instruction, instruction_b) => window.studio.command(
    {do: "compare", policy_a, policy_b, task, seed, instruction, instruction_b})"""
SERIES = """(policy_a, policy_b, task, seed, instruction, instruction_b, count, own_words) => window.studio.command(
    {do: "series", policy_a, policy_b, task, seed, instruction, instruction_b, count, own_words, resume: false})"""
RESUME = """(count) => window.studio.command({do: "series", count, resume: true})"""


@dataclass(frozen=True)
class Preset:
    """Something that is worth comparing, at one press."""

    name: str
    label: str
    policies: tuple[str, str]
    hint: str


PRESETS = (
    Preset(
        "ablation",
        "FiLM trained / trained without",
        (TRAINED, TRAINED_WITHOUT),
        "The paper's ablation: two trainings on the same data with the same budget, one with FiLM and one without.",
    ),
    Preset(
        "intervention",
        "FiLM on / gamma = beta = 0",
        (TRAINED, TRAINED + FILM_OFF),
        "An intervention in one trained network: the same weights, with gamma = beta = 0 in every vision block on side "
        "B. It shows what this network uses FiLM for; it is not the paper's ablation.",
    ),
    Preset(
        "instructions",
        "Two instructions",
        (TRAINED, TRAINED),
        "One policy, one scene, two instructions: how far the words alone move the plan.",
    ),
)


def build(studio: Studio) -> list[gr.Dropdown]:
    """Lay out the tab and attach its events; returns its pickers of policies."""
    with gr.Row(elem_classes="command"):
        instruction = instruction_box("compare")
        words_b = _instruction_b()
        both = gr.Button("Run both", variant="primary", elem_id="compare-run", min_width=96, scale=1)
        stop = gr.Button("Stop", elem_id="compare-stop", min_width=72, scale=1)
    presets = _presets(studio)
    html(skeleton.chips("compare"))
    with gr.Row(elem_classes="settings"):
        first = policy_picker(studio, "compare-policy-a", "Policy A")
        second = policy_picker(studio, "compare-policy-b", "Policy B", place=1)
        task = task_picker("compare")
        seed = seed_box("compare")
    html(skeleton.status_line("compare", READY["compare"]))
    html(f'<div class="compare-sides">{"".join(map(_side, LETTERS))}</div>')
    html(_apart(), elem_classes="after-settings")
    count, own_words, many, more = _series_controls()
    html(_series(), elem_classes="after-settings")
    load = gr.Button("Show a seed", elem_id="compare-load", elem_classes="hidden-control")

    for preset, button in presets:
        choose = f"(words, other) => window.studioCompare.preset({json.dumps(preset.name)}, words, other)"
        button.click(None, [instruction, words_b], [first, second, words_b], js=choose, **QUIET)
    inputs = [first, second, task, seed, instruction, words_b]
    gr.on([both.click, instruction.submit, words_b.submit], None, inputs, None, js=RUN, **QUIET)
    many.click(None, [*inputs, count, own_words], None, js=SERIES, **QUIET)
    more.click(None, [count], None, js=RESUME, **QUIET)
    stop_event(stop, "compare")
    scene_events("compare", task, seed)
    for letter, picker in zip(LETTERS, (first, second), strict=True):
        on_pick(picker, "compare", f"compare-{letter}")
    explain = "(a, b, words) => window.studioCompare.explain(a, b, words)"
    gr.on([first.change, second.change, words_b.change], None, [first, second, words_b], None, js=explain, **QUIET)
    load.click(None, None, [first, second, seed, instruction, words_b], js="() => window.studioCompare.chosen", **QUIET)
    return [first, second]


def _instruction_b() -> gr.Textbox:
    return gr.Textbox(
        "",
        label="Tell B something else",
        placeholder="empty: the same as A",
        elem_id="compare-instruction-b",
        elem_classes="instruction",
        max_lines=1,
        scale=5,
        min_width=200,
    )


def _presets(studio: Studio) -> list[tuple[Preset, gr.Button]]:
    """Buttons for what can be compared with the policies that are here, and where they are explained."""
    names = studio.shelf.names()
    possible = [preset for preset in PRESETS if set(preset.policies) <= set(names)]
    with gr.Row(elem_classes="compare-presets"):
        html('<span class="say-title">Compare</span>')
        buttons = [
            gr.Button(preset.label, elem_id=f"compare-preset-{preset.name}", elem_classes="chip", min_width=0, scale=0)
            for preset in possible
        ]
    described = {preset.name: {"policies": preset.policies, "hint": preset.hint} for preset in possible}
    html(f'<p class="compare-hint" data-compare="hint" data-presets="{escape(json.dumps(described))}"></p>')
    return list(zip(possible, buttons, strict=True))


def _side(letter: str) -> str:
    """One of the two views: who acts and was told what, the scene, how far it has come."""
    name, title = f"compare-{letter}", letter.upper()
    following = skeleton.TERMS["following"]
    return (
        f'<section class="compare-side" aria-label="Side {title}">'
        f'<h2><span class="compare-letter">{title}</span><span data-slot="{name}-who">&ndash;</span></h2>'
        f"{skeleton.stage(name, f'Side {title}')}"
        f'<div class="compare-readouts"><div class="score" data-slot="{name}-score"></div><dl class="facts">'
        f'<dt><span class="term" tabindex="0" data-tip="{following}">follows the words</span></dt>'
        f'<dd data-slot="{name}-following">&ndash;</dd></dl></div>'
        f"{skeleton.card(name)}</section>"
    )


def _apart() -> str:
    """When the two parted, and the plot of how far their plans lay apart."""
    rows = (
        (
            "parted",
            "joints part",
            "The first moment at which a measured joint of the two differs by more than 0.05 rad.",
        ),
        ("first", "first plans", "How far the first two chunks lie apart: both were predicted from the same state."),
        (
            "plans",
            "plans part",
            "The first chunks that are other movements: more than 0.1 rad apart in the mean of an arm.",
        ),
    )
    facts = "".join(
        f'<dt><span class="term" tabindex="0" data-tip="{tip}">{label}</span></dt>'
        f'<dd data-slot="compare-{key}">&ndash;</dd>'
        for key, label, tip in rows
    )
    return (
        '<section class="compare-apart" aria-label="What sets the two apart">'
        f'<dl class="facts">{facts}</dl>'
        '<div><div class="compare-plot-title"><b>Distance between their plans</b>'
        '<span class="compare-key left"><i></i>left arm</span><span class="compare-key right"><i></i>right arm</span>'
        f'<span class="term" tabindex="0" data-tip="{PLOT_HINT}">how it is measured [rad]</span>'
        '<button type="button" class="exports-button" data-compare-file="distances">Distances, JSON</button></div>'
        f'<div class="compare-plot" data-compare="plot" role="img" aria-label="Distance between the plans over time">'
        f'<p class="empty">{EMPTY["plot"]}</p></div></div>'
        '<div data-exports="compare"></div></section>'
    )


def _series_controls() -> tuple[gr.Textbox, gr.Checkbox, gr.Button, gr.Button]:
    with gr.Row(elem_classes=["settings", "after-settings"]):
        count = gr.Textbox("10", label="Number of seeds", elem_id="compare-count", max_lines=1, min_width=110, scale=1)
        own = gr.Checkbox(True, label="Each seed asks for an object of its own", elem_id="compare-own", scale=3)
        many = gr.Button("Run N seeds", elem_id="compare-many", elem_classes="quiet", min_width=120, scale=1)
        more = gr.Button(
            "Continue", elem_id="compare-resume", elem_classes="quiet", min_width=96, scale=1, interactive=False
        )  # the page's script lets it be pressed once there is a series
    return count, own, many, more


def _series() -> str:
    return (
        f'<div class="compare-series" data-slot="compare-series"><p class="empty">{EMPTY["series"]}</p></div>'
        '<div class="compare-files" data-compare="series-files" hidden><span class="exports-label">Series</span>'
        '<button type="button" class="exports-button" data-compare-file="series-csv">CSV</button>'
        '<button type="button" class="exports-button" data-compare-file="series-json">JSON</button></div>'
        '<div class="table-frame" data-compare="seeds"></div>'
    )
