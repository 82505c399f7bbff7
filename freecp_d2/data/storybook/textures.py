"""Textures of stuff, which fills regions of any outline, by the name of their class."""

from collections.abc import Callable

import numpy as np

from .noise import Rng, blend, coordinates, noise, wave

Texture = Callable[[Rng, int, int], np.ndarray]

TEXTURES: dict[str, Texture] = {}
"""Class -> (chance, h, w) -> colours (h, w, 3), about [0, 1]."""


def texture(name: str) -> Callable[[Texture], Texture]:
    """Register the texture of class `name`."""

    def register(draw: Texture) -> Texture:
        TEXTURES[name] = draw
        return draw

    return register


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


def _blocks(
    chance: Rng, h: int, w: int, height: float, width: float, joint: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blocks in rows, each row shifted by half: a tone in [0, 1) for each, and the joints."""
    y, x = coordinates(h, w)
    y, x = y + chance.uniform(0, height), x + chance.uniform(0, width)
    row = np.floor(y / height)
    x = x + (row % 2) * (width / 2)
    tone = (row * 57 + np.floor(x / width) * 131) % 97 / 97
    return tone, (x % width < joint) | (y % height < joint)


@texture("brick wall")
def brick_wall(chance: Rng, h: int, w: int) -> np.ndarray:
    """Small red bricks, light mortar."""
    size = chance.uniform(0.9, 1.3)
    tone, joints = _blocks(chance, h, w, 10 * size, 23 * size, 1.8)
    tone = 0.6 * tone + 0.4 * noise(chance, h, w, 2)
    bricks = blend(chance.colour((0.55, 0.2, 0.14), 0.05), chance.colour((0.82, 0.4, 0.28)), tone)
    return blend(bricks, chance.colour((0.84, 0.8, 0.74)), joints)


@texture("stone wall")
def stone_wall(chance: Rng, h: int, w: int) -> np.ndarray:
    """Large grey blocks, dark joints."""
    size = chance.uniform(0.9, 1.3)
    tone, joints = _blocks(chance, h, w, 20 * size, 32 * size, 2.4)
    tone = 0.6 * tone + 0.4 * noise(chance, h, w, 4)
    stones = blend(chance.colour((0.42, 0.42, 0.43)), chance.colour((0.72, 0.71, 0.7)), tone)
    return blend(stones, chance.colour((0.22, 0.22, 0.23)), joints)


@texture("painted wall")
def painted_wall(chance: Rng, h: int, w: int) -> np.ndarray:
    """One pastel colour, nothing on it."""
    pastels = ((0.9, 0.8, 0.7), (0.75, 0.86, 0.78), (0.88, 0.76, 0.8), (0.92, 0.88, 0.68))
    red, green, blue = chance.colour(chance.pick(pastels))
    plain = 0.6 * noise(chance, h, w, 60) + 0.4 * noise(chance, h, w, 1)
    return blend((red * 0.92, green * 0.92, blue * 0.92), (red, green, blue), plain)


@texture("wooden floor")
def wooden_floor(chance: Rng, h: int, w: int) -> np.ndarray:
    """Long brown boards with grain."""
    board = chance.uniform(11, 16)
    tone, joints = _blocks(chance, h, w, board, 90, 1.4)
    grain = 0.5 * tone + 0.5 * noise(chance, h, w, 3, stretch_x=8)
    wood = blend(chance.colour((0.47, 0.28, 0.13)), chance.colour((0.8, 0.57, 0.33)), grain)
    return blend(wood, (0.2, 0.11, 0.05), joints)


@texture("tile floor")
def tile_floor(chance: Rng, h: int, w: int) -> np.ndarray:
    """A checkerboard of square tiles."""
    y, x = coordinates(h, w)
    side = chance.uniform(14, 20)
    dark = (np.floor(y / side) + np.floor(x / side)) % 2
    tiles = blend(chance.colour((0.93, 0.92, 0.88)), chance.colour((0.3, 0.36, 0.45), 0.1), dark)
    return blend(tiles, (0.55, 0.55, 0.55), (y % side < 1) | (x % side < 1))


@texture("carpet")
def carpet(chance: Rng, h: int, w: int) -> np.ndarray:
    """Woven diamonds in strong colours."""
    y, x = coordinates(h, w)
    side = chance.uniform(16, 24)
    away = np.abs(x % side - side / 2) + np.abs(y % side - side / 2)
    ground = chance.pick(((0.6, 0.12, 0.18), (0.5, 0.14, 0.38), (0.16, 0.22, 0.5), (0.1, 0.4, 0.4)))
    woven = blend(chance.colour(ground), chance.colour((0.9, 0.7, 0.3)), away < side * 0.4)
    woven = blend(woven, chance.colour(ground), away < side * 0.2)
    return woven * (0.85 + 0.2 * noise(chance, h, w, 1))[..., None]


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
