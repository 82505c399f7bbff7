"""Pages whose colours say what they are."""

from functools import partial

import numpy as np
import pytest

from freecp_d2.data.storybook import painter, places
from freecp_d2.data.storybook.classes import CLASS_INDEX
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.things import draw_thing

CODES = dict(zip(CLASS_INDEX, np.floor(Rng(99).array(len(CLASS_INDEX), 3) * 64) / 64, strict=True))
"""Colours that say which class it is: multiples of 1/64, whose sums are exact."""


@pytest.fixture
def coded(monkeypatch):
    """
    Stuff and things painted in the colour of their code, no shadows, no snow caps.

    Returns:
        dict[str, np.ndarray]: name of a class -> its colour.
    """

    def plain(name, chance, h, w, time=""):
        return np.full((h, w, 3), CODES[name])

    for name in TEXTURES:
        monkeypatch.setitem(TEXTURES, name, partial(plain, name))
    monkeypatch.setattr(places, "sky_at", partial(plain, "sky"))
    monkeypatch.setattr(painter.Painter, "_shadow", lambda *_: None)
    monkeypatch.setattr(painter.Painter, "_snow_caps", lambda self, rock, depth: rock)

    def flat(name, chance, scale):
        thing = draw_thing(name, chance, scale)
        thing.colour = thing.cover[..., None] * CODES[name]
        return thing

    monkeypatch.setattr(painter, "draw_thing", flat)
    return CODES
