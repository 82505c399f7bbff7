"""The whole page: well-formed, in one file, nothing fetched, everything escaped."""

import re

import numpy as np
import pytest

from freecp_d2.visualization.html import Gallery, LabelMap, Note, Results, render_page, write_page

from .balance import read
from .samples import gallery, page, page_image, results

NASTY = '<script>alert("&")</script>'


def test_it_is_well_formed():
    html = render_page(page())
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    found = read(html)
    for tag in ("header", "main", "footer", "h1", "nav", "style"):
        assert len(found.all(tag)) == 1, tag


def test_nothing_is_fetched_and_nothing_runs():
    html = render_page(page())
    found = read(html)
    assert not re.search(r"https?:|//\w|@import|url\(", html.replace("data:image/png;base64,", ""))
    assert not found.all("script")
    sources = [a.get("src") or a.get("href") for t, a in found.tags if {"src", "href"} & a.keys()]
    assert all(source.startswith(("data:", "#")) for source in sources)


def test_links_lead_to_their_sections():
    found = read(render_page(page()))
    names = {attributes["id"] for _, attributes in found.tags if "id" in attributes}
    links = [a["href"] for a in found.all("a")]
    assert links == ["#numbers", "#images", "#note-0"]
    assert {link[1:] for link in links} <= names


def test_names_are_not_given_twice():
    names = [a["id"] for _, a in read(render_page(page())).tags if "id" in a]
    assert len(names) == len(set(names))


def test_counts():
    found = read(render_page(page()))
    assert len(found.all("img")) == 2 * 4
    assert len(found.all("article")) == 2
    assert all(image["alt"] for image in found.all("img"))


def test_all_data_is_escaped():
    labels = np.zeros((60, 80), dtype=int)
    nasty = page_image(NASTY, maps=(LabelMap(NASTY, labels, NASTY),), note=NASTY)
    html = render_page(
        page(
            title=NASTY,
            kicker=NASTY,
            lead=(NASTY,),
            gallery=gallery(nasty),
            notes=(Note(NASTY, (NASTY,)),),
            facts=((NASTY, NASTY),),
        )
    )
    assert "<script" not in html
    assert read(html).text.count(NASTY) >= 10


def test_photographs_have_no_numbers():
    found = read(render_page(page(results=None, notes=(), facts=())))
    assert not found.all("table")
    assert [a["href"] for a in found.all("a")] == ["#images"]


@pytest.mark.parametrize("truth", [None, np.zeros((60, 80), dtype=int)])
def test_only_a_known_truth_is_spoken_of(truth):
    text = "".join(read(render_page(page(gallery=gallery(page_image(truth=truth))))).text)
    assert ("A word with its colour is in the image" in text) == (truth is not None)


def test_no_images_no_section():
    empty = Gallery(("sky",), ((0, 0, 0),), ())
    assert "The images" not in read(render_page(page(gallery=empty))).text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme):
    """Contrast of at least 4.5, as WCAG 2 asks of small text."""
    html = render_page(page())
    blocks = re.findall(r":root \{(.*?)\}", html, re.S)
    colors = dict(re.findall(r"--(\w+): #(\w{6});", blocks[scheme == "dark"]))
    for ink in ("ink", "soft", "accent", "oracle"):
        for ground in ("paper", "sheet"):
            assert contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color):
    values = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_is_written(tmp_path):
    path = write_page(tmp_path / "new" / "index.html", page())
    assert path.read_text(encoding="utf-8") == render_page(page())


def test_results_without_rows():
    columns = results().columns
    text = render_page(page(results=Results(columns, (), 0)))
    read(text)
    assert all(column.title in text for column in columns)
