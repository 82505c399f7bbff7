"""
The only random source of Storybook, with the same draws on every machine.

NumPy freezes the stream of `RandomState.random_sample` (NEP 19); no other random function is used.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
Colour = tuple[float, float, float]


class Rng:
    """
    A seeded stream of choices.

    Args:
        seed: 0 to 2**32 - 1.
    """

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
