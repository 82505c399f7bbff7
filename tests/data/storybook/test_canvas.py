"""Shapes: their area, their edges and how they are layered."""

import itertools
import math

import numpy as np
import pytest

from freecp_d2.data.storybook.canvas import Canvas
from freecp_d2.data.storybook.rng import Rng

RED, BLUE = (1.0, 0.25, 0.0), (0.0, 0.5, 1.0)
H, W = 60, 80
TRIANGLE = [(0.1, 0.1), (0.9, 0.3), (0.4, 0.9)]


def cover(shape, *arguments, h=H, w=W):
    """What a shape covers of a canvas."""
    canvas = Canvas(h, w)
    getattr(canvas, shape)(*arguments)
    return canvas.cover


class TestAreas:
    """In pixels; edges are smoothed over one pixel, which leaves the area as it is."""

    def test_area(self):
        for shape, arguments, area, tolerance in (
            ("disc", (0.5, 0.5, 0.1, RED), math.pi * 6**2, 0.01),
            ("disc", (0.5, 0.5, 0.45, RED), math.pi * 27**2, 0.01),
            ("disc", (0, 0, 0.5, RED), math.pi * 30**2 / 4, 0.01),
            ("ellipse", (0.5, 0.5, 0.4, 0.2, RED), math.pi * 32 * 12, 0.02),
            # Half the cross product of two sides: (64, 12) and (24, 48).
            ("polygon", (TRIANGLE, RED), (64 * 48 - 12 * 24) / 2, 0.01),
            # A bar and two half discs.
            ("line", ([(0.2, 0.5), (0.8, 0.5)], RED, 0.2), 48 * 12 + math.pi * 6**2, 0.01),
            # One pixel wide at least.
            ("line", ([(0.25, 0.5), (0.75, 0.5)], RED, 1e-9), 40, 0.03),
        ):
            found = cover(shape, *arguments).sum()
            assert found == pytest.approx(area, rel=tolerance), (shape, arguments)

    def test_a_disc_is_round_and_an_ellipse_follows_the_canvas(self):
        disc = cover("disc", 0.5, 0.5, 0.3, RED) > 0.5
        assert disc.any(axis=0).sum() == disc.any(axis=1).sum() == 36
        ellipse = cover("ellipse", 0.5, 0.5, 0.25, 0.25, RED) > 0.5
        assert (ellipse.any(axis=0).sum(), ellipse.any(axis=1).sum()) == (40, 30)

    def test_the_order_of_corners_does_not_matter(self):
        there, back = (cover("polygon", corners, RED) for corners in (TRIANGLE, TRIANGLE[::-1]))
        np.testing.assert_allclose(there, back, atol=1e-9)

    def test_even_odd(self):
        """A square, and back at its corner a smaller one: a hole."""
        expected = np.zeros((H, W))
        expected[12:48, 20:60] = 1.0
        np.testing.assert_array_equal(cover("rectangle", 0.25, 0.2, 0.75, 0.8, RED), expected)
        outer = [(0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8)]
        inner = [(0.25, 0.2), (0.5, 0.2), (0.5, 0.5), (0.25, 0.5)]
        expected[12:30, 20:40] = 0.0
        np.testing.assert_array_equal(cover("polygon", outer + inner, RED), expected)

    def test_a_line_through_three_points_is_two(self):
        a, b, c = (0.2, 0.2), (0.7, 0.3), (0.4, 0.8)
        first, second, both = (cover("line", p, RED, 0.1) for p in ([a, b], [b, c], [a, b, c]))
        np.testing.assert_allclose(both, np.maximum(first, second), atol=1e-12)

    def test_a_tiny_disc_is_a_dot(self):
        found = cover("disc", 30.5 / W, 20.5 / H, 1e-9, RED)
        assert np.argwhere(found > 0.5).tolist() == [[20, 30]]


