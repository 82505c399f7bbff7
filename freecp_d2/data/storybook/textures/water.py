"""Sea, river and lake: all blue, with different waves."""

import numpy as np

from ..noise import blend, coordinates, noise, wave
from ..rng import Rng
from .registry import texture


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
