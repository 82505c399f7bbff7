"""Serve the page on a port of this machine, in the colours of the HTML report."""

import logging
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from ...visualization.html import page as report_page
from .labelling import Labeller
from .page import STYLE, build_page
from .visitors import MOST_WAITING, WithoutFetching, share_queue

_MOST_VISITORS = 64
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial")
_COLORS = {
    ("#faf5ea", "#1d1916"): "body_background_fill background_fill_secondary",
    ("#fffdf7", "#27221d"): "background_fill_primary block_background_fill "
    "block_label_background_fill",
    ("#2e2721", "#efe6d8"): "body_text_color block_title_text_color",
    ("#6d6155", "#b5a795"): "body_text_color_subdued block_label_text_color block_info_text_color",
    ("#e2d7c3", "#443b32"): "block_border_color border_color_primary input_border_color",
    ("#a84525", "#f0936a"): "border_color_accent input_border_color_focus slider_color "
    "checkbox_background_color_selected checkbox_border_color_selected "
    "button_primary_background_fill",
    ("#8f3a1f", "#f5ab89"): "button_primary_background_fill_hover",
    ("#ffffff", "#1d1916"): "input_background_fill",
    ("#fffdf7", "#1d1916"): "checkbox_label_background_fill button_primary_text_color",
    ("#f6e5d2", "#40301f"): "checkbox_label_background_fill_selected",
}
"""(light, dark) -> variables of Gradio's theme."""


def serve(labeller: Labeller, *, host: str, port: int | None, root_path: str = "") -> None:
    """
    Serve the page until the process is interrupted, and print its address.

    Args:
        host: "127.0.0.1" for this machine alone, "0.0.0.0" for all that reach it.
        port: None for the first free one from 7860 on.
        root_path: where a proxy shows the page, such as "/freecp", or the whole address.

    Raises:
        OSError: the port is taken.
    """
    # The page shows warnings about a visitor's words to the visitor; keep them out of the log.
    logging.getLogger("freecp_d2.text").setLevel(logging.ERROR)
    page = build_page(labeller)
    page.queue(max_size=MOST_WAITING)
    share_queue(page._queue)
    _, url, _ = page.launch(
        server_name=host,
        server_port=port,
        root_path=root_path,
        app_kwargs={"middleware": [Middleware(WithoutFetching)]},
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        max_file_size="64mb",
        state_session_capacity=_MOST_VISITORS,
        enable_monitoring=False,
        run_history=False,
        ssr_mode=False,
        theme=page_theme(),
        head=page_head(),
    )
    print(f"The page is at {url} (Ctrl+C ends it).", flush=True)
    page.block_thread()


def page_head() -> str:
    """A style element: the report's rules for images, scoped to `.freecp`, and the page's own."""
    images = Path(report_page.__file__).parent / "style" / "images.css"
    rules = f".freecp {{\n{images.read_text(encoding='utf-8')}\n}}"
    return f"<style>{rules}\n{(STYLE / 'page.css').read_text(encoding='utf-8')}</style>"


def page_theme() -> gr.themes.Base:
    """Gradio's components in the report's colours, with system fonts, which need no download."""
    theme = gr.themes.Base(
        font=[*_SANS, "sans-serif"], font_mono=["ui-monospace", "Consolas", "monospace"]
    )
    values = {"color_accent": "#a84525", "input_border_width": "1px"}
    for (light, dark), names in _COLORS.items():
        for name in names.split():
            values |= {name: light, f"{name}_dark": dark}
    theme.set(**values)
    return theme
