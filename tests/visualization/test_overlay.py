"""Class colours over images, resizing, and names inside their regions."""

import numpy as np
import pytest

from freecp_d2.visualization.overlay import (
    PlacedName,
    fitted_size,
    overlay,
    place_names,
    resize_image,
    resize_labels,
)

COLORS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


def test_a_pixel_is_half_its_colour_and_half_the_grey_of_the_image():
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    image[:, :2] = 100
    image[:, 2:] = (0, 200, 0)  # grey 0.587 * 200
    for dtype in (np.int32, np.uint8):
        painted = overlay(image, np.zeros((4, 4), dtype=dtype), COLORS).astype(int)
        assert np.abs(painted[:, :2] - (150, 65, 65)).max() <= 1
        assert np.abs(painted[:, 2:] - (159, 74, 74)).max() <= 1


def test_pixels_without_a_class_keep_the_image():
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    for label in (-1, 3, 255):
        labels = np.full((6, 6), label, dtype=np.int32)
        labels[:, 3:] = 1
        painted = overlay(image, labels, COLORS)
        assert np.array_equal(painted[:, :3], image[:, :3])
        assert not np.array_equal(painted[:, 3:], image[:, 3:])


def test_regions_have_a_line_between_them():
    labels = np.zeros((6, 6), dtype=np.int32)
    labels[:, 3:] = 1
    painted = overlay(np.zeros((6, 6, 3), dtype=np.uint8), labels, COLORS)
    assert (painted[:, 2] == (227, 142, 142)).all()
    assert np.abs(painted[:, [0, 1]].astype(int) - (100, 15, 15)).max() <= 1


def test_fitted_size():
    for size, low, high, least, expected in (
        ((3000, 4000), 200, 400, 8, (300, 400)),
        ((300, 400), 480, 960, 8, (360, 480)),
        ((600, 800), 480, 960, 8, (600, 800)),
        ((1, 5000), 200, 400, 8, (8, 400)),
        ((50, 70, 3), 0, 14, 1, (10, 14)),
    ):
        assert fitted_size(size, low, high, least) == expected


def test_resized_images_keep_flat_colours():
    image = np.full((5, 7, 3), (9, 99, 199), dtype=np.uint8)
    for size in ((3, 4), (10, 8), (50, 70), (1, 1), (5, 7)):
        found = resize_image(image, size)
        assert found.shape == (*size, 3)
        assert (found == (9, 99, 199)).all()


def test_labels_are_picked_from_the_middle_of_each_part():
    labels = np.arange(16).reshape(4, 4)
    assert resize_labels(labels, (2, 2)).tolist() == [[5, 7], [13, 15]]
    assert np.array_equal(resize_labels(labels, (8, 8)), labels.repeat(2, axis=0).repeat(2, axis=1))


def test_the_middle_of_a_plain_image():
    (name,) = place_names(np.zeros((60, 100), dtype=int), ["sky"])
    assert name == PlacedName("sky", pytest.approx(50, abs=1), pytest.approx(30, abs=1))


def test_inside_the_region():
    halves = np.repeat([[0, 1]], 100, axis=1).repeat(60, axis=0)
    ring = np.zeros((100, 100), dtype=int)
    ring[20:80, 20:80] = 1
    for labels in (halves, ring):
        for k, name in enumerate(place_names(labels, ["sky", "cat"])):
            assert labels[round(name.y), round(name.x)] == k


def test_a_name_that_does_not_fit_is_left_out():
    for height, width in ((4, 40), (40, 4)):
        labels = np.full((100, 100), 255)
        labels[:height, :width] = 0
        assert place_names(labels, ["sky"]) == []
    scattered = np.indices((100, 100)).sum(axis=0) % 2
    assert place_names(scattered, ["sky", "cat"]) == []
    assert place_names(np.zeros((60, 100), dtype=int), ["a" * 60]) == []
