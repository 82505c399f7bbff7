"""The sky, plants and buildings."""

import itertools

from ..canvas import Canvas
from ..noise import Rng
from .registry import INK, LEAF, WHITE, thing

_RAYS = (
    (0.0, -1.0),
    (0.5, -0.866),
    (0.866, -0.5),
    (1.0, 0.0),
    (0.866, 0.5),
    (0.5, 0.866),
    (0.0, 1.0),
    (-0.5, 0.866),
    (-0.866, 0.5),
    (-1.0, 0.0),
    (-0.866, -0.5),
    (-0.5, -0.866),
)
"""Twelve directions, a clock's hours."""


@thing("sun", width=58, tallness=1.0, grounded=False)
def sun(canvas: Canvas, chance: Rng) -> None:
    ray = chance.colour((1.0, 0.66, 0.14), 0.04)
    for x, y in _RAYS:
        tip = (0.5 + 0.49 * x, 0.5 + 0.49 * y)
        left = (0.5 + 0.32 * x - 0.1 * y, 0.5 + 0.32 * y + 0.1 * x)
        right = (0.5 + 0.32 * x + 0.1 * y, 0.5 + 0.32 * y - 0.1 * x)
        canvas.polygon([tip, left, right], ray)
    canvas.disc(0.5, 0.5, 0.35, chance.colour((1.0, 0.84, 0.22), 0.03))
    canvas.disc(0.46, 0.46, 0.22, (1.0, 0.94, 0.58))


@thing("moon", width=50, tallness=1.0, grounded=False)
def moon(canvas: Canvas, chance: Rng) -> None:
    canvas.disc(0.5, 0.5, 0.48, chance.colour((0.88, 0.88, 0.84), 0.04))
    crater = chance.colour((0.68, 0.68, 0.67), 0.03)
    for _ in range(6):
        spot = (0.5 + chance.uniform(-0.28, 0.28), 0.5 + chance.uniform(-0.28, 0.28))
        canvas.disc(*spot, chance.uniform(0.05, 0.12), crater)


@thing("star", width=42, tallness=1.0, grounded=False)
def star(canvas: Canvas, chance: Rng) -> None:
    outer = ((0, -1), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309))
    inner = ((0.588, -0.809), (0.951, 0.309), (0, 1), (-0.951, 0.309), (-0.588, -0.809))
    points = [
        (0.5 + r * x, 0.52 + r * y)
        for pair in zip(outer, inner, strict=True)
        for (x, y), r in zip(pair, (0.48, 0.21), strict=True)
    ]
    canvas.polygon(points, chance.colour((0.99, 0.84, 0.25), 0.04))


@thing("cloud", width=84, tallness=0.5, grounded=False)
def cloud(canvas: Canvas, chance: Rng) -> None:
    shade = chance.colour((0.82, 0.85, 0.9), 0.03)
    canvas.ellipse(0.5, 0.72, 0.44, 0.22, shade)
    for x, y, radius in ((0.24, 0.6, 0.26), (0.45, 0.42, 0.36), (0.7, 0.5, 0.32)):
        jitter = chance.uniform(-0.04, 0.04)
        canvas.disc(x + jitter, y + 0.08, radius, shade)
        canvas.disc(x + jitter, y, radius, (0.99, 0.99, 1.0))


@thing("balloon", width=54, tallness=1.4, grounded=False)
def balloon(canvas: Canvas, chance: Rng) -> None:
    cloth, stripe = chance.paint(), chance.pick(((0.97, 0.95, 0.88), (0.98, 0.85, 0.3)))
    rope, basket = (0.35, 0.24, 0.14), chance.colour((0.58, 0.38, 0.2))
    for x in (0.4, 0.6):
        canvas.line([(0.5 + (x - 0.5) * 3, 0.62), (x, 0.86)], rope, 0.035)
    canvas.polygon([(0.14, 0.52), (0.86, 0.52), (0.6, 0.76), (0.4, 0.76)], cloth)
    canvas.ellipse(0.5, 0.36, 0.46, 0.34, cloth)
    for x, rx in ((0.5, 0.09), (0.22, 0.07), (0.78, 0.07)):
        canvas.ellipse(x, 0.36, rx, 0.335 if x == 0.5 else 0.26, stripe)
    canvas.rectangle(0.38, 0.85, 0.62, 1, basket)


@thing("kite", width=56, tallness=1.2, grounded=False)
def kite(canvas: Canvas, chance: Rng) -> None:
    first, second = chance.paint(), chance.paint()
    canvas.line([(0.46, 0.62), (0.56, 0.76), (0.4, 0.86), (0.5, 1)], (0.3, 0.22, 0.2), 0.04)
    canvas.polygon([(0.46, 0), (0.46, 0.66), (0.02, 0.28)], first)
    canvas.polygon([(0.46, 0), (0.46, 0.66), (0.92, 0.28)], second)
    canvas.line([(0.02, 0.28), (0.92, 0.28)], (0.3, 0.22, 0.2), 0.035)
    canvas.line([(0.46, 0), (0.46, 0.66)], (0.3, 0.22, 0.2), 0.035)
    for x, y in ((0.55, 0.77), (0.41, 0.87)):
        canvas.polygon([(x, y), (x - 0.12, y - 0.05), (x - 0.12, y + 0.05)], second)
        canvas.polygon([(x, y), (x + 0.12, y - 0.05), (x + 0.12, y + 0.05)], first)


