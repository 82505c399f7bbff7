"""Images of the gallery: alternative texts, accuracies, legends, names, sizes."""

import base64
import io

import numpy as np
from PIL import Image

from freecp_d2.visualization.html.gallery import gallery_section

from .balance import read
from .samples import gallery, page_image


def section(*images, **options):
    return read(gallery_section(gallery(*images), **options))


def test_every_image_has_an_alternative_text_and_every_map_its_accuracy():
    found = section()
    assert [image["alt"] for image in found.all("img")] == [
        "A page: the image",
        "A page: the classes of its pixels, Ground truth",
        "A page: the classes of its pixels, base",
        "A page: the classes of its pixels, purified",
    ]
    accuracies = [t for t in found.text if "right" in t]
    assert accuracies == ["50 % of pixels right", "100 % of pixels right"]


def test_without_truth_there_is_no_accuracy():
    found = section(page_image(truth=None, note="of a friend"))
    assert len(found.all("img")) == 3
    assert not [t for t in found.text if "right" in t]
    assert {"Colours", "of a friend"} <= set(found.text)
    assert len(section(page_image(truth=None, maps=(), purification=None)).all("img")) == 1


def test_the_legend_separates_true_classes_from_others():
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


def test_large_images_are_shrunk():
    large = page_image(image=np.zeros((600, 800, 3), dtype=np.uint8), truth=None, maps=())
    (image,) = section(large, longest_side=80).all("img")
    data = base64.b64decode(image["src"].partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (80, 60)
