"""Overlays of images of any shape."""

import numpy as np
import pytest

from freecp_d2.visualization.overlay import draw_overlay, drawing_size, paint, picked, resized
from freecp_d2.visualization.shares import class_counts, visible_shares

NAMES = ("sky", "\N{CAT FACE} of any length whatsoever " * 5, "\u05e9\u05dc\u05d5\u05dd")
COLORS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


def drawn(height, width, longest_side=256):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    labels = rng.integers(-1, 3, (height, width)).astype(np.int32)
    shares = visible_shares(class_counts(labels, 3))
    return draw_overlay(image, labels, NAMES, COLORS, shares, longest_side)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 5000), (5000, 1), (2, 2), (300, 200), (40, 3000), (70000, 2)]
)
def test_any_shape_is_drawn(shape):
    sheet = drawn(*shape)
    assert sheet.width == 480
    assert sheet.height > 24


@pytest.mark.parametrize(
    ("shape", "side", "size"),
    [
        ((3000, 4000), 2048, (1536, 2048)),
        ((600, 800), 2048, (600, 800)),
        ((60, 80), 2048, (360, 480)),
        ((1, 1), 2048, (480, 480)),
        ((1, 5000), 2048, (24, 2048)),
        ((60, 80), 64, (48, 64)),
    ],
)
def test_sizes(shape, side, size):
    assert drawing_size(shape, side) == size


def test_paint_mixes_the_colour_with_the_grey_of_the_image():
    image = np.full((4, 4, 3), 100, dtype=np.uint8)
    painted = paint(image, np.zeros((4, 4), dtype=np.int32), COLORS)
    assert np.abs(painted.astype(int) - (150, 65, 65)).max() <= 1


def test_no_word_stays_as_it_is_and_regions_have_a_line():
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    labels = np.full((6, 6), -1, dtype=np.int32)
    labels[:, 3:] = 1
    painted = paint(image, labels, COLORS)
    assert np.array_equal(painted[:, :3], image[:, :3])
    labels[:] = 0
    labels[:, 3:] = 1
    assert (paint(image, labels, COLORS)[:, 2] == (227, 142, 142)).all()


def test_resized_keeps_flat_colours():
    image = np.full((5, 7, 3), (9, 99, 199), dtype=np.uint8)
    for size in ((3, 4), (10, 8), (50, 70), (1, 1), (5, 7)):
        found = resized(image, size)
        assert found.shape == (*size, 3)
        assert (found == (9, 99, 199)).all()


def test_picked_takes_the_middle_of_each_part():
    labels = np.arange(16).reshape(4, 4)
    assert picked(labels, (2, 2)).tolist() == [[5, 7], [13, 15]]
    assert np.array_equal(picked(labels, (8, 8)), labels.repeat(2, axis=0).repeat(2, axis=1))
