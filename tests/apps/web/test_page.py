"""The page before a browser opens it: its controls, its queue, its requests."""

import asyncio
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the web page is an extra: pip install -e '.[web]'")

from freecp_d2.apps.web.labelling import Labeller, build_predictors
from freecp_d2.apps.web.page import PAGES, build_page, drawn_page, thumbnails
from freecp_d2.apps.web.server import (
    MOST_WAITING,
    in_turns,
    page_head,
    page_theme,
    share_queue,
)
from freecp_d2.text import shipped_vocabularies


def props(config, kind):
    return [c["props"] for c in config["components"] if c["type"] == kind]


def test_controls(labeller):
    config = build_page(labeller).get_config_file()
    (image,) = props(config, "image")
    assert image["sources"] == ["upload", "webcam"]
    assert image.get("value") is None, "drawn pages are for the weights of the package"
    assert "drawn pages only" not in str(config)
    words, bands = props(config, "textbox")
    assert bands["value"] == ""
    assert words["value"] == "background: sky; cat, kitten; dog; tree"
    (method,) = props(config, "radio")
    assert [name for name, _ in method["choices"]] == ["SCLIP", "MaskCLIP", "GEM", "ClearCLIP"]
    (listed,) = props(config, "dropdown")
    assert [name for name, _ in listed["choices"]] == [*shipped_vocabularies()]
    found = [(s["minimum"], s["maximum"], s["value"]) for s in props(config, "slider")]
    assert found == [(0, 0.5, 0.01), (0, 1, 0.3)]
    assert [found["value"] for found in props(config, "checkbox")] == [False]
    for kind in ("image", "textbox", "radio", "dropdown", "checkbox", "slider"):
        assert all(found["label"] for found in props(config, kind))


def test_automatic_thresholds_of_the_config(small_cfg):
    for name in ("REDUNDANCY", "AMBIGUITY"):
        small_cfg.MODEL.PURIFICATION_HEAD[name].MODE = "auto"
    labeller = Labeller(build_predictors(small_cfg), is_embedded=True)
    config = build_page(labeller).get_config_file()
    assert [found["value"] for found in props(config, "checkbox")] == [True]
    assert [found["interactive"] for found in props(config, "slider")] == [False, False]
    assert "drawn pages only" in str(config)


def test_it_makes_no_requests_and_the_model_has_one_queue(labeller):
    page = build_page(labeller)
    limits = [fn.concurrency_limit for fn in page.fns.values() if fn.concurrency_id == "model"]
    assert limits == [1, 1]
    assert not page.analytics_enabled
    assert not page_theme()._stylesheets
    assert "http" not in page_head().replace("http://www.w3.org", "")


def test_a_button_for_each_drawn_page():
    html = thumbnails()
    assert html.count("<button") == html.count('aria-label="Drawn page') == len(PAGES) == 4
    assert {drawn_page(i).shape for i in range(4)} == {(192, 256, 3)}


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
