"""The page: its head, its tabs and what happens when it is opened and closed."""

from typing import Any

import gradio as gr
import plotly
from gradio import themes

from oft_demo.run_settings import RunSettings
from oft_demo.studio import compare_tab, episodes_tab, listen_tab, record_tab, run_tab, skeleton
from oft_demo.studio.controls import QUIET, html
from oft_demo.studio.studio import Studio
from oft_demo.studio.telling import told
from oft_demo.studio.visitors import Visitor

CONNECT = "(ticket) => { (window.studioTickets ??= []).push(ticket); window.studio?.connect(ticket); }"
STYLES = ("studio", "run", "view3d", "inspector", "exports", "compare", "listen", "record", "episodes")
SCRIPTS = ("run", "views", "inspector", "exports", "compare", "listen", "record", "episodes")
HEAD = "\n".join(
    (
        *(f'<link rel="stylesheet" href="/studio/web/{name}.css">' for name in STYLES),
        f'<script>window.studioPlotly = "/studio/plotly-{plotly.__version__}.js";</script>',
        skeleton.wordings_script(),
        '<script src="/studio/web/studio.js" defer></script>',
        *(f'<script type="module" src="/studio/web/{name}.js"></script>' for name in SCRIPTS),
    )
)
SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
SYSTEM_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def build_page(studio: Studio) -> gr.Blocks:
    """The gradio page with its events."""
    with gr.Blocks(title="OFT Demo", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as page:
        html(skeleton.HEADER)
        ticket = gr.Textbox(visible=False)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Run", id="run", render_children=True):
                run = run_tab.build(studio)
            with gr.Tab("Compare", id="compare", render_children=True):
                compared = compare_tab.build(studio)
            with gr.Tab("Does it listen?", id="listen", render_children=True):
                listened = listen_tab.build(studio)
            with gr.Tab("Record", id="record", render_children=True):
                driver = record_tab.build(studio)
            with gr.Tab("Episodes", id="episodes", render_children=True):
                episodes_tab.build(studio)
        html(skeleton.terms())
        html(skeleton.overlays())

        def welcome(request: gr.Request) -> list[Any]:
            visitor = studio.visitor(request)
            return [visitor.ticket, *opened_with(studio, visitor, request)]

        def goodbye(request: gr.Request) -> None:
            studio.visitors.release(str(request.session_hash))

        opened = page.load(welcome, None, [ticket, *run], **QUIET)
        opened.then(None, ticket, None, js=CONNECT)
        pickers = [*compared, *listened]

        def listed() -> list[gr.Dropdown]:
            names = gr.Dropdown(choices=list(studio.shelf.names()))
            return [gr.Dropdown(choices=record_tab.drivers(studio)), *[names] * len(pickers)]

        opened.then(listed, None, [driver, *pickers], **QUIET)
        page.unload(goodbye)
    return page.queue(default_concurrency_limit=None)


def opened_with(studio: Studio, visitor: Visitor, request: gr.Request) -> list[Any]:
    """What the inputs of the Run tab show at first: what a link asked for, else what they show anyway."""
    names = list(studio.shelf.names())
    query = dict(request.query_params)
    if "task" not in query:
        return [gr.Dropdown(choices=names), *[gr.skip()] * 5]
    with told(visitor, "run"):
        asked = visitor.opening = RunSettings.from_query(str(request.query_params))
        rows = "" if asked.replan_after is None else str(asked.replan_after)
        policy = gr.Dropdown(choices=names, value=asked.policy)
        return [policy, asked.task, str(asked.seed), asked.instruction, rows, asked.ensemble]
    return [gr.Dropdown(choices=names), *[gr.skip()] * 5]


def page_options(studio: Studio) -> dict[str, Any]:
    """How gradio serves the page: no outside fonts, no links to an API, nothing kept of a visit."""
    theme = themes.Base(
        primary_hue=themes.colors.orange,
        secondary_hue=themes.colors.slate,
        neutral_hue=themes.colors.slate,
        radius_size=themes.sizes.radius_sm,
        spacing_size=themes.sizes.spacing_sm,
        text_size=themes.sizes.text_md,
        font=SYSTEM_FONTS,
        font_mono=SYSTEM_MONO,
    )
    return {
        "server_name": studio.settings.host,
        "server_port": studio.settings.port,
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "mcp_server": False,
        "theme": theme,
        "head": HEAD,
    }
