"""Every thing: its canvas, its size, and a drawing for each seed."""

import numpy as np
import pytest

from freecp_d2.data.storybook.rng import Rng
from freecp_d2.data.storybook.things import THINGS, draw_thing


def test_its_share_of_the_canvas():
    for name in THINGS:
        for seed in range(4):
            thing = draw_thing(name, Rng(seed))
            assert 0.15 <= (thing.cover > 0.5).mean() <= 1.0, name
            assert thing.cover.min() >= 0.0, name
            assert thing.cover.max() == pytest.approx(1.0), name
            assert (thing.colour >= 0.0).all(), name
            assert (thing.colour <= thing.cover[..., None] + 1e-12).all(), name


def test_it_spans_its_canvas():
    """Position and shadow are computed from the canvas, so no side is left wide open."""
    for name, kind in THINGS.items():
        covered = draw_thing(name, Rng(0)).cover > 0.5
        assert covered.any(axis=0).mean() > 0.65, name
        assert covered.any(axis=1).mean() > 0.65, name
        if kind.grounded:
            assert covered[int(0.94 * len(covered)) :].any(), name


def test_a_drawing_is_a_function_of_the_seed():
    for name in THINGS:
        first, again = draw_thing(name, Rng(5)), draw_thing(name, Rng(5))
        np.testing.assert_array_equal(first.colour, again.colour)
        np.testing.assert_array_equal(first.cover, again.cover)
        colours = [draw_thing(name, Rng(seed)).colour for seed in range(3)]
        assert min(np.abs(colours[i] - colours[i - 1]).max() for i in range(3)) > 0.01, name


def test_size():
    for name, kind in THINGS.items():
        for scale in (0.01, 0.5, 2.0):
            thing = draw_thing(name, Rng(0), scale)
            width = kind.width * scale
            assert thing.w == max(4, round(width)), name
            assert thing.h == max(4, round(width * kind.tallness)), name
            assert thing.cover.shape == (thing.h, thing.w)
            assert thing.colour.shape == (thing.h, thing.w, 3)
            assert (thing.cover > 0.5).any(), name


def test_it_looks_left_or_right():
    """The outline of a train has one random property, its direction."""
    outlines = [draw_thing("train", Rng(seed)).cover > 0.5 for seed in range(12)]
    first = outlines[0]
    assert {o.tobytes() for o in outlines} == {first.tobytes(), first[:, ::-1].tobytes()}
    assert (first != first[:, ::-1]).any()
