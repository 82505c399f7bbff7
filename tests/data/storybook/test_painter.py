"""The label of every pixel is the class that was painted last."""

import itertools

import numpy as np
import pytest

from freecp_d2.data.storybook.classes import CLASS_INDEX, CLASSES
from freecp_d2.data.storybook.painter import EDGES, Painter
from freecp_d2.data.storybook.rng import Rng
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.things import THINGS, draw_thing

H, W = 100, 120
ALL = [c.name for c in CLASSES]


def make_page(seed=0, allowed=ALL):
    return Painter(H, W, Rng(seed), allowed)


def names(labels):
    return {CLASSES[i].name for i in np.unique(labels)}


class TestFill:
    def test_the_whole_page(self):
        for name in TEXTURES:
            page = make_page()
            page.fill("sky")
            page.fill(name)
            assert names(page.labels) == {name}

    def test_below_a_flat_border(self):
        """A border between two rows; it lies half a pixel below its height."""
        page = make_page()
        page.fill("sky")
        page.fill("sea", 0.395)
        assert (page.labels[:40] == CLASS_INDEX["sky"]).all()
        assert (page.labels[40:] == CLASS_INDEX["sea"]).all()

    def test_what_is_above_the_border_stays(self):
        page = make_page()
        page.fill("sky")
        before = page.colour.copy()
        page.fill("sea", 0.4)
        np.testing.assert_array_equal(page.colour[:40], before[:40])
        assert (page.colour[40:] != before[40:]).any(axis=2).mean() > 0.99

    def test_a_pixel_on_the_border_has_the_class_of_the_larger_part(self, coded):
        for top in (0.396, 0.3975, 0.3999, 0.4001, 0.4025, 0.404):
            page = make_page()
            page.fill("sky")
            page.fill("sea", top)
            row, sky, sea = page.colour[40, 0], coded["sky"], coded["sea"]
            share = ((row - sky) / (sea - sky))[0]
            np.testing.assert_allclose(row, (1 - share) * sky + share * sea, atol=1e-12)
            assert 0 < share < 1
            assert (page.labels[40] == CLASS_INDEX["sea" if share > 0.5 else "sky"]).all()
            assert names(page.labels[:40]) == {"sky"}
            assert names(page.labels[41:]) == {"sea"}

    def test_everything_below_any_edge_is_filled(self):
        for edge, seed in itertools.product(EDGES, range(5)):
            page = make_page(seed)
            page.fill("snow")
            page.fill("sand", 0.5, edge)
            sand = page.labels == CLASS_INDEX["sand"]
            assert (np.diff(sand.astype(int), axis=0) >= 0).all(), edge
            assert 0.2 < sand.mean() < 0.9
            assert (sand.sum(axis=0).std() > 0.5) == (edge != "flat")

    def test_an_unknown_edge(self):
        with pytest.raises(ValueError, match=r"'jagged' is unknown; use one of .*ridge"):
            make_page().fill("sand", 0.5, "jagged")


class TestPatchesAndPaths:
    def test_patch(self):
        page = make_page()
        page.fill("sand")
        page.patch("snow", 10, 40, 20, 90)
        expected = np.full((H, W), CLASS_INDEX["sand"])
        expected[10:40, 20:90] = CLASS_INDEX["snow"]
        np.testing.assert_array_equal(page.labels, expected)

    def test_a_path_grows_wider_towards_the_front(self):
        for seed in range(5):
            page = make_page(seed)
            page.fill("grass")
            page.path("river", 0.5)
            river = page.labels == CLASS_INDEX["river"]
            assert not river[:50].any()
            # A long page, so that neither end is cut by a side.
            wide = Painter(H, 40 * W, Rng(seed), ALL)
            wide.path("river", 0.5)
            widths = (wide.labels == CLASS_INDEX["river"]).sum(axis=1)[50:]
            assert (np.diff(widths) >= -1).all()
            assert widths[0] == pytest.approx(2 * 9, abs=1)
            assert widths[-1] == pytest.approx(2 * (9 + 0.36 * 49), abs=1)


