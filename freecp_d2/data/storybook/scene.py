"""
Draw a page of Storybook, an image and the class of every pixel, from a seed.

A function paints each place. Classes that a page does not allow are skipped, so the benchmark
(scored classes only) and the training scenes (all classes) use the same places.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .classes import CLASSES, SCORED
from .noise import Rng
from .painter import EDGES, Painter
from .textures import sky_at

HEIGHT, WIDTH = 192, 256

TINTS = {"day": (1.0, 1.0, 1.0), "dusk": (1.02, 0.9, 0.84), "night": (0.66, 0.7, 0.86)}


def _sky(page: Painter, count: int, *more: str) -> None:
    """Paint the sky and its things, and set the tint for the time of day."""
    time = page.chance.pick(("day", "day", "day", "day", "dusk", "night"))
    page.fill("sky", texture=sky_at(page.chance, page.h, page.w, time))
    names = ("cloud", "cloud", "balloon", *more) if time != "night" else ("cloud", "star", *more)
    spots = page.spots(count + 1)
    if page.chance.maybe(0.55):
        bright = "moon" if time == "night" else "sun"
        page.place(bright, spots[0], page.chance.uniform(0.1, 0.24), page.chance.uniform(0.8, 1.2))
    for x in spots[1 : 1 + page.chance.integer(0, count)]:
        scale = page.chance.uniform(0.75, 1.25)
        page.place(page.choose(*names), x, page.chance.uniform(0.1, 0.28), scale)
    page.tint = TINTS[time]


def coast(page: Painter) -> None:
    """Sea, sand or rocks in front, boats."""
    chance, horizon = page.chance, page.chance.uniform(0.36, 0.46)
    _sky(page, 2, "kite", "bird")
    if chance.maybe(0.35):
        page.fill(page.choose("mountain", "hill"), horizon - 0.02)
    page.fill("sea", horizon)
    shore = chance.uniform(0.68, 0.8)
    boats = ("sailboat", "sailboat", "ship", "fish")
    page.stand(chance.integer(0, 2), boats, horizon + 0.16, shore - 0.02)
    beach = page.choose("sand", "sand", "sand", "gravel", "grass")
    page.fill(beach, shore, chance.pick(("wavy", "slant")))
    people = (
        *("umbrella", "umbrella", "palm tree", "palm tree"),
        *("lighthouse", "chair", "tent", "ball"),
    )
    page.stand(chance.integer(1, 3), people, shore + 0.07, 0.98)


def country(page: Painter) -> None:
    """Meadows and fields, animals, a house, perhaps a river."""
    chance, horizon = page.chance, page.chance.uniform(0.36, 0.46)
    _sky(page, 2, "bird", "kite")
    page.fill(page.choose("forest", "mountain", "hill"), horizon - 0.02)
    near = page.choose("grass", "grass", "field")
    page.fill(near, horizon + 0.07, chance.pick(("flat", "slant", "hilly")))
    if chance.maybe(0.45):
        page.path(page.choose("river", "river", "road", "gravel"), horizon + 0.16)
    elif chance.maybe(0.4):
        page.fill("field" if near == "grass" else "grass", chance.uniform(0.7, 0.8), "slant")
    farm = (
        *("tree", "house", "sheep", "sheep", "cow", "cow"),
        *("flower", "mushroom", "fence", "bush", "pig"),
    )
    page.stand(chance.integer(2, 5), farm, horizon + 0.22, 0.98)


def wood(page: Painter) -> None:
    """The edge of a forest: mushrooms, flowers, tents, a lake or a river."""
    chance, horizon = page.chance, page.chance.uniform(0.3, 0.42)
    _sky(page, 1, "bird")
    page.fill("forest", horizon - 0.06)
    bank = chance.uniform(0.62, 0.74)
    if chance.maybe(0.45):
        page.fill(page.choose("river", "lake"), horizon + 0.14)
        page.stand(chance.integer(0, 1), ("sailboat", "fish"), bank - 0.1, bank)
        page.fill("grass", bank, chance.pick(("wavy", "slant")))
    else:
        bank = horizon + 0.22
        page.fill(
            page.choose("grass", "grass", "gravel"), bank - 0.06, chance.pick(("wavy", "hilly"))
        )
    camp = ("mushroom", "mushroom", "flower", "flower", "tent", "tree", "bush", "crate")
    page.stand(chance.integer(2, 4), camp, bank + 0.1, 0.98)


def street(page: Painter) -> None:
    """A road with cars and buses before houses or a wall."""
    chance = page.chance
    _sky(page, 2, "bird")
    curb = chance.uniform(0.64, 0.72)
    if chance.maybe(0.5):
        page.fill(
            "brick wall" if chance.maybe(0.8) else page.choose("brick wall", "stone wall"),
            curb - chance.uniform(0.2, 0.3),
        )
    else:
        page.fill("grass", curb - 0.1)
        houses = ("house", "house", "tree", "skyscraper", "skyscraper", "skyscraper")
        page.stand(chance.integer(2, 3), houses, curb - 0.03, curb - 0.01)
    page.fill("road", curb)
    page.stand(chance.integer(0, 2), ("lamp", "tree", "fence", "bush"), curb + 0.01, curb + 0.05)
    traffic = ("car", "car", "bus", "bus", "train", "crate")
    page.stand(chance.integer(1, 3), traffic, curb + 0.12, 0.97)


def winter(page: Painter) -> None:
    """Snow under mountains or a forest."""
    chance, horizon = page.chance, page.chance.uniform(0.36, 0.46)
    _sky(page, 2)
    page.fill(page.choose("mountain", "mountain", "forest"), horizon)
    page.fill("snow", horizon + 0.06, chance.pick(("hilly", "wavy", "flat")))
    if chance.maybe(0.25):
        page.path(page.choose("road", "river"), horizon + 0.16)
    village = ("house", "house", "tree", "fence", "tent", "car", "snowman", "snowman")
    page.stand(chance.integer(1, 4), village, horizon + 0.22, 0.98)


def desert(page: Painter) -> None:
    """Sand to the horizon."""
    chance, horizon = page.chance, page.chance.uniform(0.38, 0.5)
    _sky(page, 2, "rocket", "rocket")
    if chance.maybe(0.6):
        page.fill("mountain", horizon)
    page.fill("sand", horizon + 0.05, chance.pick(("hilly", "wavy")))
    if chance.maybe(0.3):
        page.path(page.choose("road", "river"), horizon + 0.16)
    oasis = ("palm tree", "palm tree", "tent", "tent", "car", "bus", "umbrella", "crate")
    page.stand(chance.integer(1, 4), oasis, horizon + 0.24, 0.98)


def room(page: Painter) -> None:
    """A wall, a floor, furniture."""
    chance = page.chance
    page.fill(page.choose("painted wall", "painted wall", "brick wall", "stone wall"))
    if not page.allowed.isdisjoint(("clock", "star")):
        page.hang(chance.integer(0, 2), ("clock", "clock", "star"), 0.14, 0.3)
    floor = chance.uniform(0.6, 0.7)
    page.fill(page.choose("wooden floor", "wooden floor", "carpet", "tile floor"), floor)
    if chance.maybe(0.25):
        page.fill("carpet", chance.uniform(0.8, 0.86), chance.pick(("flat", "slant")))
    things = (
        *("table", "table", "chair", "chair", "lamp", "lamp"),
        *("flower", "umbrella", "crate", "ball"),
    )
    page.stand(chance.integer(2, 4), things, floor + 0.08, 0.97)


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


PLACES: tuple[Callable[[Painter], None], ...] = (
    *(coast, country, country, wood, street, street),
    *(winter, desert, room, room),
)
"""A place that is listed twice is twice as likely."""


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
