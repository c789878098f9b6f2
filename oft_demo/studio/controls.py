"""Inputs that the tabs have in common."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from oft_demo.errors import checked_seed
from oft_demo.sim import TASKS, wordings
from oft_demo.studio import live
from oft_demo.studio.borrowing import pick
from oft_demo.studio.request import checked_task
from oft_demo.studio.screen import say
from oft_demo.studio.studio import FIRST_SEED, Studio, told

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
TASK_LABELS = {"put_x_into_pot": "put X into pot", "transfer_cube": "transfer cube", "insertion": "insertion"}
RANDOM_SEEDS = 100_000
EXAMPLE_COUNT = 3


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


def example_chips(page: str, task: gr.Dropdown, instruction: gr.Textbox) -> list[gr.Button]:
    """Instructions to click, those of the chosen task."""
    with gr.Row(elem_classes="chips"):
        html("Try")
        chips = [
            gr.Button(text, size="sm", elem_classes="chip", elem_id=f"{page}-example-{index}")
            for index, text in enumerate(wordings.examples(TASKS[0])[:EXAMPLE_COUNT])
        ]
    for chip in chips:
        chip.click(None, chip, instruction, js="(text) => text", **QUIET)
    task.change(lambda name: list(wordings.examples(name)[:EXAMPLE_COUNT]), task, chips, **QUIET)
    task.change(lambda name: wordings.examples(name)[0], task, instruction, **QUIET)
    return chips


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


@dataclass(frozen=True)
class Picking:
    """Loads what is picked and shows its card on a screen."""

    studio: Studio
    picker: gr.Dropdown
    page: str
    screen: str
    ready: str

    def on_change(self) -> None:
        """When another policy is picked, or an address typed."""
        show = self._shower(self.ready)
        self.picker.change(show, self.picker, None, trigger_mode="multiple", **QUIET)  # another pick need not wait

    def at_opening(self, opened: Any) -> None:
        """Once the page is open; only what goes wrong is said."""
        opened.then(self._shower(None), self.picker, None, **QUIET)

    def _shower(self, ready: str | None) -> Any:
        def show(name: str, request: gr.Request) -> None:
            visitor = self.studio.visitor(request)
            with told(visitor, self.page):
                pick(visitor, self.studio.shelf, name, self.page, self.screen, ready)

        return show


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
    seed = gr.Textbox(str(FIRST_SEED), label="Seed of the scene", elem_id=f"{page}-seed", max_lines=1, min_width=100)
    button = gr.Button("New scene", elem_id=f"{page}-new-seed", elem_classes="quiet", min_width=110, scale=0)
    button.click(lambda: str(FIRST_SEED + secrets.randbelow(RANDOM_SEEDS)), None, seed, **QUIET)
    return seed


def still_of(
    studio: Studio, page: str, screens: Sequence[str], ready: str, again: bool = False, opening: bool = False
) -> Any:
    """Shows the scene on `screens`; at the `opening` of the page only if the visitor was not quicker."""

    def show(task: str, seed: str, request: gr.Request) -> None:
        visitor = studio.visitor(request)
        if opening and visitor.busy:
            return
        with told(visitor, page):
            if live.still(visitor, checked_task(task), checked_seed(seed), screens, again):
                say(visitor.board, page, ready)

    return show


def stop_of(studio: Studio) -> Any:
    """Stops whatever the visitor started."""

    def stop(request: gr.Request) -> None:
        studio.visitor(request).stop()

    return stop
