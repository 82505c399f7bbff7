"""Furniture and playthings."""

from ..canvas import Canvas
from ..noise import Rng
from .registry import INK, WOOD, thing

_HOURS = ((0.0, -1.0), (0.866, -0.5), (0.866, 0.5), (0.0, 1.0), (-0.866, 0.5), (-0.866, -0.5))


@thing("table", width=92, tallness=0.62)
def table(canvas: Canvas, chance: Rng) -> None:
    wood = chance.colour(WOOD)
    dark = (wood[0] * 0.72, wood[1] * 0.72, wood[2] * 0.72)
    for x in (0.2, 0.72):
        canvas.rectangle(x, 0.24, x + 0.07, 0.84, dark)
    for x in (0.05, 0.85):
        canvas.rectangle(x, 0.2, x + 0.1, 1, wood)
    canvas.rectangle(0.04, 0.2, 0.96, 0.34, dark)
    canvas.rectangle(0, 0.04, 1, 0.22, (wood[0] * 1.2, wood[1] * 1.2, wood[2] * 1.2))


@thing("chair", width=48, tallness=1.45)
def chair(canvas: Canvas, chance: Rng) -> None:
    wood, seat = chance.colour(WOOD), chance.paint()
    for x in (0.12, 0.78):
        canvas.rectangle(x, 0.55, x + 0.1, 1, wood)
    canvas.rectangle(0.1, 0.02, 0.2, 0.6, wood)
    canvas.rectangle(0.8, 0.02, 0.9, 0.6, wood)
    for y in (0.08, 0.22, 0.36):
        canvas.rectangle(0.18, y, 0.82, y + 0.09, wood)
    canvas.rectangle(0.04, 0.52, 0.96, 0.63, seat)


@thing("lamp", width=46, tallness=1.7)
def lamp(canvas: Canvas, chance: Rng) -> None:
    shades = ((1.0, 0.9, 0.6), (0.97, 0.7, 0.42), (0.66, 0.86, 0.72))
    canvas.rectangle(0.46, 0.3, 0.54, 0.96, INK)
    canvas.ellipse(0.5, 0.96, 0.3, 0.04, INK)
    canvas.polygon(
        [(0.28, 0.02), (0.72, 0.02), (1, 0.36), (0, 0.36)], chance.colour(chance.pick(shades))
    )
    canvas.line([(0.72, 0.36), (0.72, 0.48)], (0.8, 0.7, 0.4), 0.04)


@thing("clock", width=48, tallness=1.0, grounded=False)
def clock(canvas: Canvas, chance: Rng) -> None:
    canvas.disc(0.5, 0.5, 0.49, chance.colour((0.36, 0.22, 0.13)))
    canvas.disc(0.5, 0.5, 0.41, (0.97, 0.96, 0.91))
    for x, y in _HOURS:
        canvas.disc(0.5 + 0.33 * x, 0.5 + 0.33 * y, 0.035, INK)
    for length, width in ((0.3, 0.05), (0.2, 0.07)):
        x, y = chance.pick(_HOURS)
        canvas.line([(0.5, 0.5), (0.5 + length * x, 0.5 + length * y)], INK, width)


@thing("crate", width=54, tallness=0.96)
def crate(canvas: Canvas, chance: Rng) -> None:
    board = chance.colour((0.74, 0.54, 0.32))
    beam = (board[0] * 0.68, board[1] * 0.66, board[2] * 0.62)
    canvas.rectangle(0, 0, 1, 1, board)
    for x in (0.25, 0.5, 0.75):
        canvas.line([(x, 0), (x, 1)], beam, 0.025)
    canvas.line([(0.08, 0.08), (0.92, 0.92)], beam, 0.11)
    canvas.line([(0.08, 0.92), (0.92, 0.08)], beam, 0.11)
    canvas.line([(0.06, 0.06), (0.94, 0.06), (0.94, 0.94), (0.06, 0.94), (0.06, 0.06)], beam, 0.12)


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
