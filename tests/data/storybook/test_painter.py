"""The label of every pixel is the class that was painted last."""

import itertools

import numpy as np
import pytest

from freecp_d2.data.storybook.classes import CLASS_INDEX, CLASSES
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.data.storybook.painter import EDGES, Painter
from freecp_d2.data.storybook.things import THINGS, draw_thing

H, W = 100, 120
ALL = [c.name for c in CLASSES]


def make_page(background="", seed=0, allowed=ALL, w=W):
    page = Painter(H, w, Rng(seed), allowed)
    if background:
        page.fill(background)
    return page


def names(labels):
    return {CLASSES[i].name for i in np.unique(labels)}


def where(page, name):
    return page.labels == CLASS_INDEX[name]


def test_a_pixel_on_the_border_has_the_class_of_the_larger_part(coded):
    for top in (0.396, 0.3999, 0.4001, 0.404):
        page = make_page("sky")
        page.fill("sea", top)
        row, sky, sea = page.colour[40, 0], coded["sky"], coded["sea"]
        share = ((row - sky) / (sea - sky))[0]
        np.testing.assert_allclose(row, (1 - share) * sky + share * sea, atol=1e-12)
        assert 0 < share < 1
        assert where(page, "sea" if share > 0.5 else "sky")[40].all()


def test_everything_below_any_edge_is_filled():
    for edge in EDGES:
        page = make_page("snow")
        page.fill("sand", 0.5, edge)
        sand = where(page, "sand")
        assert (np.diff(sand.astype(int), axis=0) >= 0).all(), edge
        assert 0.2 < sand.mean() < 0.9
        assert (sand.sum(axis=0).std() > 0.5) == (edge != "flat")
    with pytest.raises(ValueError, match=r"'jagged' is unknown; use one of .*ridge"):
        make_page().fill("sand", 0.5, "jagged")


class TestPlace:
    def test_its_outline_is_its_label(self):
        for name in ("sun", "house", "palm tree", "crate"):
            page = make_page("snow")
            outline = draw_thing(name, Rng(0), 0.6).cover > 0.5
            page.chance = Rng(0)
            page.place(name, 0.5, 0.9 if THINGS[name].grounded else 0.5, 0.6)
            placed = where(page, name)
            placed = placed[placed.any(axis=1)][:, placed.any(axis=0)]
            outline = outline[outline.any(axis=1)][:, outline.any(axis=0)]
            np.testing.assert_array_equal(placed, outline)
            assert names(page.labels) == {name, "snow"}

    def test_the_foot_or_the_middle_is_on_the_spot(self):
        page = make_page("snow")
        page.place("crate", 0.5, 0.8)
        crate = np.argwhere(where(page, "crate"))
        assert crate[:, 0].max() == 79
        assert crate[:, 1].mean() == pytest.approx(0.5 * W - 0.5, abs=1)
        page.place("moon", 0.5, 0.5)
        moon = np.argwhere(where(page, "moon"))
        np.testing.assert_allclose(moon.mean(axis=0), (49.5, 59.5), atol=1)

    def test_the_page_cuts_it(self):
        for name, far in itertools.product(("moon", "crate"), (-3, 4)):
            page = make_page("snow")
            page.place(name, far, 0.5)
            page.place(name, 0.5, far)
            assert names(page.labels) == {"snow"}
        whole = (draw_thing("moon", Rng(0)).cover > 0.5).sum()
        for corner in itertools.product((0, 1), (0, 1)):
            page = make_page("snow")
            page.place("moon", *corner)
            assert where(page, "moon").sum() == pytest.approx(whole / 4, rel=0.02)

    def test_a_shadow_is_no_class(self):
        page = make_page("snow")
        before = page.colour.copy()
        page.place("crate", 0.5, 0.6, 0.5)
        ground = where(page, "snow")
        assert (page.colour <= before + 1e-12)[ground].all()
        assert (page.colour < before - 0.05)[ground].any()
        page.place("bus", 0.5, 0.7)  # in front of the crate
        assert names(page.labels) == {"bus", "snow"}


def test_classes_that_are_not_allowed_are_not_chosen():
    strict, plain = make_page(allowed=["sheep", "cow"]), make_page()
    chosen = [strict.choose("pig", "cow", "pig", "sheep") for _ in range(30)]
    assert chosen == [plain.choose("cow", "sheep") for _ in range(30)]
    assert set(chosen) == {"sheep", "cow"}
