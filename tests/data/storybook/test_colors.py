"""Colours of Storybook's classes: distinct, natural, and independent of the order."""

import itertools

from freecp_d2.data.storybook.dataset import stuff_colors
from freecp_d2.text import load_vocabulary


def distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def test_colors():
    names = [*load_vocabulary("storybook_wide").class_names, "no such class", "nor this"]
    colors = stuff_colors(names)
    assert len(colors) == len(names)
    assert all(0 <= value <= 255 for color in colors for value in color)
    assert min(distance(a, b) for a, b in itertools.combinations(colors[:-2], 2)) > 25
    assert distance(*colors[-2:]) > 100
    assert stuff_colors(names[:-2][::-1]) == colors[:-2][::-1]
    (red, green, blue), grass, snow = stuff_colors(["sky", "grass", "snow"])
    assert blue > green > red, "light blue"
    assert max(grass) == grass[1]
    assert min(snow) > 230
