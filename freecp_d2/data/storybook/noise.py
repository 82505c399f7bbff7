"""
Building blocks of textures: coordinates, waves, noise, blends; and `Rng`, the only random source.

The results are the same on every machine: NumPy freezes the stream of `RandomState.random_sample`
(NEP 19), and IEEE 754 fixes +, -, *, / and table look-ups, unlike sines and exponentials.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

_SINE = np.array([round(16384 * math.sin(2 * math.pi * i / 4096)) for i in range(4096)]) / 16384.0

T = TypeVar("T")

Colour = tuple[float, float, float]

_PAINTS: tuple[Colour, ...] = (
    (0.85, 0.18, 0.16),
    (0.95, 0.55, 0.12),
    (0.96, 0.82, 0.25),
    (0.25, 0.65, 0.32),
    (0.15, 0.6, 0.65),
    (0.2, 0.38, 0.78),
    (0.55, 0.3, 0.7),
    (0.92, 0.5, 0.65),
)


class Rng:
    """A seeded stream of choices; the seed is 0 to 2**32 - 1."""

    def __init__(self, seed: int):
        self._state = np.random.RandomState(seed)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * float(self._state.random_sample())

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int((high + 1 - low) * self._state.random_sample())

    def maybe(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self._state.random_sample() < probability)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; one that is listed twice is twice as likely."""
        return options[self.integer(0, len(options) - 1)]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """The options in random order."""
        return [options[i] for i in np.argsort(self.array(len(options)), kind="stable")]

    def array(self, *shape: int) -> np.ndarray:
        """Numbers in [0, 1), float64."""
        return self._state.random_sample(shape)

    def colour(self, base: Colour, spread: float = 0.06) -> Colour:
        """A colour near `base`, of other brightness and slightly other hue; RGB in [0, 1]."""
        brightness = self.uniform(-spread, spread)
        red, green, blue = (
            min(1.0, max(0.0, value + brightness + self.uniform(-spread, spread) / 2))
            for value in base
        )
        return red, green, blue

    def paint(self) -> Colour:
        """A saturated colour."""
        return self.colour(self.pick(_PAINTS), 0.08)


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
    Value noise: random numbers on a lattice, smoothly interpolated; shape (h, w), in [0, 1).

    Lattice points are `size` pixels apart, times `stretch_y` in y and `stretch_x` in x.
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
    Interpolate between two colours or images (h, w, 3), pixel by pixel; `amount`, shape (h, w), is
    0 for `low` and 1 for `high`.
    """
    start, end = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    return start + (end - start) * amount[..., None]
