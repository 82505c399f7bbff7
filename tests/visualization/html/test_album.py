"""Entries of an album: large or as cards, with words, links and names."""

import numpy as np
import pytest

from freecp_d2.modeling.purification.summary import Purification, WordSummary
from freecp_d2.visualization.html import AlbumEntry, Shown, album, album_entry
from freecp_d2.visualization.html.album import album_overview
from freecp_d2.visualization.html.words import purification_notes

from .balance import read
from .samples import purification

IMAGE = np.zeros((60, 80, 3), dtype=np.uint8)
LABELS = np.zeros((60, 80), dtype=np.int32)


def entry(**changes):
    given = {
        "title": "a page",
        "shown": (Shown("Image", IMAGE), Shown("Labels", IMAGE, LABELS)),
        "class_names": ("sky",),
        "legend": (((1, 2, 3), "sky", "100 %"),),
        "purification": purification(),
        "colors": {"cat": (1, 2, 3)},
        "links": (("Overlay", "a_overlay.jpg"),),
    }
    return AlbumEntry(**(given | changes))


@pytest.mark.parametrize("compact", [False, True])
def test_all_is_there_once(compact):
    found = read(album([album_entry(entry(), compact)], compact))
    assert [image["alt"] for image in sorted(found.all("img"), key=lambda a: a["alt"])] == [
        "a page: labels",
        "a page: image",
    ]
    assert all((image["width"], image["height"]) == ("80", "60") for image in found.all("img"))
    assert found.text.count("a page") == 1
    assert [a["href"] for a in found.all("a")] == ["a_overlay.jpg"]
    assert len(found.all("text")) == 1
    assert "dog" in found.text


def test_a_card_shows_the_labels_and_folds_the_rest():
    html = album_entry(entry(), compact=True)
    labels, folded = html.index("a page: labels"), html.index("<details>")
    assert labels < folded < html.index("a page: image")
    assert html.index("Overlay") > folded


def test_without_words_there_is_only_the_image():
    found = read(album_entry(entry(purification=None), compact=True))
    assert "Image" in found.text
    assert not found.all("section")


def test_what_is_high_and_narrow_is_no_longer_than_the_screen():
    high = Shown("Image", np.zeros((500, 10, 3), dtype=np.uint8))
    assert "max-width: min(100%, 1.6vh)" in album_entry(entry(shown=(high,)))


def test_an_overview_folds_what_is_beyond():
    rows = [((k, k, k), f"word {k}", "1 %") for k in range(35)]
    found = read(album_overview(rows, most=30))
    assert len(found.all("li")) == 35
    assert found.text.count("5 more") == 1


def test_words_that_are_only_counted():
    words = tuple(WordSummary(f"word {k}", 1, 1, 0.0, 0.0) for k in range(40))
    whole = purification_notes(Purification(words, ()), {})
    short = purification_notes(Purification(words, ()), {}, whole=False)
    assert whole.count("<li") == 40
    assert short.count("<li") == 16
    assert "24 more" in read(short).text
