"""Places and jumbles: their pixels, labels that agree with the colours, and allowed classes."""

import hashlib
import itertools

import numpy as np

from freecp_d2.data.storybook.classes import CLASSES, SCORED
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.data.storybook.painter import Painter
from freecp_d2.data.storybook.places import PLACES
from freecp_d2.data.storybook.scene import jumble

GOLDEN = "9f6288bce9e24a49baf65ca4fe6fdf2b63e53dc3f944912474f07daf2422f88a"
"""SHA-256 of all places in 8 bits and their labels. See `test_scene.py` before changing it."""


def test_pixels():
    digest = hashlib.sha256()
    for place, seed in itertools.product([*dict.fromkeys(PLACES), jumble], range(8)):
        page = Painter(96, 128, Rng(seed), [c.name for c in CLASSES])
        place(page)
        digest.update(np.floor(page.colour * 255).astype(np.int16).tobytes())
        digest.update(page.labels.tobytes())
    assert digest.hexdigest() == GOLDEN


def test_labels_agree_with_the_colours(coded):
    """Each class has one colour, so a pixel that is not mixed identifies its class."""
    known = {tuple(coded[c.name]): i for i, c in enumerate(CLASSES)}
    assert len(known) == len(CLASSES)
    for place, seed in itertools.product([*dict.fromkeys(PLACES), jumble], range(2)):
        allowed = SCORED if seed % 2 else CLASSES  # jumble paints all in any case
        page = Painter(192, 256, Rng(seed), [c.name for c in allowed])
        place(page)
        colours = page.colour.reshape(-1, 3)
        said = np.array([known.get(tuple(c), -1) for c in colours.tolist()]).reshape(192, 256)
        assert (said >= 0).mean() > 0.85
        assert (page.labels == said)[said >= 0].all()


def test_places_of_scored_classes():
    scored = [c.name for c in SCORED]
    for place in dict.fromkeys(PLACES):
        found = set()
        for seed in range(4):
            page = Painter(192, 256, Rng(seed), scored)
            place(page)
            found |= {CLASSES[i].name for i in np.unique(page.labels)}
        assert found <= set(scored), place
        assert len(found) > 5, place
