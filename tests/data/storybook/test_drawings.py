"""Every texture and thing: its pixels and sizes."""

import hashlib

import numpy as np

from freecp_d2.data.storybook.noise import Rng
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.things import THINGS, draw_thing

GOLDEN = "68d8aedeb7b2ffb322bec7d80780f7cb809dfa5f3a566f451e399763ae430ff2"
"""SHA-256 of all drawings of seed 5 in 8 bits, by name. See `test_scene.py` before changing it."""


def test_pixels():
    digest = hashlib.sha256()
    for name in sorted(TEXTURES):
        digest.update(np.floor(TEXTURES[name](Rng(5), 40, 60) * 255).astype(np.int16).tobytes())
    for name in sorted(THINGS):
        thing = draw_thing(name, Rng(5))
        for array in (thing.colour, thing.cover):
            digest.update(np.floor(array * 255).astype(np.int16).tobytes())
    assert digest.hexdigest() == GOLDEN


def test_textures_of_any_size_and_seed():
    for name, texture in TEXTURES.items():
        for h, w in ((1, 1), (3, 50), (50, 3), (192, 256)):
            colours = texture(Rng(0), h, w)
            assert colours.shape == (h, w, 3), name
            assert colours.dtype == np.float64
            assert colours.min() > -0.05, name  # clipped when a page is finished
            assert colours.max() < 1.05, name
        assert np.abs(texture(Rng(5), 40, 60) - texture(Rng(6), 40, 60)).mean() > 1e-3, name


def test_things_span_their_canvas():
    """Position and shadow are computed from the canvas."""
    for name, kind in THINGS.items():
        for scale in (0.01, 1.0, 2.0):
            thing = draw_thing(name, Rng(0), scale)
            width = kind.width * scale
            assert thing.w == max(4, round(width)), name
            assert thing.h == max(4, round(width * kind.tallness)), name
            assert (thing.colour >= 0.0).all(), name
            assert (thing.colour <= thing.cover[..., None] + 1e-12).all(), name
            assert (thing.cover > 0.5).any(), name
        covered = draw_thing(name, Rng(0)).cover > 0.5
        assert covered.any(axis=0).mean() > 0.65, name
        assert covered.any(axis=1).mean() > 0.65, name
        assert not kind.grounded or covered[int(0.94 * len(covered)) :].any(), name
