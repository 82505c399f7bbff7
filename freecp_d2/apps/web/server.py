"""
Serve the page on a port of this machine, in the colours of the HTML report.

Visitors have a share of the queue, and the server fetches no addresses for them.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.queueing import Event, Queue
from gradio_client.utils import is_http_url_like
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ...visualization.html import page as report_page
from .labelling import Labeller
from .page import STYLE, build_page

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

MOST_WAITING = 64
"""Requests in the queue, of all visitors."""

_MOST_OF_A_VISIT, _MOST_OF_A_CLIENT = 4, 32
"""The share of one opened page, which has no more than two by itself, and of one address."""

_FETCHES = re.compile(r"/(file=[a-z][a-z0-9+.-]+:|proxy=)", re.IGNORECASE)


def serve(labeller: Labeller, *, host: str, port: int | None, root_path: str = "") -> None:
    """
    Serve the page until the process is interrupted, and print its address.

    Args:
        port: None for the first free one from 7860 on; OSError if it is taken.
        root_path: where a proxy shows the page, such as "/freecp", or the whole address.
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


class WithoutFetching:
    """
    Middleware that refuses Gradio's routes that fetch an address for whoever asks, such as
    `/gradio_api/file=https://...`, which would make the server an open proxy.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and _FETCHES.search(scope["path"]):
            app = PlainTextResponse("This page fetches no addresses.\n", status_code=403)
        await app(scope, receive, send)


def share_queue(queue: Queue) -> None:
    """
    Let the clients of a queue take turns, and refuse what exceeds a client's share of it.

    Files given by their address are refused, too: Gradio would download them.
    A client is an address; behind a proxy on this machine, the one in `X-Forwarded-For`.
    """
    push = queue.push

    async def push_fairly(body: Any, request: Any, username: str | None) -> Any:
        waiting = [e for each in queue.event_queue_per_concurrency_id.values() for e in each.queue]
        of_visit = sum(event.session_hash == body.session_hash for event in waiting)
        of_client = sum(_client(event.request) == _client(request) for event in waiting)
        if of_visit >= _MOST_OF_A_VISIT or of_client >= _MOST_OF_A_CLIENT:
            return False, "Too many requests of yours are waiting; try again later.", "queue_full"
        if any(map(is_http_url_like, _paths(body.data))):
            return False, "This page fetches no addresses; upload the file.", "error"
        result = await push(body, request, username)
        for each in queue.event_queue_per_concurrency_id.values():
            each.queue[:] = in_turns(each.queue)
        return result

    setattr(queue, "push", push_fairly)  # noqa: B010 - mypy refuses an assignment


def in_turns(events: list[Event]) -> list[Event]:
    """The first event of each client, then the second of each, and so on; otherwise in order."""
    seen: Counter[str] = Counter()
    turns = []
    for event in events:
        turns.append(seen[_client(event.request)])
        seen[_client(event.request)] += 1
    order = sorted(range(len(events)), key=turns.__getitem__)
    return [events[i] for i in order]


def _paths(data: Any) -> Iterator[str]:
    """The paths of all files in the data of a request."""
    if isinstance(data, dict):
        yield str(data.get("path", ""))
        data = list(data.values())
    for value in data if isinstance(data, list) else ():
        yield from _paths(value)


def _client(request: Any) -> str:
    return request.client.host if request is not None and request.client else ""
