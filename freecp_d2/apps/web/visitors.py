"""What a visitor may ask of the server: a share of the queue, and no fetching of addresses."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gradio.queueing import Event, Queue
from gradio_client.utils import is_http_url_like
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_WAITING = 64
"""Requests in the queue, of all visitors."""
_MOST_OF_A_VISIT, _MOST_OF_A_CLIENT = 4, 32
"""The share of one opened page, which has no more than two by itself, and of one address."""

_FETCHES = re.compile(r"/(file=[a-z][a-z0-9+.-]+:|proxy=)", re.IGNORECASE)


class WithoutFetching:
    """
    Middleware that refuses Gradio's routes that fetch an address for whoever asks.

    `/gradio_api/file=https://...` would make the server an open proxy.
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
