"""Draw a page of Storybook, an image and the class of every pixel, from a seed."""

from dataclasses import dataclass

import numpy as np

from .classes import CLASSES, SCORED
from .jumble import jumble
from .painter import Painter
from .places import PLACES
from .rng import Rng

HEIGHT, WIDTH = 192, 256


@dataclass(frozen=True)
class Scene:
    """
    Attributes:
        image: uint8 (192, 256, 3), RGB.
        labels: uint8 (192, 256), index into `classes.CLASSES`; the scored classes come first.
    """

    image: np.ndarray
    labels: np.ndarray


def draw_scene(seed: int) -> Scene:
    """
    Draw a page of the benchmark: a place with scored classes only.

    Args:
        seed: 0 to 2**32 - 1; the same pixels on every machine.
    """
    chance = Rng(seed)
    page = Painter(HEIGHT, WIDTH, chance, [c.name for c in SCORED])
    chance.pick(PLACES)(page)
    return _finish(page)


def draw_training_scene(seed: int) -> Scene:
    """Draw a page for training: a place with any classes or, with probability 1/3, a jumble."""
    chance = Rng(seed)
    page = Painter(HEIGHT, WIDTH, chance, [c.name for c in CLASSES])
    (jumble if chance.maybe(1 / 3) else chance.pick(PLACES))(page)
    return _finish(page)


def _finish(page: Painter) -> Scene:
    page.light()
    image = np.floor(np.clip(page.colour, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return Scene(image, page.labels)
