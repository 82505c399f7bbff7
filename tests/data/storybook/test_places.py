"""Places and jumbles: labels agree with what is painted, and nothing is painted that may not be."""

import numpy as np
import pytest

from freecp_d2.data.storybook.classes import CLASSES, SCORED
from freecp_d2.data.storybook.jumble import jumble
from freecp_d2.data.storybook.painter import Painter
from freecp_d2.data.storybook.places import PLACES
from freecp_d2.data.storybook.rng import Rng


@pytest.mark.parametrize("place", [*dict.fromkeys(PLACES), jumble], ids=lambda p: p.__name__)
def test_labels_agree_with_the_colours(coded, place):
    """On a page of coded colours a pixel that is not mixed says itself what it is."""
    known = {tuple(coded[c.name]): i for i, c in enumerate(CLASSES)}
    assert len(known) == len(CLASSES)
    for seed in range(4):
        allowed = SCORED if seed % 2 else CLASSES  # jumble paints all in any case
        page = Painter(192, 256, Rng(seed), [c.name for c in allowed])
        place(page)
        colours = page.colour.reshape(-1, 3)
        said = np.array([known.get(tuple(c), -1) for c in colours.tolist()]).reshape(192, 256)
        assert (said >= 0).mean() > 0.85
        assert (page.labels == said)[said >= 0].all()


@pytest.mark.parametrize("place", list(dict.fromkeys(PLACES)), ids=lambda p: p.__name__)
def test_places_of_scored_classes(place):
    """Whatever chance chooses: the names that a place lists are enough without the others."""
    scored = [c.name for c in SCORED]
    found = set()
    for seed in range(4):
        page = Painter(192, 256, Rng(seed), scored)
        place(page)
        found |= {CLASSES[i].name for i in np.unique(page.labels)}
    assert found <= set(scored)
    assert len(found) > 5
