"""Overlays computed by hand, sizes, shares, and PNGs that come back."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from freecp_d2.visualization.html.images import (
    NO_LABEL,
    class_shares,
    data_uri,
    limited,
    overlay,
    pixel_accuracy,
    visible_classes,
)

from .samples import page_image

COLORS = [(200, 100, 0), (10, 20, 30)]


class TestOverlay:
    def test_by_hand(self):
        # White leaves a colour, black takes `light` of it; pure green is 0.587 of white.
        image = np.array([[[255, 255, 255], [0, 0, 0], [0, 255, 0]]], dtype=np.uint8)
        found = overlay(image, np.array([[0, 0, 0]]), COLORS, light=0.5)
        assert found.dtype == np.uint8
        # 1 - 0.5 * (1 - 0.587) = 0.7935: 158.7 and 79.35.
        assert found.tolist() == [[[200, 100, 0], [100, 50, 0], [159, 79, 0]]]

    @pytest.mark.parametrize("label", [2, 255, -1])
    def test_others_are_grey(self, label):
        image = np.full((1, 1, 3), 255, dtype=np.uint8)
        assert overlay(image, np.array([[label]]), COLORS).tolist() == [[list(NO_LABEL)]]

    def test_labels_of_bytes(self):
        image = np.full((1, 1, 3), 255, dtype=np.uint8)
        labels = np.array([[1]], dtype=np.uint8)
        assert overlay(image, labels, COLORS).tolist() == [[[10, 20, 30]]]


def test_a_png_comes_back():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    kind, _, data = data_uri(image).partition(",")
    assert kind == "data:image/png;base64"
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == image).all()


class TestLimited:
    def test_small_ones_stay(self):
        image = np.zeros((5, 7, 3), dtype=np.uint8)
        assert limited(image, 7) is image

    def test_images_and_labels_shrink_alike(self):
        image = np.zeros((50, 70, 3), dtype=np.uint8)
        labels = np.arange(50 * 70).reshape(50, 70)
        assert limited(image, 14).shape == (10, 14, 3)
        assert limited(labels, 14).shape == (10, 14)

    def test_labels_are_picked_from_the_middle(self):
        assert limited(np.array([[0, 1, 2, 3, 4, 5]]), 2).tolist() == [[1, 4]]


class TestNumbers:
    def test_accuracy_is_of_labelled_pixels(self):
        truth = np.array([[0, 1, 255, -1]])
        assert pixel_accuracy(np.array([[0, 0, 255, -1]]), truth, 2) == 50.0

    def test_no_accuracy_without_truth(self):
        assert pixel_accuracy(np.zeros((1, 2), int), np.full((1, 2), 255), 2) is None

    def test_shares(self):
        assert class_shares(np.array([[0, 0, 2, 255]]), 3).tolist() == [0.5, 0.0, 0.25]

    def test_visible(self):
        assert visible_classes(page_image(), 3) == ([0, 1], [2])

    def test_visible_without_truth(self):
        assert visible_classes(page_image(truth=None), 3) == ([0, 1, 2], [])

    def test_visible_of_an_image_alone(self):
        assert visible_classes(page_image(truth=None, maps=()), 3) == ([], [])
