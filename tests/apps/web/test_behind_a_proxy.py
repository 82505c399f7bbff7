"""The page under a prefix of a reverse proxy, and what clients may ask of it."""

import json
import threading
import urllib.error
import urllib.request
from urllib.parse import urlparse

import pytest

from .browser import ROOT, behind_proxy, find_browser, web_page

pytest.importorskip("gradio", reason="the web page is an extra: pip install -e '.[web]'")

pytestmark = pytest.mark.slow  # a page and a browser of its own
WORDS = "sky; field; sheep; road"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """(address of the server, address of the proxy) of one page under /labels/cp."""
    log = tmp_path_factory.mktemp("web") / "log.txt"
    options = ("--vocabulary", WORDS, "--root-path", "/labels/cp/")
    with (
        web_page(log, *options) as server,
        behind_proxy(server, "/labels/cp") as proxy,
    ):
        yield server.rstrip("/"), f"{proxy}/labels/cp"
    assert "Traceback" not in log.read_text()


def get(url, data=None, **headers):
    """(status, text)."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_config_names_the_prefix(page):
    _, proxy = page
    status, text = get(f"{proxy}/config")
    assert status == 200
    assert json.loads(text)["root"] == proxy
    assert get(f"{proxy.removesuffix('/labels/cp')}/config")[0] == 404


def test_a_browser_labels_and_chooses_pixels_under_the_prefix(page):
    browser = find_browser()
    playwright = pytest.importorskip("playwright.sync_api", reason="drives the browser")
    if browser is None:
        pytest.skip("no Chromium or Chrome on the path")
    _, proxy = page
    outside = []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        shown = chromium.new_page()
        shown.on("request", lambda request: outside.append(request.url))
        shown.goto(f"{proxy}/")
        images = shown.locator("#images figure img")
        playwright.expect(images).to_have_count(2, timeout=60_000)
        before = images.first.get_attribute("alt")
        shown.locator(".ask input[type=file]").set_input_files(ROOT / "demo" / "page.png")
        playwright.expect(images.first).not_to_have_attribute("alt", before, timeout=60_000)
        shown.get_by_role("button", name="Drawn page 2 of 4").click()
        playwright.expect(shown.locator(".ask img").first).to_be_visible(timeout=60_000)
        shown.locator("#images .pixels").last.click(position={"x": 40, "y": 30})
        playwright.expect(shown.locator("#pixel")).to_contain_text("column", timeout=60_000)
        chromium.close()
    requested = [url for url in outside if urlparse(url).scheme not in ("data", "blob")]
    assert len(requested) > 5
    assert [url for url in requested if not url.startswith(f"{proxy}/")] == []


def test_no_address_is_fetched_for_a_client(page):
    server, proxy = page
    for base in (server, proxy):
        for target in ("https://example.org/a.png", "HTTPS://example.org/a.png", "ftp://x.org/a"):
            assert get(f"{base}/gradio_api/file={target}")[0] == 403
            assert get(f"{base}/file={target}")[0] == 403
        assert get(f"{base}/gradio_api/proxy=https://x.hf.space/a.png")[0] == 403
        given = {"path": "https://example.org/a.png", "meta": {"_type": "gradio.FileData"}}
        status, text = join(base, "fetcher", data=[given, WORDS, "SCLIP", False, 0, 0, "", None])
        assert status == 400
        assert "no addresses" in text


def model_function(base):
    """The index of a function that runs the model."""
    functions = json.loads(get(f"{base}/config")[1])["dependencies"]
    return next(f["id"] for f in functions if len(f["inputs"]) == 8)


def join(base, session, data=None, address="10.0.0.1"):
    """Put a request for the model into the queue, as a client at that address; (status, text)."""
    data = data or [None, WORDS, "SCLIP", False, 0.01, 0.1, "", None]
    body = {"fn_index": model_function(base), "session_hash": session, "data": data}
    url = f"{base}/gradio_api/queue/join"
    return get(url, json.dumps(body).encode(), **{"X-Forwarded-For": address})


def test_one_client_does_not_lock_out_the_others(page):
    server, _ = page
    statuses = []

    def flood(session):
        statuses.extend(join(server, f"flood{session}")[0] for _ in range(8))

    threads = [threading.Thread(target=flood, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    others = [join(server, f"other{i}", address=f"10.0.0.{i + 2}")[0] for i in range(4)]
    for thread in threads:
        thread.join()
    assert others == [200] * 4
    assert set(statuses) <= {200, 503}
