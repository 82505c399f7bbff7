"""The page before a browser opens it: what is offered, to whom, and what it tells of itself."""

import pytest

pytest.importorskip("gradio", reason="the web page is an extra: pip install -e '.[web]'")

from freecp_d2.apps.web.appearance import page_head, page_theme
from freecp_d2.apps.web.examples import PAGES, drawn_page, thumbnails
from freecp_d2.apps.web.labelling import Labeller
from freecp_d2.apps.web.messages import embedded_notice
from freecp_d2.apps.web.methods import build_predictors
from freecp_d2.apps.web.page import build_page
from freecp_d2.text import shipped_vocabularies


@pytest.fixture
def config(labeller):
    return build_page(labeller).get_config_file()


def props(config, kind):
    return [c["props"] for c in config["components"] if c["type"] == kind]


def test_what_is_offered(config):
    (image,) = props(config, "image")
    assert image["sources"] == ["upload", "webcam"]
    assert image.get("value") is None, "a drawn page is for the weights that know some"
    (words,) = props(config, "textbox")
    assert words["value"] == "background: sky; cat, kitten; dog; tree"
    (method,) = props(config, "radio")
    assert [name for name, _ in method["choices"]] == ["SCLIP", "MaskCLIP", "GEM", "ClearCLIP"]
    (listed,) = props(config, "dropdown")
    assert [name for name, _ in listed["choices"]] == [*shipped_vocabularies()]
    found = [(s["minimum"], s["maximum"], s["value"]) for s in props(config, "slider")]
    assert found == [(0, 0.5, 0.01), (0, 1, 0.3)]
    assert [found["value"] for found in props(config, "checkbox")] == [False]


def test_thresholds_of_the_config_may_be_automatic(small_cfg):
    for name in ("REDUNDANCY", "AMBIGUITY"):
        small_cfg.MODEL.PURIFICATION_HEAD[name].MODE = "auto"
    config = build_page(Labeller(build_predictors(small_cfg))).get_config_file()
    assert [found["value"] for found in props(config, "checkbox")] == [True]
    assert [found["interactive"] for found in props(config, "slider")] == [False, False]


def test_every_control_has_a_name(config):
    for kind in ("image", "textbox", "radio", "dropdown", "checkbox", "slider"):
        assert all(found["label"] for found in props(config, kind))


def test_it_calls_nobody(labeller):
    page = build_page(labeller)
    assert not page.analytics_enabled
    theme = page_theme()
    assert not theme._stylesheets
    assert "http" not in page_head().replace("http://www.w3.org", "")


def test_the_model_has_one_queue(labeller):
    page = build_page(labeller)
    limited = [fn for fn in page.fns.values() if fn.concurrency_id == "model"]
    assert len(limited) == 2
    assert all(fn.concurrency_limit == 1 for fn in limited)


def test_only_the_weights_of_the_package_are_warned_of():
    assert embedded_notice(False) == ""
    assert "drawn pages only" in embedded_notice(True)


def test_a_button_for_each_drawn_page():
    html = thumbnails()
    assert html.count("<button") == len(PAGES) == 4
    assert html.count('aria-label="Drawn page') == 4
    assert {drawn_page(i).shape for i in range(4)} == {(192, 256, 3)}
