"""Entries of an album: large or as cards, with words, links and names."""

import numpy as np
import pytest

from freecp_d2.apps.segment.gallery import album_entry, album_overview

from ...visualization.html.balance import read
from ...visualization.html.samples import purification

IMAGE = np.zeros((60, 80, 3), dtype=np.uint8)
LABELS = np.zeros((60, 80), dtype=np.int32)
ENTRY = {
    "title": "a page",
    "images": [("Image", IMAGE, None), ("Labels", IMAGE, LABELS)],
    "class_names": ("sky",),
    "legend": (((1, 2, 3), "sky", "100 %"),),
    "purification": purification(),
    "colors": {"cat": (1, 2, 3)},
    "links": (("Overlay", "a_overlay.jpg"),),
}


@pytest.mark.parametrize("compact", [False, True])
def test_every_part_occurs_once(compact):
    found = read(album_entry(**ENTRY, compact=compact))
    assert {image["alt"] for image in found.all("img")} == {"a page: image", "a page: labels"}
    assert len(found.all("img", width="80", height="60")) == len(found.all("img")) == 2
    assert found.text.count("a page") == 1
    assert [a["href"] for a in found.all("a")] == ["a_overlay.jpg"]
    assert len(found.all("text")) == 1
    assert {"dog", "100 %"} <= set(found.text)


def test_a_card_folds_all_but_the_labels():
    html = album_entry(**ENTRY, compact=True)
    labels, folded = html.index("a page: labels"), html.index("<details>")
    assert labels < folded < html.index("a page: image")
    assert html.index("Overlay") > folded
    found = read(album_entry(**ENTRY | {"purification": None}, compact=True))
    assert "Image" in found.text
    assert not found.all("section")


def test_a_tall_image_is_not_higher_than_the_screen():
    high = ("Image", np.zeros((500, 10, 3), dtype=np.uint8), None)
    assert "max-width: min(100%, 1.6vh)" in album_entry(**ENTRY | {"images": [high]})


def test_an_overview_folds_a_long_list():
    found = read(album_overview([((k, k, k), f"word {k}", "1 %") for k in range(35)]))
    assert len(found.all("li")) == 35
    assert found.text.count("5 more") == 1
