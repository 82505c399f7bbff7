"""
A canvas for one thing: shapes with smooth edges, as colour and coverage.

Coordinates are fractions of the canvas, x to the right, y down; radii and line widths are fractions
of its shorter side. A shape is a signed distance in pixels, negative inside; pixels on its edge are
covered in part.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from .noise import Colour, Rng, coordinates, noise

Points = Sequence[tuple[float, float]]


class Canvas:
    """A canvas of h x w pixels."""

    def __init__(self, h: int, w: int):
        self.h, self.w = h, w
        self.colour = np.zeros((h, w, 3))  # in [0, 1], multiplied by `cover`
        self.cover = np.zeros((h, w))  # how much of a pixel the thing covers, in [0, 1]

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill a polygon (even-odd rule)."""
        self._paint(self._pixels(points), 0.0, _polygon_distance, colour)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle between two corners."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse; `rx` is a fraction of the width and `ry` of the height."""
        self._oval(x, y, rx * self.w, ry * self.h, colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self._oval(x, y, radius * self._side, radius * self._side, colour)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        """Draw a line through the points, with round ends."""
        half = max(0.5, width * self._side / 2.0)
        self._paint(
            self._pixels(points), half, lambda y, x, p: _line_distance(y, x, p) - half, colour
        )

    def shade(self, chance: Rng) -> None:
        """Apply light from above and a paper grain."""
        y, _ = coordinates(self.h, self.w)
        light = 1.08 - 0.2 * y / self.h
        grain = 0.88 + 0.24 * noise(chance, self.h, self.w, 4.0)
        self.colour = np.minimum(self.colour * (light * grain)[..., None], self.cover[..., None])

    def mirror(self) -> None:
        """Swap left and right."""
        self.colour, self.cover = self.colour[:, ::-1], self.cover[:, ::-1]

    @property
    def _side(self) -> float:
        return float(min(self.h, self.w))

    def _pixels(self, points: Points) -> np.ndarray:
        """Fractions (x, y) -> pixels (x, y), shape (N, 2)."""
        return np.asarray(points, dtype=np.float64) * (self.w, self.h)

    def _oval(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        rx, ry = max(rx, 0.6), max(ry, 0.6)
        cx, cy = x * self.w, y * self.h
        box = np.array([(cx - rx, cy - ry), (cx + rx, cy + ry)])

        def distance(py: np.ndarray, px: np.ndarray, _: np.ndarray) -> np.ndarray:
            u, v = (px - cx) / rx, (py - cy) / ry
            return (np.sqrt(u * u + v * v) - 1.0) * min(rx, ry)

        self._paint(box, 0.0, distance, colour)

    def _paint(
        self,
        points: np.ndarray,
        margin: float,
        distance: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
        colour: Colour,
    ) -> None:
        """Blend a shape over the canvas, within the rectangle around its points."""
        x0, y0 = (max(0, int(v)) for v in np.floor(points.min(axis=0) - margin - 1.0))
        x1, y1 = (int(v) for v in np.ceil(points.max(axis=0) + margin + 1.0))
        area = (slice(y0, min(y1, self.h)), slice(x0, min(x1, self.w)))
        h, w = self.cover[area].shape
        if h == 0 or w == 0:
            return
        y, x = coordinates(h, w)
        covered = np.clip(0.5 - distance(y + (y0 + 0.5), x + (x0 + 0.5), points), 0.0, 1.0)
        rest = 1.0 - covered
        self.cover[area] = self.cover[area] * rest + covered
        self.colour[area] = self.colour[area] * rest[..., None] + covered[..., None] * colour


def _segment_distance(
    y: np.ndarray, x: np.ndarray, start: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Squared distance to a segment, shape (h, w)."""
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = ((x - x0) * dx + (y - y0) * dy) / (length if length > 0 else 1.0)
    along = np.clip(along, 0.0, 1.0)
    ex, ey = x - x0 - along * dx, y - y0 - along * dy
    return ex * ex + ey * ey


def _line_distance(y: np.ndarray, x: np.ndarray, points: np.ndarray) -> np.ndarray:
    squared = [_segment_distance(y, x, a, b) for a, b in itertools.pairwise(points)]
    return np.sqrt(np.minimum.reduce(squared))


def _polygon_distance(y: np.ndarray, x: np.ndarray, points: np.ndarray) -> np.ndarray:
    closed = np.concatenate([points, points[:1]])
    inside = np.zeros((y.shape[0], x.shape[1]), dtype=bool)
    for (x0, y0), (x1, y1) in itertools.pairwise(closed):
        if y0 != y1:
            crossing = x0 + (y - y0) * ((x1 - x0) / (y1 - y0))
            inside ^= ((y0 > y) != (y1 > y)) & (x < crossing)
    distance = _line_distance(y, x, closed)
    return np.where(inside, -distance, distance)
