"""Inputs that the tabs have in common."""

import json
import secrets
from typing import Any

import gradio as gr

from oft_demo.sim import TASKS, wordings
from oft_demo.studio.studio import FIRST_SEED, Studio

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
TASK_LABELS = {"put_x_into_pot": "put X into pot", "transfer_cube": "transfer cube", "insertion": "insertion"}
RANDOM_SEEDS = 100_000


def html(value: str, **more: Any) -> gr.HTML:
    """HTML with the page's own looks, not those of gradio's running text."""
    return gr.HTML(value, apply_default_css=False, js_on_load=None, **more)


def instruction_box(page: str) -> gr.Textbox:
    """Where the robot is told what to do."""
    return gr.Textbox(
        wordings.examples(TASKS[0])[0],
        label="Tell the robot what to do",
        placeholder="for example: put the red pepper into the pot",
        elem_id=f"{page}-instruction",
        elem_classes="instruction",
        max_lines=1,
        scale=8,
        min_width=260,
    )


def policy_picker(studio: Studio, page: str, label: str, place: int = 0) -> gr.Dropdown:
    """A list of the policies, into which an address can be typed too; `place` is the one chosen at first."""
    names = studio.shelf.names()
    return gr.Dropdown(
        list(names),
        value=names[min(place, len(names) - 1)],
        label=f"{label}, or a server's address",
        elem_id=page,
        elem_classes="policy",
        allow_custom_value=True,
        min_width=180,
        scale=3,
    )


def on_pick(picker: gr.Dropdown, page: str, screen: str) -> None:
    """Load what is picked, or the address that was typed, and show its card on a screen."""
    command = json.dumps({"do": "pick", "page": page, "screen": screen})
    picker.change(None, picker, None, js=f"(policy) => window.studio.command({{...{command}, policy}})", **QUIET)


def task_picker(page: str) -> gr.Dropdown:
    """A list of the tasks."""
    return gr.Dropdown(
        [(TASK_LABELS.get(name, name), name) for name in TASKS],
        value=TASKS[0],
        label="Task",
        elem_id=f"{page}-task",
        filterable=False,
        min_width=140,
        scale=2,
    )


def seed_box(page: str) -> gr.Textbox:
    """The seed of the scene, and a button that draws another one."""
    seed = gr.Textbox(str(FIRST_SEED), label="Seed", elem_id=f"{page}-seed", max_lines=1, min_width=80)
    button = gr.Button("New scene", elem_id=f"{page}-new-seed", elem_classes="quiet", min_width=100, scale=0)
    button.click(lambda: str(FIRST_SEED + secrets.randbelow(RANDOM_SEEDS)), None, seed, **QUIET)
    return seed


def scene_events(page: str, task: gr.Dropdown, seed: gr.Textbox) -> None:
    """Show the scene when another task or seed is chosen."""
    name = json.dumps(page)
    of_task = f"(task, seed) => window.studioRun.task({name}, task, seed)"
    of_seed = f"(task, seed) => window.studioRun.scene({name}, task, seed, false)"
    task.change(None, [task, seed], None, js=of_task, **QUIET)
    seed.change(None, [task, seed], None, js=of_seed, **QUIET)


def stop_event(button: gr.Button, page: str) -> None:
    """Stop whatever the visitor started."""
    button.click(
        None, None, None, js=f"() => window.studio.command({json.dumps({'do': 'stop', 'page': page})})", **QUIET
    )
