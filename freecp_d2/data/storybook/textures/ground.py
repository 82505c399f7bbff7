"""Textures of the ground: grass, field, sand, snow, road and gravel."""

import numpy as np

from ..noise import Rng, blend, coordinates, noise, wave
from .registry import texture


@texture("grass")
def grass(chance: Rng, h: int, w: int) -> np.ndarray:
    """Bright green with upright blades."""
    blades = 0.65 * noise(chance, h, w, 2, stretch_y=3) + 0.35 * noise(chance, h, w, 30)
    return blend(chance.colour((0.14, 0.42, 0.1)), chance.colour((0.5, 0.8, 0.26)), blades)


@texture("field")
def field(chance: Rng, h: int, w: int) -> np.ndarray:
    """Yellow with parallel furrows."""
    y, x = coordinates(h, w)
    slant = chance.uniform(-0.8, 0.8)
    furrows = wave((y + slant * x) / chance.uniform(10, 14))
    ripe = 0.75 * furrows + 0.25 * noise(chance, h, w, 2)
    return blend(chance.colour((0.58, 0.45, 0.14)), chance.colour((0.94, 0.82, 0.4)), ripe)


@texture("sand")
def sand(chance: Rng, h: int, w: int) -> np.ndarray:
    """Pale beige, fine grains and faint ripples."""
    y, _ = coordinates(h, w)
    ripples = wave(y / 16.0 + 1.1 * noise(chance, h, w, 30))
    grains = 0.3 * ripples + 0.7 * noise(chance, h, w, 1)
    return blend(chance.colour((0.8, 0.68, 0.46)), chance.colour((0.98, 0.9, 0.7)), grains)


@texture("snow")
def snow(chance: Rng, h: int, w: int) -> np.ndarray:
    """White with bluish shade."""
    drifts = 0.75 * noise(chance, h, w, 28, stretch_x=2) + 0.4 * noise(chance, h, w, 2)
    return blend(
        chance.colour((0.78, 0.85, 0.95), 0.03), (1.0, 1.0, 1.0), np.clip(drifts, 0.0, 1.0)
    )


@texture("road")
def road(chance: Rng, h: int, w: int) -> np.ndarray:
    """Dark grey asphalt with dashed white lines."""
    y, x = coordinates(h, w)
    dark, light = chance.colour((0.24, 0.24, 0.27), 0.04), chance.colour((0.42, 0.42, 0.45), 0.04)
    asphalt = blend(dark, light, noise(chance, h, w, 1))
    lane, first, dash = chance.uniform(36, 52), chance.uniform(8, 26), chance.uniform(0, 34)
    line = ((y + lane - first) % lane < chance.uniform(3, 4.5)) & ((x + dash) % 34 < 20)
    return blend(asphalt, (0.96, 0.94, 0.84), 0.95 * line)


@texture("gravel")
def gravel(chance: Rng, h: int, w: int) -> np.ndarray:
    """Brown and grey pebbles with dark gaps."""
    pebbles = np.clip((noise(chance, h, w, 4) - 0.25) * 3.0, 0.0, 1.0)
    stones = blend(
        chance.colour((0.45, 0.34, 0.25)), chance.colour((0.78, 0.72, 0.66)), noise(chance, h, w, 7)
    )
    return stones * (0.35 + 0.65 * pebbles)[..., None]