class TestPlace:
    def test_its_outline_is_its_label(self):
        for name in ("sun", "house", "palm tree", "crate"):
            page = make_page()
            page.fill("snow")
            outline = draw_thing(name, Rng(0), 0.6).cover > 0.5
            page.chance = Rng(0)
            page.place(name, 0.5, 0.9 if THINGS[name].grounded else 0.5, 0.6)
            placed = page.labels == CLASS_INDEX[name]
            placed = placed[placed.any(axis=1)][:, placed.any(axis=0)]
            outline = outline[outline.any(axis=1)][:, outline.any(axis=0)]
            np.testing.assert_array_equal(placed, outline)
            assert names(page.labels) == {name, "snow"}

    def test_the_foot_is_on_the_spot(self):
        page = make_page()
        page.fill("snow")
        page.place("crate", 0.5, 0.8)
        crate = np.argwhere(page.labels == CLASS_INDEX["crate"])
        assert crate[:, 0].max() == 79
        assert crate[:, 1].mean() == pytest.approx(0.5 * W - 0.5, abs=1)

    def test_the_middle_is_on_the_spot(self):
        page = make_page()
        page.fill("snow")
        page.place("moon", 0.5, 0.5)
        moon = np.argwhere(page.labels == CLASS_INDEX["moon"])
        np.testing.assert_allclose(moon.mean(axis=0), (49.5, 59.5), atol=1)

    def test_outside_the_page(self):
        for name, x, y in itertools.product(("moon", "crate"), (-3, 4), (0.5,)):
            for place in ((x, y), (y, x)):
                page = make_page()
                page.fill("snow")
                page.place(name, *place)
                assert names(page.labels) == {"snow"}

    def test_a_quarter_in_the_corner(self):
        whole = (draw_thing("moon", Rng(0)).cover > 0.5).sum()
        for x, y in itertools.product((0, 1), (0, 1)):
            page = make_page()
            page.fill("snow")
            page.place("moon", x, y)
            found = (page.labels == CLASS_INDEX["moon"]).sum()
            assert found == pytest.approx(whole / 4, rel=0.02)

    def test_a_shadow_is_no_class(self):
        page = make_page()
        page.fill("snow")
        before = page.colour.copy()
        page.place("crate", 0.5, 0.6, 0.5)
        ground = page.labels == CLASS_INDEX["snow"]
        assert (page.colour <= before + 1e-12)[ground].all()
        assert (page.colour < before - 0.05)[ground].any()

    def test_the_nearer_hides_the_farther(self):
        page = make_page()
        page.fill("snow")
        page.place("crate", 0.5, 0.8, 0.3)
        page.place("bus", 0.5, 0.9)
        assert names(page.labels) == {"bus", "snow"}


class TestChoices:
    def test_only_what_is_allowed(self):
        page = make_page(allowed=["sheep", "cow"])
        chosen = {page.choose("pig", "cow", "sheep", "fish") for _ in range(50)}
        assert chosen == {"sheep", "cow"}

    def test_what_is_not_allowed_takes_no_share(self):
        strict, plain = make_page(allowed=["sheep", "cow"]), make_page()
        for _ in range(30):
            assert strict.choose("pig", "cow", "pig", "sheep") == plain.choose("cow", "sheep")

    def test_spots_are_apart(self):
        """Each is in its own strip of the page."""
        for count in (0, 1, 5):
            spots = sorted(make_page().spots(count))
            assert len(spots) == count
            for i, spot in enumerate(spots):
                assert i / count < spot < (i + 1) / count

    def test_farther_ones_come_first_and_are_smaller(self, monkeypatch):
        placed = []
        monkeypatch.setattr(Painter, "place", lambda self, *args: placed.append(args))
        make_page().stand(40, ["cow"], 0.5, 0.9)
        feet, scales = [p[2] for p in placed], np.array([p[3] for p in placed])
        assert feet == sorted(feet)
        assert 0.5 <= feet[0] < feet[-1] <= 0.9
        assert scales[:10].mean() < scales[-10:].mean() - 0.1


def test_light_leaves_the_labels():
    page = make_page()
    page.fill("sky")
    page.fill("sea", 0.4)
    labels, colour = page.labels.copy(), page.colour.copy()
    page.light()
    np.testing.assert_array_equal(page.labels, labels)
    # Half a tilt of 0.14 in each direction, and half a grain of 0.07.
    assert np.abs(page.colour - colour).max() <= 0.14 + 0.035 + 1e-9
    assert (page.colour != colour).any()
