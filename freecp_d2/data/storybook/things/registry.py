"""The registry of things by the name of their class."""

import dataclasses
from collections.abc import Callable

from ..canvas import Canvas
from ..noise import Rng

Draw = Callable[[Canvas, Rng], None]

INK = (0.13, 0.11, 0.12)
WHITE = (1.0, 1.0, 1.0)
WOOD = (0.5, 0.32, 0.18)
LEAF = (0.2, 0.5, 0.18)


@dataclasses.dataclass(frozen=True)
class Thing:
    """How a thing is drawn."""

    draw: Draw  # on a canvas, looking to the right
    width: int  # usual width in pixels in a scene 256 pixels wide
    tallness: float  # height divided by width
    grounded: bool  # stands on the ground and has a shadow there


THINGS: dict[str, Thing] = {}


def thing(
    name: str, *, width: int, tallness: float, grounded: bool = True
) -> Callable[[Draw], Draw]:
    """Register the drawing of class `name`; see `Thing`."""

    def register(draw: Draw) -> Draw:
        THINGS[name] = Thing(draw, width, tallness, grounded)
        return draw

    return register


def draw_thing(name: str, chance: Rng, scale: float = 1.0) -> Canvas:
    """Draw a thing, `scale` times as large as usual, looking left or right."""
    kind = THINGS[name]
    width = kind.width * scale
    canvas = Canvas(max(4, round(width * kind.tallness)), max(4, round(width)))
    kind.draw(canvas, chance)
    canvas.shade(chance)
    if chance.maybe(0.5):
        canvas.mirror()
    return canvas
