"""Things in the sky."""

from ..canvas import Canvas
from ..noise import Rng
from .registry import thing

_RAYS = (
    *((0.0, -1.0), (0.5, -0.866), (0.866, -0.5), (1.0, 0.0), (0.866, 0.5), (0.5, 0.866)),
    *((0.0, 1.0), (-0.5, 0.866), (-0.866, 0.5), (-1.0, 0.0), (-0.866, -0.5), (-0.5, -0.866)),
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
