"""Paint any classes anywhere, so that context alone does not identify a class."""

from .classes import CLASSES
from .painter import EDGES, Painter


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
