"""Shapes: their area and their edges."""

import math

import numpy as np
import pytest

from freecp_d2.data.storybook.canvas import Canvas

RED = (1.0, 0.25, 0.0)
H, W = 60, 80
TRIANGLE = [(0.1, 0.1), (0.9, 0.3), (0.4, 0.9)]


def cover(shape, *arguments, h=H, w=W):
    """What a shape covers of a canvas."""
    canvas = Canvas(h, w)
    getattr(canvas, shape)(*arguments)
    return canvas.cover


def test_area():
    """In pixels; edges are smoothed over one pixel, which keeps the area."""
    for shape, arguments, area, tolerance in (
        ("disc", (0.5, 0.5, 0.1, RED), math.pi * 6**2, 0.01),
        ("disc", (0.5, 0.5, 0.45, RED), math.pi * 27**2, 0.01),
        ("disc", (0, 0, 0.5, RED), math.pi * 30**2 / 4, 0.01),
        ("ellipse", (0.5, 0.5, 0.4, 0.2, RED), math.pi * 32 * 12, 0.02),
        # Half the cross product of two sides: (64, 12) and (24, 48).
        ("polygon", (TRIANGLE, RED), (64 * 48 - 12 * 24) / 2, 0.01),
        ("polygon", (TRIANGLE[::-1], RED), (64 * 48 - 12 * 24) / 2, 0.01),
        # A bar and two half discs.
        ("line", ([(0.2, 0.5), (0.8, 0.5)], RED, 0.2), 48 * 12 + math.pi * 6**2, 0.01),
        # One pixel wide at least.
        ("line", ([(0.25, 0.5), (0.75, 0.5)], RED, 1e-9), 40, 0.03),
        ("rectangle", (-2, -2, 3, 3, RED), H * W, 0),
    ):
        found = cover(shape, *arguments).sum()
        assert found == pytest.approx(area, rel=tolerance), (shape, arguments)
    tiny = cover("disc", 30.5 / W, 20.5 / H, 1e-9, RED)
    assert np.argwhere(tiny > 0.5).tolist() == [[20, 30]]


def test_even_odd():
    """A square, and back at its corner a smaller one: a hole."""
    expected = np.zeros((H, W))
    expected[12:48, 20:60] = 1.0
    np.testing.assert_array_equal(cover("rectangle", 0.25, 0.2, 0.75, 0.8, RED), expected)
    outer = [(0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8)]
    inner = [(0.25, 0.2), (0.5, 0.2), (0.5, 0.5), (0.25, 0.5)]
    expected[12:30, 20:40] = 0.0
    np.testing.assert_array_equal(cover("polygon", outer + inner, RED), expected)


def test_an_edge_covers_its_part():
    found = cover("rectangle", 2.5 / 8, -1, 5.5 / 8, 2, RED, h=6, w=8)
    np.testing.assert_array_equal(found, [[0, 0, 0.5, 1, 1, 0.5, 0, 0]] * 6)
    found = cover("polygon", [(-1, -1), (2, 2), (-1, 2)], RED, h=8, w=8)
    np.testing.assert_allclose(found.diagonal(), 0.5, atol=1e-12)
