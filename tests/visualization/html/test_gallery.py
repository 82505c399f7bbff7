"""Images of the gallery: how many, what is written below and in them."""

import base64
import io

import numpy as np
from PIL import Image

from freecp_d2.visualization.html.gallery import gallery_section

from .balance import read
from .samples import gallery, page_image


def section(*pictures, **options):
    return read(gallery_section(gallery(*pictures), **options))


def test_four_images_with_words_for_those_who_cannot_see():
    images = section().all("img")
    assert [image["alt"] for image in images] == [
        "A page: the image",
        "A page: the classes of its pixels, Ground truth",
        "A page: the classes of its pixels, base",
        "A page: the classes of its pixels, purified",
    ]


def test_accuracy_of_every_map_but_the_truth():
    text = section().text
    assert [t for t in text if "right" in t] == ["50 % of pixels right", "100 % of pixels right"]


def test_a_photograph_has_neither_truth_nor_accuracy():
    found = section(page_image(truth=None))
    assert len(found.all("img")) == 3
    assert not [t for t in found.text if "right" in t]
    assert "Colours" in found.text


def test_an_image_alone():
    found = section(page_image(truth=None, maps=(), purification=None))
    assert len(found.all("img")) == 1


def test_legend_tells_true_words_from_others():
    text = section(page_image(purification=None)).text
    start = text.index("In the image")
    assert text[start:] == [
        *("In the image", "sky", "cat"),
        *("Labelled, but not in the image", "dog"),
    ]


def test_names_are_in_the_maps():
    found = section()
    assert len(found.all("text")) == 3 * 2
    assert len(found.all("svg", **{"aria-hidden": "true"})) == 3


def test_large_images_are_shown_smaller():
    large = page_image(
        image=np.zeros((600, 800, 3), dtype=np.uint8),
        truth=None,
        maps=(),
    )
    (image,) = section(large, longest_side=80).all("img")
    data = base64.b64decode(image["src"].partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (80, 60)


def test_notes():
    assert "of a friend" in section(page_image(note="of a friend")).text
