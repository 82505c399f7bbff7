"""Colours of classes: readable, stable, all different."""

import colorsys

import numpy as np
import pytest

from freecp_d2.text import load_vocabulary
from freecp_d2.text.colors import _oklab, class_colors


def test_oklab_of_known_colours():
    # The values of the page that the formula is from.
    white, black, red = _oklab(np.array([[1.0, 1, 1], [0, 0, 0], [1, 0, 0]]))
    assert white == pytest.approx([1, 0, 0], abs=1e-3)
    assert black == pytest.approx([0, 0, 0], abs=1e-6)
    assert red == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)


@pytest.mark.parametrize("num_classes", [1, 2, 20, 171, 2000])
def test_all_different_and_never_grey(num_classes):
    colors = class_colors(f"word {i}" for i in range(num_classes))
    assert len(set(colors)) == num_classes
    assert all(type(value) is int and 0 <= value <= 255 for color in colors for value in color)
    assert all(max(color) - min(color) >= 30 for color in colors)  # black and white have 0


def test_few_are_far_from_each_other():
    colors = np.array(class_colors(load_vocabulary("voc20").class_names))
    places = _oklab(colors / 255)
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert distances[np.triu_indices(20, 1)].min() >= 0.1


def test_a_name_keeps_its_colour():
    alone = class_colors(["cat"])
    assert class_colors(["Cat", "dog"])[:1] == alone
    assert class_colors(["cat", "dog", "cow"]) == class_colors(["cat", "dog", "cow"])
    animals = class_colors(["cat", "dog", "cow"])
    assert class_colors(["dog", "cat", "cow"]) == (animals[1], animals[0], animals[2])


def test_they_show_on_black_and_on_white():
    for color in class_colors(load_vocabulary("coco_stuff").class_names):
        _, lightness, _ = colorsys.rgb_to_hls(*(value / 255 for value in color))
        assert 0.12 < lightness < 0.95


def test_names_that_are_alike_have_colours_of_their_own():
    assert len(set(class_colors(["cat", "cat", "CAT"]))) == 3


def test_no_names():
    assert class_colors([]) == ()
