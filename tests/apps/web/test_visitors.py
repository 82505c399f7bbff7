"""The order and the limits of the queue, without a server."""

import asyncio
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the web page is an extra: pip install -e '.[web]'")

from freecp_d2.apps.web.server import MOST_WAITING, in_turns, share_queue


def event(client, session, name=""):
    request = SimpleNamespace(client=SimpleNamespace(host=client))
    return SimpleNamespace(request=request, session_hash=session, name=name)


@pytest.fixture
def push():
    """A function that puts (client, session) into a shared queue; `push.line` is the queue."""
    line = SimpleNamespace(queue=[])

    async def add(body, request, username):
        line.queue.append(event(request.client.host, body.session_hash))
        return True, "id", "success"

    queue = SimpleNamespace(push=add, event_queue_per_concurrency_id={"model": line})
    share_queue(queue)

    def call(client, session, data=None):
        body = SimpleNamespace(session_hash=session, data=data)
        return asyncio.run(queue.push(body, event(client, session).request, None))

    call.line = line
    return call


def test_clients_take_turns():
    events = [event(c, c, n) for c, n in ("a1", "a2", "a3", "b1", "c1", "b2")]
    assert [e.session_hash + e.name for e in in_turns(events)] == [
        "a1", "b1", "c1", "a2", "b2", "a3",
    ]  # fmt: skip
    assert in_turns([]) == []


def test_a_flood_is_refused_and_others_come_next(push):
    flood = [push("a", "one")[2] for _ in range(100)]
    assert 1 <= flood.count("success") <= 8
    flood += [push("a", f"session{i}")[2] for i in range(100)]
    assert flood.count("success") <= MOST_WAITING // 2
    assert flood[-1] == "queue_full"
    assert push("b", "other")[2] == "success"
    assert push.line.queue[1].session_hash == "other", "after the one that was first"


def test_files_given_by_address_are_refused(push):
    for data in (
        [{"path": "https://example.org/a.png"}],
        ["words", {"files": [{"path": "http://example.org/a.png"}]}],
    ):
        done, reason, kind = push("a", "one", data)
        assert (done, kind) == (False, "error")
        assert "addresses" in reason
    own = {"path": "/tmp/a.png", "url": "http://127.0.0.1/a.png"}
    assert push("a", "one", [own, "https://x"])[0]
