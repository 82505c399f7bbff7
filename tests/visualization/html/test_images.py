"""Embedded images, sizes, and numbers about label maps."""

import base64
import io

import numpy as np
from PIL import Image

from freecp_d2.visualization.html.gallery import (
    class_shares,
    data_uri,
    limited,
    pixel_accuracy,
    visible_classes,
)

from .samples import page_image


def test_a_data_uri_has_the_pixels():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    kind, _, data = data_uri(image).partition(",")
    assert kind == "data:image/png;base64"
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == image).all()


def test_large_images_and_labels_are_shrunk():
    image = np.zeros((50, 70, 3), dtype=np.uint8)
    assert limited(image, 70) is image
    assert limited(image, 14).shape == (10, 14, 3)
    assert limited(np.zeros((50, 70), dtype=int), 14).shape == (10, 14)
    assert limited(np.array([[0, 1, 2, 3, 4, 5]]), 2).tolist() == [[1, 4]]


def test_numbers_of_label_maps():
    truth = np.array([[0, 1, 255, -1]])
    assert pixel_accuracy(np.array([[0, 0, 255, -1]]), truth, 2) == 50.0
    assert pixel_accuracy(np.zeros((1, 2), int), np.full((1, 2), 255), 2) is None
    assert class_shares(np.array([[0, 0, 2, 255]]), 3).tolist() == [0.5, 0.0, 0.25]
    assert visible_classes(page_image(), 3) == ([0, 1], [2])
    assert visible_classes(page_image(maps={}), 3) == ([0, 1], [])
