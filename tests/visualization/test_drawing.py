"""Drawings of images and frames of any shape, with names of any script."""

import numpy as np

from freecp_d2.visualization.drawing import draw_frame, draw_overlay, drawing_size
from freecp_d2.visualization.fonts import fitted, font, showable
from freecp_d2.visualization.legend import class_counts, visible_shares

NAMES = ("sky", "\N{CAT FACE} of any length whatsoever " * 5, "\u05e9\u05dc\u05d5\u05dd", "cat")
COLORS = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (99, 99, 9))


def noise(height, width):
    """An image, its labels and their shares."""
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 4, (height, width)).astype(np.int32)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image, labels, visible_shares(class_counts(labels, 4))


def test_images_of_any_shape_are_drawn():
    for shape in ((1, 1), (1, 5000), (5000, 1), (2, 2), (300, 200), (40, 3000), (70000, 2)):
        image, labels, shares = noise(*shape)
        sheet = draw_overlay(image, labels, NAMES, COLORS, shares, 256)
        assert sheet.width == 480
        assert sheet.height > 24


def test_size_of_the_image_in_the_drawing():
    for shape, side, size in (
        ((3000, 4000), 2048, (1536, 2048)),
        ((600, 800), 2048, (600, 800)),
        ((60, 80), 2048, (360, 480)),
        ((1, 1), 2048, (480, 480)),
        ((1, 5000), 2048, (24, 2048)),
        ((60, 80), 64, (48, 64)),
    ):
        assert drawing_size(shape, side) == size


def test_regions_are_named():
    labels = np.zeros((300, 400), dtype=np.int32)
    image = np.full((300, 400, 3), 50, dtype=np.uint8)
    sheet = np.asarray(draw_overlay(image, labels, NAMES, COLORS, [], 400))
    assert (sheet[:300] == 255).all(axis=2).any()


def test_a_frame_keeps_its_size():
    for shape in ((1, 1), (48, 64), (120, 160), (361, 481), (1080, 200)):
        image, labels, shares = noise(*shape)
        assert draw_frame(image, labels, NAMES, COLORS, shares).shape == (*shape, 3)


def test_the_legend_of_a_frame_covers_a_third_at_most():
    labels = np.zeros((90, 400), dtype=np.int32)
    labels[:, 200:] = 1
    image = np.full((90, 400, 3), 50, dtype=np.uint8)
    shares = visible_shares(class_counts(labels, 4))
    frame = draw_frame(image, labels, ("", "", *NAMES[2:]), COLORS, shares)
    assert len(np.unique(frame[:60, :190].reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(frame[60:].reshape(-1, 3), axis=0)) > 3


def test_showable():
    for text, shown in (
        ("cat", "cat"),
        ("  a\n cat\t", "a cat"),
        ("e\u0301", "\u00e9"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\N{AIRPLANE}\N{VARIATION SELECTOR-16}", "\N{AIRPLANE}"),
        ("\N{SLICE OF PIZZA}", "[slice of pizza]"),
        ("\u732b", "\N{WHITE SQUARE}"),
        ("a\0\x1b\u202eb", "ab"),
        ("\udcff", ""),
    ):
        assert showable(text) == shown


def test_fitted_text_fits():
    face = font(15)
    for text in ("", "cat", "\N{CAT FACE}" * 50, "\u05d0" * 300, "w" * 3000):
        found = fitted(showable(text), face, 120)
        assert face.getlength(found) <= 120
        assert found == showable(text) or found.endswith("\N{HORIZONTAL ELLIPSIS}")
