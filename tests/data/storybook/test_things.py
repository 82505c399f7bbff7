"""Every thing: on its canvas, of its size, and another for each seed."""

import numpy as np
import pytest

from freecp_d2.data.storybook.rng import Rng
from freecp_d2.data.storybook.things import THINGS, draw_thing

every_thing = pytest.mark.parametrize("name", sorted(THINGS))


@every_thing
def test_its_share_of_the_canvas(name):
    for seed in range(4):
        thing = draw_thing(name, Rng(seed))
        assert 0.15 <= (thing.cover > 0.5).mean() <= 1.0
        assert thing.cover.min() >= 0.0
        assert thing.cover.max() == pytest.approx(1.0)
        assert (thing.colour >= 0.0).all()
        assert (thing.colour <= thing.cover[..., None] + 1e-12).all()  # multiplied by cover


@every_thing
def test_it_reaches_across_its_canvas(name):
    """Its place and its shadow are those of the canvas; so no side is left wide open."""
    covered = draw_thing(name, Rng(0)).cover > 0.5
    assert covered.any(axis=0).mean() > 0.65
    assert covered.any(axis=1).mean() > 0.65


@pytest.mark.parametrize("name", sorted(name for name, thing in THINGS.items() if thing.grounded))
def test_it_stands_on_the_ground(name):
    covered = draw_thing(name, Rng(0)).cover > 0.5
    assert covered[int(0.94 * len(covered)) :].any()


@every_thing
def test_one_seed_one_drawing(name):
    first, again = draw_thing(name, Rng(5)), draw_thing(name, Rng(5))
    np.testing.assert_array_equal(first.colour, again.colour)
    np.testing.assert_array_equal(first.cover, again.cover)


@every_thing
def test_another_seed_another_drawing(name):
    colours = [draw_thing(name, Rng(seed)).colour for seed in range(3)]
    assert min(np.abs(colours[i] - colours[i - 1]).max() for i in range(3)) > 0.01


@every_thing
@pytest.mark.parametrize("scale", [0.01, 0.5, 2.0])
def test_size(name, scale):
    kind, thing = THINGS[name], draw_thing(name, Rng(0), scale)
    width = kind.width * scale
    assert thing.w == max(4, round(width))
    assert thing.h == max(4, round(width * kind.tallness))
    assert thing.cover.shape == (thing.h, thing.w)
    assert thing.colour.shape == (thing.h, thing.w, 3)
    assert (thing.cover > 0.5).any()


def test_it_looks_left_or_right():
    """Nothing of a train's outline but its direction is left to chance."""
    outlines = [draw_thing("train", Rng(seed)).cover > 0.5 for seed in range(12)]
    first = outlines[0]
    assert {o.tobytes() for o in outlines} == {first.tobytes(), first[:, ::-1].tobytes()}
    assert (first != first[:, ::-1]).any()