def _crown(canvas: Canvas, chance: Rng, middle: float, reach: float, puffs: int) -> None:
    """A round crown of leaves around height `middle`: dark puffs, then lighter ones above."""
    green = chance.colour(LEAF, 0.05)
    light = (green[0] + 0.12, green[1] + 0.16, green[2] + 0.06)
    for colour, lift in ((green, 0.0), (light, -0.06)):
        for _ in range(puffs):
            x, y = chance.uniform(-0.26, 0.26), chance.uniform(-reach, reach)
            canvas.disc(0.5 + x, middle + lift + y, chance.uniform(0.14, 0.22), colour)


@thing("tree", width=60, tallness=1.35)
def tree(canvas: Canvas, chance: Rng) -> None:
    bark = chance.colour((0.42, 0.28, 0.16), 0.04)
    canvas.polygon([(0.42, 0.5), (0.58, 0.5), (0.63, 1), (0.37, 1)], bark)
    canvas.line([(0.5, 0.62), (0.3, 0.45)], bark, 0.07)
    canvas.disc(0.5, 0.34, 0.36, chance.colour(LEAF, 0.04))
    _crown(canvas, chance, 0.34, 0.14, 9)


@thing("bush", width=58, tallness=0.62)
def bush(canvas: Canvas, chance: Rng) -> None:
    canvas.ellipse(0.5, 0.72, 0.48, 0.3, chance.colour((0.14, 0.36, 0.14), 0.04))
    _crown(canvas, chance, 0.6, 0.16, 10)
    for _ in range(6):
        berry = (chance.uniform(0.2, 0.8), chance.uniform(0.4, 0.85))
        canvas.disc(*berry, 0.045, (0.8, 0.12, 0.2))


@thing("palm tree", width=66, tallness=1.35)
def palm_tree(canvas: Canvas, chance: Rng) -> None:
    bark, green = chance.colour((0.58, 0.42, 0.24), 0.04), chance.colour((0.2, 0.56, 0.2), 0.05)
    trunk = [(0.44, 1), (0.5, 0.75), (0.53, 0.5), (0.5, 0.3)]
    canvas.line(trunk, bark, 0.12)
    for x, y in ((0.02, 0.42), (0.1, 0.12), (0.38, 0.02), (0.66, 0.04), (0.92, 0.16), (0.98, 0.46)):
        bend = (0.5 + (x - 0.5) * 0.55, min(y, 0.3) * 0.6)
        canvas.polygon([(0.5, 0.26), bend, (x, y), (bend[0], bend[1] + 0.12), (0.5, 0.34)], green)
    for x in (0.43, 0.56):
        canvas.disc(x, 0.34, 0.06, (0.36, 0.22, 0.12))


@thing("flower", width=38, tallness=1.5)
def flower(canvas: Canvas, chance: Rng) -> None:
    stem = chance.colour((0.16, 0.5, 0.16), 0.04)
    canvas.line([(0.5, 0.4), (0.48, 1)], stem, 0.1)
    canvas.polygon([(0.48, 0.85), (0.75, 0.62), (0.95, 0.66), (0.75, 0.82)], stem)
    canvas.polygon([(0.48, 0.92), (0.24, 0.7), (0.05, 0.74), (0.24, 0.9)], stem)
    petals = ((0.95, 0.42, 0.62), (0.9, 0.2, 0.22), (0.66, 0.42, 0.9), (0.98, 0.96, 0.94))
    petal = chance.colour(chance.pick(petals), 0.05)
    ring = ((0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5))
    for dx, dy in ring:
        canvas.disc(0.5 + 0.27 * dx, 0.32 + 0.18 * dy, 0.21, petal)
    canvas.disc(0.5, 0.32, 0.18, (0.98, 0.8, 0.18))


@thing("mushroom", width=50, tallness=1.0)
def mushroom(canvas: Canvas, chance: Rng) -> None:
    canvas.polygon(
        [(0.38, 0.5), (0.62, 0.5), (0.68, 1), (0.32, 1)], chance.colour((0.94, 0.9, 0.8))
    )
    arch = [(0.0, 0.56), (0.05, 0.36), (0.17, 0.18), (0.34, 0.06), (0.5, 0.02)]
    cap = [*arch, *((1 - x, y) for x, y in reversed(arch[:-1]))]
    canvas.polygon(cap, chance.colour((0.84, 0.13, 0.1), 0.05))
    for x, y in ((0.28, 0.3), (0.52, 0.16), (0.75, 0.33), (0.5, 0.42), (0.14, 0.47), (0.88, 0.48)):
        canvas.disc(x, y, 0.075, WHITE)


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
