"""Textures of the distance: sky, hill, forest and mountain."""

import numpy as np

from ..noise import blend, coordinates, noise
from ..rng import Rng
from .registry import texture

_SKIES = {
    "day": ((0.27, 0.52, 0.9), (0.7, 0.86, 0.97)),
    "dusk": ((0.38, 0.36, 0.66), (0.97, 0.68, 0.5)),
    "night": ((0.05, 0.07, 0.2), (0.17, 0.2, 0.4)),
}


def sky_at(chance: Rng, h: int, w: int, time: str) -> np.ndarray:
    """A smooth gradient; `time` is day, dusk or night."""
    y, _ = coordinates(h, w)
    top, horizon = (chance.colour(colour, 0.05) for colour in _SKIES[time])
    return blend(top, horizon, np.clip(y / h + 0.2 * noise(chance, h, w, 60) - 0.1, 0.0, 1.0))


@texture("sky")
def sky(chance: Rng, h: int, w: int) -> np.ndarray:
    """The sky at any time, most often by day."""
    return sky_at(chance, h, w, chance.pick(("day", "day", "day", "day", "dusk", "night")))


@texture("hill")
def hill(chance: Rng, h: int, w: int) -> np.ndarray:
    """Dull green, softly shaded, no blades."""
    shade = 0.8 * noise(chance, h, w, 50) + 0.2 * noise(chance, h, w, 8)
    return blend(chance.colour((0.3, 0.44, 0.27)), chance.colour((0.56, 0.68, 0.42)), shade)


@texture("forest")
def forest(chance: Rng, h: int, w: int) -> np.ndarray:
    """Dark crowns close together, black gaps between them."""
    crowns = np.clip((noise(chance, h, w, 9) - 0.25) * 1.8, 0.0, 1.0)
    leaves = 0.6 + 0.4 * noise(chance, h, w, 2)
    return blend(
        chance.colour((0.02, 0.09, 0.06), 0.02), chance.colour((0.13, 0.4, 0.17)), crowns * leaves
    )


@texture("mountain")
def mountain(chance: Rng, h: int, w: int) -> np.ndarray:
    """Grey rock with upright ridges."""
    rock = 0.5 * noise(chance, h, w, 14, stretch_y=2) + 0.5 * noise(chance, h, w, 4, stretch_y=2)
    rock = np.clip((rock - 0.25) * 2.0, 0.0, 1.0)
    return blend(chance.colour((0.27, 0.26, 0.3)), chance.colour((0.68, 0.66, 0.67)), rock)
