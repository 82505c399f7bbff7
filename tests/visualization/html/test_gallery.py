"""Images of the gallery: alternative texts, accuracies, legends, names, sizes."""

import base64
import io

import numpy as np
from PIL import Image

from freecp_d2.visualization.html.gallery import (
    class_shares,
    data_uri,
    limited,
    pixel_accuracy,
    render_gallery,
    visible_classes,
)

from .balance import read
from .samples import gallery, page_image


def decoded(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


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


def test_legends_and_decisions():
    html = render_gallery(gallery())
    text = read(html).text
    start = text.index("In the image")
    expected = ["In the image", "sky", "cat", "Labelled, but not in the image", "dog"]
    assert text[start : start + 5] == expected
    # True words alone have their colour.
    assert '<i style="background:rgb(200,100,0)"></i><span><bdi>cat</bdi>' in html
    assert "</i><s><bdi>dog</bdi>" not in html


def test_images_and_labels_are_embedded_and_large_ones_shrunk():
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    assert (decoded(data_uri(image)) == image).all()
    assert limited(image, 70) is image
    assert limited(image, 14).shape == (10, 14, 3)
    assert limited(np.array([[0, 1, 2, 3, 4, 5]]), 2).tolist() == [[1, 4]]
    shown = read(render_gallery(gallery(), longest_side=40)).all("img")
    assert {decoded(each["src"]).shape for each in shown} == {(30, 40, 3)}


def test_numbers_of_label_maps():
    truth = np.array([[0, 1, 255, -1]])
    assert pixel_accuracy(np.array([[0, 0, 255, -1]]), truth, 2) == 50.0
    assert pixel_accuracy(np.zeros((1, 2), int), np.full((1, 2), 255), 2) is None
    assert class_shares(np.array([[0, 0, 2, 255]]), 3).tolist() == [0.5, 0.0, 0.25]
    assert visible_classes(page_image(), 3) == ([0, 1], [2])
    assert visible_classes(page_image(maps={}), 3) == ([0, 1], [])
