"""Shapes: their area, their edges and how they are layered."""

import itertools
import math

import numpy as np
import pytest

from freecp_d2.data.storybook.canvas import Canvas
from freecp_d2.data.storybook.rng import Rng

RED, BLUE = (1.0, 0.25, 0.0), (0.0, 0.5, 1.0)
H, W = 60, 80


def cover(draw, h=H, w=W):
    """What `draw` covers of a canvas."""
    canvas = Canvas(h, w)
    draw(canvas)
    return canvas.cover


class TestAreas:
    """In pixels; edges are smoothed over one pixel, which leaves the area as it is."""

    def test_disc(self):
        for radius in (0.1, 0.3, 0.45):
            found = cover(lambda c, r=radius: c.disc(0.5, 0.5, r, RED)).sum()
            assert found == pytest.approx(math.pi * (radius * H) ** 2, rel=0.01)

    def test_ellipse(self):
        found = cover(lambda c: c.ellipse(0.5, 0.5, 0.4, 0.2, RED)).sum()
        assert found == pytest.approx(math.pi * (0.4 * W) * (0.2 * H), rel=0.02)

    def test_a_disc_is_round_on_any_canvas(self):
        found = cover(lambda c: c.disc(0.5, 0.5, 0.3, RED)) > 0.5
        assert found.any(axis=0).sum() == found.any(axis=1).sum() == 36

    def test_an_ellipse_follows_the_canvas(self):
        found = cover(lambda c: c.ellipse(0.5, 0.5, 0.25, 0.25, RED)) > 0.5
        assert (found.any(axis=0).sum(), found.any(axis=1).sum()) == (40, 30)

    def test_rectangle_on_the_pixel_grid(self):
        found = cover(lambda c: c.rectangle(0.25, 0.2, 0.75, 0.5, RED))
        expected = np.zeros((H, W))
        expected[12:30, 20:60] = 1.0
        np.testing.assert_array_equal(found, expected)

    def test_triangle(self):
        found = cover(lambda c: c.polygon([(0.1, 0.1), (0.9, 0.3), (0.4, 0.9)], RED)).sum()
        # Half the cross product of two sides: (64, 12) and (24, 48).
        assert found == pytest.approx((64 * 48 - 12 * 24) / 2, rel=0.01)

    def test_either_way_round(self):
        corners = [(0.1, 0.1), (0.9, 0.3), (0.4, 0.9)]
        there, back = (
            cover(lambda c, p=points: c.polygon(p, RED)) for points in (corners, corners[::-1])
        )
        np.testing.assert_allclose(there, back, atol=1e-9)

    def test_even_odd(self):
        """A square, and back at its corner a smaller one: a hole."""
        outer = [(0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8)]
        inner = [(0.25, 0.2), (0.5, 0.2), (0.5, 0.5), (0.25, 0.5)]
        found = cover(lambda c: c.polygon(outer + inner, RED))
        expected = np.zeros((H, W))
        expected[12:48, 20:60] = 1.0
        expected[12:30, 20:40] = 0.0
        np.testing.assert_array_equal(found, expected)

    def test_line(self):
        """A bar and two half discs."""
        found = cover(lambda c: c.line([(0.2, 0.5), (0.8, 0.5)], RED, 0.2)).sum()
        assert found == pytest.approx(48 * 12 + math.pi * 6**2, rel=0.01)

    def test_a_thin_line_is_still_seen(self):
        """Its width is one pixel at least."""
        found = cover(lambda c: c.line([(0.25, 0.5), (0.75, 0.5)], RED, 1e-9))
        assert found.sum() == pytest.approx(40, rel=0.03)

    def test_a_line_through_three_points_is_two(self):
        a, b, c = (0.2, 0.2), (0.7, 0.3), (0.4, 0.8)
        first, second = (cover(lambda x, p=p: x.line(p, RED, 0.1)) for p in ([a, b], [b, c]))
        both = cover(lambda x: x.line([a, b, c], RED, 0.1))
        np.testing.assert_allclose(both, np.maximum(first, second), atol=1e-12)

    def test_a_tiny_disc_is_a_dot(self):
        found = cover(lambda c: c.disc(30.5 / W, 20.5 / H, 1e-9, RED))
        assert np.argwhere(found > 0.5).tolist() == [[20, 30]]


class TestEdges:
    def test_an_edge_through_pixel_centres_covers_half(self):
        found = cover(lambda c: c.rectangle(2.5 / 8, -1, 5.5 / 8, 2, RED), 6, 8)
        np.testing.assert_array_equal(found, [[0, 0, 0.5, 1, 1, 0.5, 0, 0]] * 6)

    def test_an_edge_covers_its_part(self):
        for offset in (0.0, 0.2, 0.7, 1.0):
            found = cover(lambda c, x=(3 + offset) / 8: c.rectangle(-1, -1, x, 2, RED), 6, 8)
            np.testing.assert_allclose(found[0], [1, 1, 1, offset, 0, 0, 0, 0], atol=1e-12)

    def test_a_diagonal_covers_half_of_its_pixels(self):
        found = cover(lambda c: c.polygon([(-1, -1), (2, 2), (-1, 2)], RED), 8, 8)
        np.testing.assert_allclose(found.diagonal(), 0.5, atol=1e-12)
        np.testing.assert_allclose(found + found.T, 1.0, atol=1e-12)


