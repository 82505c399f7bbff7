"""Textures of the distance and of water: sky, hill, forest, mountain, sea, river, lake."""

import numpy as np

from ..noise import Rng, blend, coordinates, noise, wave
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


@texture("sea")
def sea(chance: Rng, h: int, w: int) -> np.ndarray:
    """Dark blue, rows of short waves with white foam."""
    y, x = coordinates(h, w)
    swell = wave(y / chance.uniform(7, 10) + noise(chance, h, w, 14) + 0.003 * x)
    deep, light = chance.colour((0.04, 0.2, 0.45)), chance.colour((0.12, 0.42, 0.66))
    water = blend(deep, light, 0.8 * swell + 0.2 * noise(chance, h, w, 4))
    foam = (swell > 0.8) & (noise(chance, h, w, 6, stretch_x=2.5) > 0.58)
    return blend(water, (0.93, 0.97, 1.0), 0.85 * foam)


@texture("river")
def river(chance: Rng, h: int, w: int) -> np.ndarray:
    """Green-blue, broad slanted lines of current."""
    y, x = coordinates(h, w)
    slant = chance.pick((-1.0, 1.0)) * chance.uniform(0.5, 0.9)
    current = wave((y + slant * x) / chance.uniform(12, 17) + 1.3 * noise(chance, h, w, 30))
    return blend(chance.colour((0.1, 0.4, 0.42)), chance.colour((0.5, 0.74, 0.68)), current)


@texture("lake")
def lake(chance: Rng, h: int, w: int) -> np.ndarray:
    """Still grey-blue with upright reflections."""
    calm = 0.6 * noise(chance, h, w, 9, stretch_y=5) + 0.4 * noise(chance, h, w, 60)
    return blend(chance.colour((0.26, 0.38, 0.5)), chance.colour((0.58, 0.7, 0.78)), calm)
