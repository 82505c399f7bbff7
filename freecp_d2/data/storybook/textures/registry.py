"""The registry of textures by the name of their class."""

from collections.abc import Callable

import numpy as np

from ..noise import Rng

Texture = Callable[[Rng, int, int], np.ndarray]

TEXTURES: dict[str, Texture] = {}
"""Class -> (chance, h, w) -> colours (h, w, 3), about [0, 1]."""


def texture(name: str) -> Callable[[Texture], Texture]:
    """Register the texture of class `name`."""

    def register(draw: Texture) -> Texture:
        TEXTURES[name] = draw
        return draw

    return register