class TestBeyondTheCanvas:
    def test_a_quarter(self):
        found = cover(lambda c: c.disc(0, 0, 0.5, RED)).sum()
        assert found == pytest.approx(math.pi * 30**2 / 4, rel=0.01)

    def test_over_everything(self):
        assert (cover(lambda c: c.rectangle(-2, -2, 3, 3, RED)) == 1).all()
        assert (cover(lambda c: c.disc(0.5, 0.5, 5, RED)) == 1).all()

    def test_outside(self):
        sides = itertools.product((-3.0, -0.4, 0.5, 1.4, 3.0), (-3.0, -0.4, 1.4, 3.0))
        for place in (place for x, y in sides for place in ((x, y), (y, x))):
            assert not cover(lambda c, p=place: c.disc(*p, 0.2, RED)).any()
            assert not cover(lambda c, p=place: c.rectangle(*p, p[0] + 0.2, p[1] + 0.2, RED)).any()
            assert not cover(lambda c, p=place: c.line([p, (p[0], p[1] + 0.1)], RED, 0.1)).any()

    def test_the_part_on_the_canvas_is_the_part_of_the_whole(self):
        """Three canvases side by side are one wide canvas."""
        triangle = [(-0.5, 0.2), (1.7, -0.3), (0.6, 1.4)]
        part = cover(lambda c: c.polygon(triangle, RED))
        wide = cover(
            lambda c: c.polygon([((x + 1) / 3, (y + 1) / 3) for x, y in triangle], RED),
            3 * H,
            3 * W,
        )
        np.testing.assert_allclose(part, wide[H : 2 * H, W : 2 * W], atol=1e-9)


class TestColour:
    def test_multiplied_by_cover(self):
        canvas = Canvas(H, W)
        canvas.disc(0.4, 0.6, 0.3, RED)
        np.testing.assert_allclose(canvas.colour, canvas.cover[..., None] * RED)

    def test_what_is_above_hides(self):
        canvas = Canvas(H, W)
        canvas.disc(0.4, 0.5, 0.2, RED)
        canvas.rectangle(-1, -1, 2, 2, BLUE)
        np.testing.assert_array_equal(canvas.colour, np.broadcast_to(BLUE, (H, W, 3)))

    def test_half_above_is_half_of_each(self):
        canvas = Canvas(6, 8)
        canvas.rectangle(-1, -1, 2, 2, RED)
        canvas.rectangle(2.5 / 8, -1, 2, 2, BLUE)
        assert canvas.colour[0, 1].tolist() == [*RED]
        assert canvas.colour[0, 2].tolist() == [0.5, 0.375, 0.5]
        assert canvas.colour[0, 3].tolist() == [*BLUE]
        assert (canvas.cover == 1).all()

    def test_two_halves_of_nothing(self):
        """Half of what the first half left: 3/4."""
        canvas = Canvas(6, 8)
        for _ in range(2):
            canvas.rectangle(2.5 / 8, -1, 2, 2, RED)
        assert canvas.cover[0, 2] == 0.75

    def test_shade_leaves_the_outline(self):
        canvas = Canvas(H, W)
        canvas.disc(0.5, 0.5, 0.4, RED)
        before = canvas.cover.copy()
        canvas.shade(Rng(0))
        np.testing.assert_array_equal(canvas.cover, before)
        assert (canvas.colour >= 0).all()
        assert (canvas.colour <= canvas.cover[..., None]).all()

    def test_light_comes_from_above(self):
        canvas = Canvas(H, W)
        canvas.rectangle(-1, -1, 2, 2, (0.5, 0.5, 0.5))
        canvas.shade(Rng(0))
        assert canvas.colour[: H // 4].mean() > canvas.colour[-H // 4 :].mean() + 0.05


class TestMirror:
    def draw(self, canvas):
        canvas.disc(0.2, 0.3, 0.15, RED)
        canvas.line([(0.1, 0.9), (0.5, 0.6)], BLUE, 0.05)

    def test_twice_is_identity(self):
        canvas = Canvas(H, W)
        self.draw(canvas)
        colour, before = canvas.colour.copy(), canvas.cover.copy()
        canvas.mirror()
        assert (canvas.cover != before).any()
        canvas.mirror()
        np.testing.assert_array_equal(canvas.cover, before)
        np.testing.assert_array_equal(canvas.colour, colour)

    def test_left_becomes_right(self):
        mirrored, right = Canvas(H, W), Canvas(H, W)
        mirrored.disc(0.2, 0.3, 0.15, RED)
        mirrored.mirror()
        right.disc(0.8, 0.3, 0.15, RED)
        np.testing.assert_allclose(mirrored.colour, right.colour, atol=1e-9)
        np.testing.assert_allclose(mirrored.cover, right.cover, atol=1e-9)
