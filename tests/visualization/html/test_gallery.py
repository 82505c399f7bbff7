"""Images of the gallery: alternative texts, accuracies, legends, names, sizes."""

import base64
import io

from PIL import Image

from freecp_d2.visualization.html.gallery import render_gallery

from .balance import read
from .samples import gallery


def test_every_map_has_an_alternative_text_its_accuracy_and_names():
    found = read(render_gallery(gallery()))
    assert [image["alt"] for image in found.all("img")] == [
        "A page: the image",
        "A page: the classes of its pixels, Ground truth",
        "A page: the classes of its pixels, base",
        "A page: the classes of its pixels, purified",
    ]
    accuracies = [t for t in found.text if "right" in t]
    assert accuracies == ["50 % of pixels right", "100 % of pixels right"]
    assert len(found.all("text")) == 3 * 2
    assert len(found.all("svg", **{"aria-hidden": "true"})) == 3


def test_the_legend_separates_true_classes_from_others():
    text = read(render_gallery(gallery())).text
    start = text.index("In the image")
    expected = ["In the image", "sky", "cat", "Labelled, but not in the image", "dog"]
    assert text[start : start + 5] == expected


def test_true_words_have_their_color_in_the_decisions():
    html = render_gallery(gallery())
    square = '<i style="background:rgb(200,100,0)"></i><span><bdi>cat</bdi>'
    assert square in html
    assert "<li class=" in html
    assert "</i><s><bdi>dog</bdi>" not in html


def test_large_images_are_shrunk():
    images = read(render_gallery(gallery(), longest_side=40)).all("img")
    for image in images:
        data = base64.b64decode(image["src"].partition(",")[2])
        assert Image.open(io.BytesIO(data)).size == (40, 30)
