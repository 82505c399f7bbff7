"""Buildings: houses, towers, tents, fences."""

import itertools

from ..canvas import Canvas
from ..noise import Rng
from .registry import INK, WHITE, thing

_GLASS = (0.6, 0.82, 0.95)
_LAMPLIGHT = (1.0, 0.88, 0.5)


@thing("house", width=84, tallness=0.95)
def house(canvas: Canvas, chance: Rng) -> None:
    wall = chance.colour(chance.pick(((0.96, 0.9, 0.76), (0.92, 0.72, 0.62), (0.85, 0.88, 0.84))))
    roof = chance.colour(chance.pick(((0.72, 0.2, 0.15), (0.45, 0.28, 0.24), (0.32, 0.36, 0.48))))
    canvas.rectangle(0.68, 0.08, 0.8, 0.4, chance.colour((0.62, 0.34, 0.28)))
    canvas.rectangle(0.1, 0.42, 0.9, 1, wall)
    canvas.polygon([(0, 0.46), (0.5, 0.04), (1, 0.46)], roof)
    canvas.rectangle(0.42, 0.62, 0.58, 1, chance.colour((0.38, 0.22, 0.14)))
    for x in (0.18, 0.66):
        canvas.rectangle(x, 0.55, x + 0.17, 0.77, WHITE)
        canvas.rectangle(x + 0.025, 0.575, x + 0.145, 0.745, chance.pick((_GLASS, _LAMPLIGHT)))
        canvas.line([(x + 0.085, 0.56), (x + 0.085, 0.76)], WHITE, 0.025)


@thing("lighthouse", width=48, tallness=2.2)
def lighthouse(canvas: Canvas, chance: Rng) -> None:
    red = chance.colour((0.82, 0.16, 0.14), 0.05)
    for band in range(5):
        top, bottom = 0.26 + 0.148 * band, 0.26 + 0.148 * (band + 1)
        left, right = 0.3 - 0.2 * (top - 0.26), 0.3 - 0.2 * (bottom - 0.26)
        colour = (0.97, 0.96, 0.94) if band % 2 else red
        canvas.polygon([(left, top), (1 - left, top), (1 - right, bottom), (right, bottom)], colour)
    canvas.rectangle(0.2, 0.23, 0.8, 0.27, INK)
    canvas.rectangle(0.34, 0.12, 0.66, 0.23, _LAMPLIGHT)
    canvas.line([(0.5, 0.12), (0.5, 0.23)], INK, 0.06)
    canvas.polygon([(0.26, 0.13), (0.5, 0.01), (0.74, 0.13)], red)


@thing("skyscraper", width=60, tallness=2.0)
def skyscraper(canvas: Canvas, chance: Rng) -> None:
    wall = chance.colour(chance.pick(((0.4, 0.46, 0.55), (0.58, 0.6, 0.64), (0.45, 0.4, 0.42))))
    canvas.rectangle(0.46, 0, 0.54, 0.1, INK)
    canvas.rectangle(0.04, 0.07, 0.96, 1, wall)
    for row in range(9):
        for column in range(4):
            x, y = 0.12 + 0.205 * column, 0.12 + 0.095 * row
            glass = chance.pick((_GLASS, _GLASS, _LAMPLIGHT, (0.25, 0.32, 0.42)))
            canvas.rectangle(x, y, x + 0.135, y + 0.058, glass)


@thing("tent", width=74, tallness=0.8)
def tent(canvas: Canvas, chance: Rng) -> None:
    cloth, light = chance.paint(), (0.96, 0.93, 0.86)
    edges = [0.0, 0.17, 0.34, 0.5, 0.66, 0.83, 1.0]
    for i, (left, right) in enumerate(itertools.pairwise(edges)):
        canvas.polygon([(0.5, 0.04), (left, 1), (right, 1)], light if i % 2 else cloth)
    canvas.polygon([(0.5, 0.35), (0.34, 1), (0.66, 1)], (0.16, 0.12, 0.14))
    canvas.line([(0.5, 0.04), (0.5, 0.35)], cloth, 0.03)


@thing("fence", width=104, tallness=0.42)
def fence(canvas: Canvas, chance: Rng) -> None:
    paint = chance.colour(chance.pick(((0.97, 0.97, 0.95), (0.97, 0.97, 0.95), (0.66, 0.46, 0.28))))
    rail = (paint[0] * 0.82, paint[1] * 0.82, paint[2] * 0.82)
    for y in (0.36, 0.72):
        canvas.rectangle(0, y, 1, y + 0.12, rail)
    pickets = chance.integer(7, 9)
    for i in range(pickets):
        left, right = (i + 0.14) / pickets, (i + 0.86) / pickets
        tip = ((left + right) / 2, 0.0)
        canvas.polygon([(left, 0.2), tip, (right, 0.2), (right, 1), (left, 1)], paint)
