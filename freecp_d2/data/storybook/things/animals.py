"""Animals, looking to the right."""

from ..canvas import Canvas
from ..noise import Colour, Rng
from .registry import INK, WHITE, thing


def _legs(canvas: Canvas, positions: tuple[float, ...], top: float, colour: Colour) -> None:
    for x in positions:
        canvas.rectangle(x, top, x + 0.085, 1, colour)


def _eye(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.disc(x, y, radius, WHITE)
    canvas.disc(x, y, radius * 0.55, INK)


@thing("sheep", width=66, tallness=0.78)
def sheep(canvas: Canvas, chance: Rng) -> None:
    _legs(canvas, (0.2, 0.33, 0.55, 0.67), 0.66, INK)
    shade, wool = (0.8, 0.78, 0.74), chance.colour((0.96, 0.95, 0.91), 0.03)
    canvas.ellipse(0.46, 0.48, 0.36, 0.32, wool)
    for colour, lift in ((shade, 0.05), (wool, -0.02)):
        for _ in range(9):
            x, y = chance.uniform(-0.3, 0.3), chance.uniform(-0.22, 0.2)
            canvas.disc(0.46 + x, 0.46 + y + lift, chance.uniform(0.1, 0.15), colour)
    canvas.ellipse(0.85, 0.36, 0.12, 0.18, INK)
    canvas.ellipse(0.74, 0.28, 0.07, 0.06, INK)
    _eye(canvas, 0.88, 0.32, 0.05)


@thing("cow", width=88, tallness=0.72)
def cow(canvas: Canvas, chance: Rng) -> None:
    patch = chance.pick(((0.12, 0.1, 0.1), (0.12, 0.1, 0.1), (0.48, 0.26, 0.14)))
    hide, pink = (0.97, 0.96, 0.93), (0.95, 0.68, 0.66)
    _legs(canvas, (0.14, 0.25, 0.52, 0.63), 0.6, hide)
    canvas.line([(0.08, 0.3), (0.02, 0.62)], hide, 0.06)
    canvas.ellipse(0.4, 0.72, 0.1, 0.1, pink)
    canvas.ellipse(0.4, 0.46, 0.35, 0.28, hide)
    for _ in range(4):
        spot = (0.4 + chance.uniform(-0.24, 0.24), 0.44 + chance.uniform(-0.14, 0.14))
        canvas.ellipse(*spot, chance.uniform(0.06, 0.11), chance.uniform(0.08, 0.13), patch)
    canvas.line([(0.74, 0.14), (0.7, 0.02)], (0.85, 0.78, 0.6), 0.06)
    canvas.line([(0.88, 0.14), (0.92, 0.02)], (0.85, 0.78, 0.6), 0.06)
    canvas.ellipse(0.81, 0.3, 0.12, 0.2, hide)
    canvas.ellipse(0.73, 0.22, 0.06, 0.07, patch)
    canvas.ellipse(0.84, 0.45, 0.11, 0.09, pink)
    _eye(canvas, 0.83, 0.25, 0.05)


@thing("pig", width=66, tallness=0.66)
def pig(canvas: Canvas, chance: Rng) -> None:
    pink = chance.colour((0.96, 0.66, 0.68), 0.04)
    dark = (pink[0] * 0.86, pink[1] * 0.76, pink[2] * 0.78)
    _legs(canvas, (0.18, 0.3, 0.55, 0.66), 0.7, dark)
    canvas.line([(0.1, 0.5), (0.03, 0.4), (0.06, 0.3)], dark, 0.06)
    canvas.ellipse(0.44, 0.52, 0.36, 0.34, pink)
    canvas.disc(0.8, 0.44, 0.29, pink)
    canvas.polygon([(0.66, 0.26), (0.7, 0.02), (0.82, 0.18)], dark)
    canvas.ellipse(0.94, 0.5, 0.06, 0.13, dark)
    _eye(canvas, 0.82, 0.36, 0.07)


@thing("bird", width=58, tallness=0.72, grounded=False)
def bird(canvas: Canvas, chance: Rng) -> None:
    feathers = ((0.25, 0.2, 0.22), (0.2, 0.3, 0.6), (0.62, 0.14, 0.14))
    body = chance.colour(chance.pick(feathers), 0.04)
    wing = (body[0] * 0.7, body[1] * 0.7, body[2] * 0.7)
    canvas.polygon([(0.26, 0.6), (0, 0.52), (0.02, 0.78)], wing)
    canvas.ellipse(0.5, 0.62, 0.3, 0.2, body)
    canvas.disc(0.79, 0.48, 0.17, body)
    canvas.polygon([(0.9, 0.42), (1, 0.5), (0.9, 0.56)], (0.97, 0.72, 0.12))
    canvas.polygon([(0.36, 0.6), (0.64, 0.54), (0.28, 0.02)], wing)
    _eye(canvas, 0.81, 0.45, 0.06)


@thing("fish", width=62, tallness=0.62, grounded=False)
def fish(canvas: Canvas, chance: Rng) -> None:
    scales = chance.colour(chance.pick(((0.97, 0.52, 0.12), (0.95, 0.78, 0.2), (0.75, 0.3, 0.5))))
    fin = (scales[0] * 0.78, scales[1] * 0.78, scales[2] * 0.78)
    canvas.polygon([(0.28, 0.5), (0, 0.1), (0.06, 0.5), (0, 0.9)], fin)
    canvas.polygon([(0.36, 0.3), (0.5, 0), (0.68, 0.28)], fin)
    canvas.ellipse(0.58, 0.52, 0.4, 0.36, scales)
    for x in (0.42, 0.56):
        canvas.line([(x, 0.26), (x + 0.06, 0.52), (x, 0.78)], WHITE, 0.07)
    _eye(canvas, 0.82, 0.42, 0.11)
