"""Umbrellas, balls, snowmen and other playthings."""

from ..canvas import Canvas
from ..noise import Rng
from .registry import INK, thing

_ARCH = (
    (-1.0, 0.0),
    (-0.966, -0.259),
    (-0.866, -0.5),
    (-0.707, -0.707),
    (-0.5, -0.866),
    (-0.259, -0.966),
    (0.0, -1.0),
)
"""A quarter of a circle, from the left to the top."""


@thing("umbrella", width=76, tallness=0.95)
def umbrella(canvas: Canvas, chance: Rng) -> None:
    cloth, light = chance.paint(), (0.97, 0.95, 0.9)
    canvas.line([(0.5, 0.1), (0.5, 0.98)], (0.4, 0.28, 0.18), 0.055)
    half = [(0.5 + 0.49 * x, 0.53 + 0.46 * y) for x, y in _ARCH]
    canvas.polygon([*half, *((1 - x, y) for x, y in reversed(half[:-1]))], cloth)
    for side in (-1, 1):
        wedge = [(0.0, 0.07), (0.15, 0.14), (0.29, 0.53), (0.11, 0.53)]
        canvas.polygon([(0.5 + side * x, y) for x, y in wedge], light)
    canvas.disc(0.5, 0.06, 0.035, INK)


@thing("ball", width=42, tallness=1.0)
def ball(canvas: Canvas, chance: Rng) -> None:
    first, second = chance.paint(), (0.97, 0.96, 0.94)
    canvas.disc(0.5, 0.5, 0.49, first)
    for x, rx in ((0.5, 0.12), (0.2, 0.09), (0.8, 0.09)):
        canvas.ellipse(x, 0.5, rx, 0.46 if x == 0.5 else 0.36, second)
    canvas.disc(0.5, 0.08, 0.07, chance.paint())


@thing("snowman", width=54, tallness=1.55)
def snowman(canvas: Canvas, chance: Rng) -> None:
    snow, scarf = (0.97, 0.98, 1.0), chance.paint()
    for y, radius in ((0.8, 0.32), (0.54, 0.24), (0.34, 0.18)):
        canvas.disc(0.5, y, radius + 0.02, (0.78, 0.84, 0.92))
        canvas.disc(0.5, y, radius, snow)
    canvas.rectangle(0.32, 0.42, 0.68, 0.48, scarf)
    canvas.rectangle(0.3, 0.18, 0.7, 0.24, INK)
    canvas.rectangle(0.38, 0.03, 0.62, 0.2, INK)
    canvas.polygon([(0.5, 0.33), (0.82, 0.36), (0.5, 0.38)], (0.96, 0.55, 0.12))
    for x, y in ((0.42, 0.3), (0.58, 0.3), (0.5, 0.56), (0.5, 0.64)):
        canvas.disc(x, y, 0.035, INK)
