"""Draw a page of Storybook, an image and the class of every pixel, from a seed."""

from dataclasses import dataclass

import numpy as np

from .classes import CLASSES, SCORED
from .noise import Rng
from .painter import EDGES, Painter
from .places import PLACES

HEIGHT, WIDTH = 192, 256


@dataclass(frozen=True)
class Scene:
    """A page."""

    image: np.ndarray  # uint8 (192, 256, 3), RGB
    labels: np.ndarray  # uint8 (192, 256), index into `classes.CLASSES`; the scored ones come first


def draw_scene(seed: int) -> Scene:
    """Draw a page of the benchmark, a place with scored classes only; `seed` is below 2**32."""
    chance = Rng(seed)
    page = Painter(HEIGHT, WIDTH, chance, [c.name for c in SCORED])
    chance.pick(PLACES)(page)
    return _finish(page)


def draw_training_scene(seed: int) -> Scene:
    """Draw a page for training: a place with any classes or, with probability 1/3, a jumble."""
    chance = Rng(seed)
    page = Painter(HEIGHT, WIDTH, chance, [c.name for c in CLASSES])
    (jumble if chance.maybe(1 / 3) else chance.pick(PLACES))(page)
    return _finish(page)


def _finish(page: Painter) -> Scene:
    page.light()
    image = np.floor(np.clip(page.colour, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return Scene(image, page.labels)


def jumble(page: Painter) -> None:
    """One to three kinds of stuff, below or beside one another, and up to six things."""
    chance = page.chance
    stuff = chance.shuffled([c.name for c in CLASSES if not c.is_thing])[: chance.integer(1, 3)]
    things = [c.name for c in CLASSES if c.is_thing]
    page.fill(stuff[0])
    if chance.maybe(0.5):
        tops = sorted(chance.uniform(0.25, 0.85) for _ in stuff[1:])
        for name, top in zip(stuff[1:], tops, strict=True):
            page.fill(name, top, chance.pick(EDGES))
    else:
        x, y = (int(chance.uniform(0.25, 0.75) * side) for side in (page.w, page.h))
        corners = chance.shuffled(
            [(0, y, 0, x), (0, y, x, page.w), (y, page.h, 0, x), (y, page.h, x, page.w)]
        )
        for name, corner in zip(stuff[1:], corners, strict=False):
            page.patch(name, *corner)
    for spot in page.spots(chance.integer(1, 6)):
        page.place(chance.pick(things), spot, chance.uniform(0.3, 0.95), chance.uniform(0.7, 1.5))
