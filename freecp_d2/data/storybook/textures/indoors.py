"""Walls and floors."""

import numpy as np

from ..noise import Rng, blend, coordinates, noise
from .registry import texture


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
