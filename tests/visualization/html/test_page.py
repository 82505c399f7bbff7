"""The whole page: well-formed, in one file, without network access, all data escaped."""

import re

import numpy as np

from freecp_d2.visualization.html.page import render_page
from freecp_d2.visualization.html.page_content import Note

from .balance import read
from .samples import gallery, page, page_image

NASTY = '<script>alert("&")</script>'


def test_it_is_well_formed():
    html = render_page(page())
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    found = read(html)
    for tag in ("header", "main", "footer", "h1", "nav", "style"):
        assert len(found.all(tag)) == 1, tag
    assert len(found.all("article")) == 2
    assert len(found.all("img")) == 2 * 4
    names = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert [a["href"] for a in found.all("a")] == ["#numbers", "#images", "#note-0"]
    assert names == ["numbers", "images", "note-0"]


def test_it_loads_nothing_and_has_no_scripts():
    html = render_page(page())
    found = read(html)
    assert not re.search(r"https?:|//\w|@import|url\(", html.replace("data:image/png;base64,", ""))
    assert not found.all("script")
    sources = [a.get("src") or a.get("href") for t, a in found.tags if {"src", "href"} & a.keys()]
    assert all(source.startswith(("data:", "#")) for source in sources)


def test_all_data_is_escaped():
    nasty = page_image(NASTY, maps={NASTY: np.zeros((60, 80), dtype=int)})
    texts = {"title": NASTY, "kicker": NASTY, "lead": (NASTY,), "facts": ((NASTY, NASTY),)}
    html = render_page(page(gallery=gallery(nasty), notes=(Note(NASTY, (NASTY,)),), **texts))
    assert "<script" not in html
    assert read(html).text.count(NASTY) >= 8


def test_text_has_enough_contrast():
    """At least 4.5, which WCAG 2 requires for small text; the schemes are light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", render_page(page()), re.S)
    for scheme in blocks[:2]:
        colors = dict(re.findall(r"--(\w+): #(\w{6});", scheme))
        for ink in ("ink", "soft", "accent", "oracle"):
            for ground in ("paper", "sheet"):
                light = sorted((luminance(colors[ink]), luminance(colors[ground])))
                assert (light[1] + 0.05) / (light[0] + 0.05) >= 4.5, (ink, ground)


def luminance(color):
    values = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
