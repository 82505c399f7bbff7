"""The page on a port of this machine; nothing of it goes anywhere else."""

import logging
from collections.abc import Callable

from .appearance import page_head, page_theme
from .labelling import Labeller
from .page import build_page

__all__ = ["serve"]

_MOST_WAITING, _MOST_VISITORS = 64, 64


def serve(
    labeller: Labeller,
    announce: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
) -> None:
    """
    Serve the page until the process is interrupted.

    Args:
        labeller: the models.
        announce: is told the page's address once it can be opened.
        host: "127.0.0.1" for this machine alone, "0.0.0.0" for all that reach it.
        port: None for the first free one from 7860 on.

    Raises:
        OSError: the port is taken.
    """
    # What is odd about a visitor's words the page tells the visitor, not the log.
    logging.getLogger("freecp_d2.text").setLevel(logging.ERROR)
    page = build_page(labeller)
    page.queue(max_size=_MOST_WAITING)
    _, url, _ = page.launch(
        server_name=host,
        server_port=port,
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
    announce(url)
    page.block_thread()
