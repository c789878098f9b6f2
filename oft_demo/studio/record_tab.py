"""The Record tab: make labelled episodes, look at them, correct them, take them away."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from oft_demo.data.layout import EpisodeSummary
from oft_demo.studio import skeleton, takes
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
from oft_demo.studio.request import Request
from oft_demo.studio.screen import say
from oft_demo.studio.studio import Studio
from oft_demo.studio.telling import told
from oft_demo.studio.visitors import Visitor

LISTED = 100  # the newest; a list of all in a large directory would be slow and of no use
EMPTY = (
    "<p class='empty'>No episodes yet. Choose who should do the task, press <b>Record</b>, "
    "and the take appears here with its labels.</p>"
)
READY = "Press Record: the take is kept in data/ as an ALOHA HDF5 file."
PLOT_HINT = "Grey is what the joints did, blue the recorded action: the target that was sent."


@dataclass(frozen=True)
class RecordTab:
    """What the page still has to wire up."""

    relist: Any
    outputs: list[Any]
    picker: gr.Dropdown

    def list_on(self, event: Any) -> None:
        """Read the directory again when `event` happens."""
        event(self.relist, None, self.outputs, **QUIET)


@dataclass(frozen=True)
class Editor:
    """The list of episodes and what belongs to the one that is chosen."""

    chosen: gr.Radio
    note: gr.HTML
    link: gr.HTML
    instruction: gr.Textbox
    success: gr.Checkbox
    play: gr.Button
    save: gr.Button
    delete: gr.Button

    @property
    def outputs(self) -> list[Any]:
        """In the order of `_listing`."""
        return [self.chosen, self.note, self.link, self.instruction, self.success]


def build(studio: Studio) -> RecordTab:
    """Lay out the tab and attach its events."""
    with gr.Row(elem_classes="command"):
        instruction = instruction_box("record")
        start = gr.Button("Record", variant="primary", elem_id="record-run", min_width=96, scale=1)
        stop = gr.Button("Stop", elem_id="record-stop", min_width=72, scale=1)
    html(skeleton.chips("record"))
    with gr.Row(elem_classes="settings"):
        who = policy_picker(studio, "record-policy", "Who does it", place=len(studio.shelf.names()) - 1)
        task = task_picker("record")
        seed = seed_box("record")
    html(skeleton.status_line("record", READY))
    html(skeleton.slot("record-progress"))
    with gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=62, min_width=320, elem_classes="stage-column"):
            html(skeleton.stage("record", "Recording"))
        with gr.Column(scale=38, min_width=300, elem_classes="side-column"):
            html(skeleton.readouts("record", "The three cameras"))
    html(skeleton.card("record"))
    editor = _editor()
    html(skeleton.plot("record-plot", "Recorded joints", PLOT_HINT), elem_classes="after-settings")

    def make(policy: str, task: str, seed: str, instruction: str, request: gr.Request) -> list[Any]:
        visitor = studio.visitor(request)
        name = None
        with told(visitor, "record"):
            asked = Request.parse(task, seed, instruction)
            name = takes.record(visitor, studio.shelf, studio.catalog, policy, asked)
        return _listing(studio, name)

    start.click(make, [who, task, seed, instruction], editor.outputs, trigger_mode="multiple", **QUIET)
    stop_event(stop, "record")
    on_pick(who, "record", "record")
    scene_events("record", task, seed)
    _wire(studio, editor)
    return RecordTab(lambda: _listing(studio, None), editor.outputs, who)


def _editor() -> Editor:
    with gr.Row(elem_classes=["episodes", "after-settings"]):
        with gr.Column(scale=3, min_width=280):
            chosen = gr.Radio([], label="Episodes in data/", elem_id="record-list", elem_classes="episode-list")
            note = html(EMPTY)
        with gr.Column(scale=2, min_width=260):
            instruction = gr.Textbox(label="Instruction of the chosen episode", elem_id="record-label", max_lines=1)
            success = gr.Checkbox(label="It is a success", elem_id="record-success")
            with gr.Row():
                play = gr.Button("Play", elem_id="record-play", min_width=70)
                save = gr.Button("Save labels", elem_id="record-save", min_width=100)
                delete = gr.Button("Delete", elem_id="record-delete", min_width=70)
            link = html("", elem_id="record-download")
    return Editor(chosen, note, link, instruction, success, play, save, delete)


def _wire(studio: Studio, editor: Editor) -> None:
    def choose(name: str | None, request: gr.Request) -> list[Any]:
        found: list[Any] = ["", "", False]
        with told(studio.visitor(request), "record"):
            found = _labels(studio.catalog.summary(name)) if name else found
        return found

    def play(name: str | None, request: gr.Request) -> None:
        visitor = studio.visitor(request)
        with told(visitor, "record"):
            if _something_chosen(visitor, name):
                takes.play(visitor, studio.catalog, str(name))

    def save(name: str | None, instruction: str, success: bool, request: gr.Request) -> list[Any]:
        visitor = studio.visitor(request)
        with told(visitor, "record"):
            if _something_chosen(visitor, name):
                studio.catalog.relabel(str(name), instruction, success)
                say(visitor.board, "record", f"The labels of {name} are saved; its file is unchanged.", "good")
        return _listing(studio, name)

    def delete(name: str | None, request: gr.Request) -> list[Any]:
        visitor = studio.visitor(request)
        with told(visitor, "record"):
            if _something_chosen(visitor, name):
                studio.catalog.delete(str(name))
                say(visitor.board, "record", f"{name} is now in data/.trash, from where it can be taken back.")
        return _listing(studio, None)

    editor.chosen.input(choose, editor.chosen, editor.outputs[2:], **QUIET)
    editor.play.click(play, editor.chosen, None, trigger_mode="multiple", **QUIET)
    editor.save.click(save, [editor.chosen, editor.instruction, editor.success], editor.outputs, **QUIET)
    editor.delete.click(delete, editor.chosen, editor.outputs, **QUIET)


def _something_chosen(visitor: Visitor, name: str | None) -> bool:
    if not name:
        say(visitor.board, "record", "No episode is chosen. Click one in the list, or record one first.", "warn")
    return bool(name)


def _listing(studio: Studio, name: str | None) -> list[Any]:
    """Values of the editor's outputs with `name`, or else the newest episode, chosen."""
    summaries = studio.catalog.episodes()
    shown = list(reversed(summaries[-LISTED:]))
    known = {summary.name: summary for summary in summaries}
    chosen = known.get(name or "") or (shown[0] if shown else None)
    choices = [(_line(summary), summary.name) for summary in shown]
    labels = _labels(chosen) if chosen else ["", "", False]
    return [gr.Radio(choices, value=chosen.name if chosen else None), _note(studio, len(summaries)), *labels]


def _labels(summary: EpisodeSummary) -> list[Any]:
    name = escape(summary.name)
    link = f'<a class="download" href="/studio/episodes/{name}" download>Download {name}.hdf5</a>'
    return [link, summary.instruction, summary.success]


def _line(summary: EpisodeSummary) -> str:
    outcome = "success" if summary.success else "failure"
    pictures = "" if summary.has_pictures else ", states only"
    return (
        f"{summary.name}: {summary.instruction} - {outcome}, {summary.source}, seed {summary.seed}, "
        f"{summary.seconds:.1f} s{pictures}"
    )


def _note(studio: Studio, count: int) -> str:
    damaged = "".join(f"<p class='bad'>{escape(each.reason)}</p>" for each in studio.catalog.damaged())
    if not count:
        return EMPTY + damaged
    episodes = "1 episode" if count == 1 else f"{count} episodes"
    newest = f", the newest {LISTED} are listed" if count > LISTED else ""
    return f"<p class='empty'>{episodes}{newest}.</p>{damaged}"
