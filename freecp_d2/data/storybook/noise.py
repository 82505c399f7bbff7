"""
Building blocks of textures: coordinates, waves, noise, blends.

Only +, -, *, / and table look-ups are used: IEEE 754 makes them equal on every machine, unlike
sines and exponentials.
"""

import math

import numpy as np

from .rng import Colour, Rng

_SINE = np.array([round(16384 * math.sin(2 * math.pi * i / 4096)) for i in range(4096)]) / 16384.0


def coordinates(h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    """y of shape (h, 1) and x of shape (1, w), float64, in pixels."""
    return np.arange(h, dtype=np.float64)[:, None], np.arange(w, dtype=np.float64)[None, :]


def wave(turns: np.ndarray) -> np.ndarray:
    """A sine of period 1, in [0, 1]; from a table of 4096 steps."""
    steps = np.floor(turns * 4096.0).astype(np.int64) & 4095
    return 0.5 + 0.5 * _SINE[steps]


def noise(
    chance: Rng, h: int, w: int, size: float, *, stretch_y: float = 1.0, stretch_x: float = 1.0
) -> np.ndarray:
    """
    Value noise: random numbers on a lattice, smoothly interpolated.

    Args:
        chance: the random source.
        h, w: shape.
        size: distance of lattice points in pixels, times `stretch_y` in y and `stretch_x` in x.

    Returns:
        np.ndarray: shape (h, w), in [0, 1).
    """
    y0, fy = _lattice(h, size * stretch_y, chance.uniform())
    x0, fx = _lattice(w, size * stretch_x, chance.uniform())
    values = chance.array(int(y0[-1]) + 2, int(x0[-1]) + 2)
    rows = values[:, x0] * (1.0 - fx) + values[:, x0 + 1] * fx
    fy = fy[:, None]
    return rows[y0] * (1.0 - fy) + rows[y0 + 1] * fy


def _lattice(n: int, size: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Index of the lattice point before each pixel, and the smoothed weight of the one after."""
    position = np.arange(n, dtype=np.float64) / size + shift
    before = np.floor(position)
    fraction = position - before
    return before.astype(np.int64), fraction * fraction * (3.0 - 2.0 * fraction)


def blend(low: Colour | np.ndarray, high: Colour | np.ndarray, amount: np.ndarray) -> np.ndarray:
    """
    Interpolate between two colours, pixel by pixel.

    Args:
        low, high: a colour or an image (h, w, 3).
        amount: 0 gives `low`, 1 gives `high`, shape (h, w).

    Returns:
        np.ndarray: shape (h, w, 3).
    """
    start, end = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    return start + (end - start) * amount[..., None]
