"""The page: its head, its three tabs and what happens when it is opened and closed."""

from typing import Any

import gradio as gr
import plotly
from gradio import themes

from oft_demo.studio import compare_tab, record_tab, run_tab, skeleton
from oft_demo.studio.controls import QUIET, html
from oft_demo.studio.studio import Studio

FIGURE_SLOTS = ("run-plot", "compare-plot", "record-plot")
CONNECT = "(ticket) => { (window.studioTickets ??= []).push(ticket); window.studio?.connect(ticket); }"
HEAD = f"""
<link rel="stylesheet" href="/studio/web/studio.css">
<script>window.studioPlotly = "/studio/plotly-{plotly.__version__}.js";</script>
<script src="/studio/web/studio.js" defer></script>
"""
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
            with gr.Tab("Record", id="record", render_children=True) as record:
                episodes = record_tab.build(studio)
        html(skeleton.terms())

        def welcome(request: gr.Request) -> str:
            visitor = studio.visitor(request)
            studio.welcome(visitor)
            return visitor.ticket

        def goodbye(request: gr.Request) -> None:
            studio.visitors.release(str(request.session_hash))

        opened = page.load(welcome, None, ticket, **QUIET)
        opened.then(None, ticket, None, js=CONNECT)
        pickers = [run.picking.picker, *compared, episodes.picker]
        opened.then(lambda: [gr.Dropdown(choices=list(studio.shelf.names()))] * len(pickers), None, pickers, **QUIET)
        run.show_still(opened)
        episodes.list_on(record.select)
        page.unload(goodbye)
    return page.queue(default_concurrency_limit=None)


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