class TestEdges:
    def test_an_edge_covers_its_part(self):
        found = cover("rectangle", 2.5 / 8, -1, 5.5 / 8, 2, RED, h=6, w=8)
        np.testing.assert_array_equal(found, [[0, 0, 0.5, 1, 1, 0.5, 0, 0]] * 6)
        for offset in (0.0, 0.2, 0.7, 1.0):
            found = cover("rectangle", -1, -1, (3 + offset) / 8, 2, RED, h=6, w=8)
            np.testing.assert_allclose(found[0], [1, 1, 1, offset, 0, 0, 0, 0], atol=1e-12)

    def test_a_diagonal_covers_half_of_its_pixels(self):
        found = cover("polygon", [(-1, -1), (2, 2), (-1, 2)], RED, h=8, w=8)
        np.testing.assert_allclose(found.diagonal(), 0.5, atol=1e-12)
        np.testing.assert_allclose(found + found.T, 1.0, atol=1e-12)


class TestBeyondTheCanvas:
    def test_over_everything(self):
        assert (cover("rectangle", -2, -2, 3, 3, RED) == 1).all()
        assert (cover("disc", 0.5, 0.5, 5, RED) == 1).all()

    def test_outside(self):
        near, far = (-3.0, -0.4, 0.5, 1.4, 3.0), (-3.0, -0.4, 1.4, 3.0)
        for x, y in (*itertools.product(near, far), *itertools.product(far, near)):
            assert not cover("disc", x, y, 0.2, RED).any()
            assert not cover("rectangle", x, y, x + 0.2, y + 0.2, RED).any()
            assert not cover("line", [(x, y), (x, y + 0.1)], RED, 0.1).any()

    def test_the_part_on_the_canvas_is_the_part_of_the_whole(self):
        """The middle of a canvas three times as large."""
        triangle = [(-0.5, 0.2), (1.7, -0.3), (0.6, 1.4)]
        part = cover("polygon", triangle, RED)
        scaled = [((x + 1) / 3, (y + 1) / 3) for x, y in triangle]
        whole = cover("polygon", scaled, RED, h=3 * H, w=3 * W)
        np.testing.assert_allclose(part, whole[H : 2 * H, W : 2 * W], atol=1e-9)


class TestColour:
    def test_multiplied_by_cover(self):
        canvas = Canvas(H, W)
        canvas.disc(0.4, 0.6, 0.3, RED)
        np.testing.assert_allclose(canvas.colour, canvas.cover[..., None] * RED)

    def test_layers(self):
        """What is above hides; half above is half of each."""
        canvas = Canvas(6, 8)
        canvas.rectangle(-1, -1, 2, 2, RED)
        canvas.rectangle(2.5 / 8, -1, 2, 2, BLUE)
        assert canvas.colour[0, 1:4].tolist() == [[*RED], [0.5, 0.375, 0.5], [*BLUE]]
        assert (canvas.cover == 1).all()

    def test_two_halves_of_nothing(self):
        """Half of what the first half left: 3/4."""
        canvas = Canvas(6, 8)
        for _ in range(2):
            canvas.rectangle(2.5 / 8, -1, 2, 2, RED)
        assert canvas.cover[0, 2] == 0.75

    def test_shade(self):
        """The outline stays, and light comes from above."""
        disc, plane = Canvas(H, W), Canvas(H, W)
        disc.disc(0.5, 0.5, 0.4, RED)
        before = disc.cover.copy()
        disc.shade(Rng(0))
        np.testing.assert_array_equal(disc.cover, before)
        assert (disc.colour >= 0).all()
        assert (disc.colour <= disc.cover[..., None]).all()
        plane.rectangle(-1, -1, 2, 2, (0.5, 0.5, 0.5))
        plane.shade(Rng(0))
        assert plane.colour[: H // 4].mean() > plane.colour[-H // 4 :].mean() + 0.05


def test_mirror():
    canvas, mirrored = Canvas(H, W), Canvas(H, W)
    canvas.disc(0.2, 0.3, 0.15, RED)
    canvas.mirror()
    mirrored.disc(0.8, 0.3, 0.15, RED)
    np.testing.assert_allclose(canvas.colour, mirrored.colour, atol=1e-9)
    np.testing.assert_allclose(canvas.cover, mirrored.cover, atol=1e-9)
