"""Colours of Storybook's classes: one each, told apart by eye."""

import itertools

from freecp_d2.data.storybook.colors import stuff_colors
from freecp_d2.text import load_vocabulary

NAMES = load_vocabulary("storybook_wide").class_names


def distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def test_every_class_has_its_own():
    colors = stuff_colors(NAMES)
    assert len(colors) == len(NAMES)
    assert all(0 <= value <= 255 for color in colors for value in color)
    assert min(distance(a, b) for a, b in itertools.combinations(colors, 2)) > 25


def test_it_does_not_depend_on_the_order():
    assert stuff_colors(NAMES[::-1]) == stuff_colors(NAMES)[::-1]


def test_obvious_ones_are_natural():
    (red, green, blue), grass, snow = stuff_colors(["sky", "grass", "snow"])
    assert blue > green > red, "light blue"
    assert max(grass) == grass[1]
    assert min(snow) > 230


def test_a_class_without_an_entry_gets_one_too():
    first, second = stuff_colors(["no such class", "nor this"])
    assert distance(first, second) > 100
    assert all(0 <= value <= 255 for value in (*first, *second))
