"""Plants."""

from ..canvas import Canvas
from ..noise import Rng
from .registry import LEAF, WHITE, thing


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
