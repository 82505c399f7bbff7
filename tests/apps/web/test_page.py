"""The page before a browser opens it: its controls, its queue, its requests."""

import pytest

pytest.importorskip("gradio", reason="the web page is an extra: pip install -e '.[web]'")

from freecp_d2.apps.web.labelling import Labeller, build_predictors
from freecp_d2.apps.web.page import PAGES, build_page, drawn_page, thumbnails
from freecp_d2.apps.web.server import page_head, page_theme
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
