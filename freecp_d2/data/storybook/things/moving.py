"""Animals, looking to the right, and vehicles."""

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


_GLASS = (0.72, 0.88, 0.96)
_STEEL = (0.75, 0.76, 0.78)


def _wheels(canvas: Canvas, positions: tuple[float, ...], y: float, radius: float) -> None:
    for x in positions:
        canvas.disc(x, y, radius, INK)
        canvas.disc(x, y, radius * 0.45, _STEEL)


@thing("car", width=84, tallness=0.5)
def car(canvas: Canvas, chance: Rng) -> None:
    paint = chance.paint()
    canvas.polygon([(0.18, 0.46), (0.32, 0.06), (0.66, 0.06), (0.82, 0.46)], paint)
    canvas.polygon([(0.26, 0.44), (0.36, 0.14), (0.48, 0.14), (0.48, 0.44)], _GLASS)
    canvas.polygon([(0.52, 0.44), (0.52, 0.14), (0.63, 0.14), (0.74, 0.44)], _GLASS)
    canvas.polygon(
        [(0, 0.8), (0.02, 0.48), (0.2, 0.42), (0.84, 0.42), (0.99, 0.54), (1, 0.8)], paint
    )
    canvas.disc(0.95, 0.58, 0.07, (1.0, 0.94, 0.6))
    _wheels(canvas, (0.22, 0.78), 0.79, 0.2)


@thing("bus", width=116, tallness=0.52)
def bus(canvas: Canvas, chance: Rng) -> None:
    paint = chance.paint()
    canvas.rectangle(0, 0.04, 1, 0.84, paint)
    canvas.rectangle(0, 0.56, 1, 0.63, WHITE)
    for i in range(5):
        canvas.rectangle(0.04 + 0.155 * i, 0.16, 0.165 + 0.155 * i, 0.46, _GLASS)
    canvas.rectangle(0.83, 0.16, 0.95, 0.8, _GLASS)
    canvas.disc(0.97, 0.72, 0.05, (1.0, 0.94, 0.6))
    _wheels(canvas, (0.2, 0.72), 0.84, 0.16)


@thing("train", width=124, tallness=0.52)
def train(canvas: Canvas, chance: Rng) -> None:
    paint, trim = chance.paint(), (0.18, 0.18, 0.2)
    canvas.rectangle(0.7, 0.02, 0.8, 0.34, trim)
    canvas.rectangle(0.66, 0.0, 0.84, 0.08, trim)
    canvas.rectangle(0.48, 0.3, 0.94, 0.72, paint)
    canvas.rectangle(0.04, 0.06, 0.46, 0.72, paint)
    canvas.rectangle(0.1, 0.16, 0.38, 0.42, _GLASS)
    canvas.rectangle(0.0, 0.0, 0.5, 0.09, trim)
    canvas.rectangle(0.02, 0.68, 0.96, 0.78, trim)
    canvas.polygon([(0.94, 0.62), (1.0, 0.92), (0.88, 0.92)], (0.85, 0.65, 0.2))
    _wheels(canvas, (0.14, 0.34, 0.54, 0.7, 0.85), 0.85, 0.14)


@thing("sailboat", width=68, tallness=1.15)
def sailboat(canvas: Canvas, chance: Rng) -> None:
    canvas.line([(0.48, 0.02), (0.48, 0.78)], (0.35, 0.24, 0.14), 0.05)
    canvas.polygon([(0.52, 0.04), (0.52, 0.7), (0.98, 0.7)], (0.99, 0.98, 0.95))
    canvas.polygon([(0.44, 0.14), (0.44, 0.7), (0.08, 0.7)], chance.paint())
    hull = chance.colour((0.56, 0.32, 0.16))
    canvas.polygon([(0.02, 0.76), (0.98, 0.76), (0.82, 1), (0.18, 1)], hull)
    canvas.line([(0.06, 0.79), (0.94, 0.79)], WHITE, 0.035)


@thing("ship", width=126, tallness=0.55)
def ship(canvas: Canvas, chance: Rng) -> None:
    for x in (0.4, 0.58):
        canvas.rectangle(x, 0.02, x + 0.1, 0.3, chance.colour((0.85, 0.25, 0.15)))
        canvas.rectangle(x, 0.02, x + 0.1, 0.09, INK)
    canvas.rectangle(0.24, 0.28, 0.8, 0.56, (0.96, 0.96, 0.95))
    hull = chance.colour(chance.pick(((0.15, 0.18, 0.28), (0.4, 0.1, 0.12))))
    canvas.polygon([(0, 0.52), (1, 0.46), (0.9, 1), (0.1, 1)], hull)
    for i in range(6):
        canvas.disc(0.3 + 0.09 * i, 0.42, 0.06, (0.35, 0.6, 0.8))
        canvas.disc(0.2 + 0.11 * i, 0.7, 0.05, (0.92, 0.9, 0.8))


@thing("rocket", width=48, tallness=1.7, grounded=False)
def rocket(canvas: Canvas, chance: Rng) -> None:
    red = chance.colour((0.86, 0.2, 0.16))
    canvas.polygon([(0.3, 0.8), (0.5, 1.0), (0.7, 0.8)], (1.0, 0.7, 0.15))
    canvas.polygon([(0.32, 0.5), (0.02, 0.86), (0.34, 0.78)], red)
    canvas.polygon([(0.68, 0.5), (0.98, 0.86), (0.66, 0.78)], red)
    canvas.ellipse(0.5, 0.5, 0.22, 0.34, (0.93, 0.94, 0.96))
    canvas.polygon([(0.32, 0.29), (0.5, 0.02), (0.68, 0.29)], red)
    canvas.disc(0.5, 0.44, 0.13, red)
    canvas.disc(0.5, 0.44, 0.09, (0.45, 0.75, 0.92))
