"""Glued words, names for a legend, and colours: visible, stable, distinct."""

import colorsys

import numpy as np

from freecp_d2.text import load_vocabulary
from freecp_d2.text.names_and_colors import (
    _oklab,
    class_colors,
    guess_parts,
    readable_names,
    take_apart,
)


def test_words_that_a_benchmark_writes_with_spaces():
    for apart in (
        *("dining table", "traffic light", "chest of drawers"),
        # No benchmark writes these with spaces.
        *("tv monitor", "playing field", "water drops", "swimming pool", "television receiver"),
    ):
        assert take_apart(apart.replace(" ", "")) == apart
    assert take_apart("TrafficLight") == "traffic light"
    for word in ("dining table", "motorbike", "bookshelf", "skyscraper", "zzz", "قطة"):
        assert take_apart(word) == word


def test_parts_of_words_that_may_be_glued():
    for parts in ("book shelf", "tv monitor", "tv screen", "dining table"):
        assert guess_parts(parts.replace(" ", "")) == parts
    assert guess_parts("TVscreen") == "tv screen"
    for word in ("keyboard", "carpet", "lighthouse", "catx", "cat", "", "ab" * 100_000):
        assert guess_parts(word) is None


def test_names_for_a_legend_are_distinct_and_short():
    names = readable_names(["cat", "cat", "trafficlight", "a  b"])
    assert names == ("cat", "cat (2)", "traffic light", "a b")
    names = readable_names(["cat", "cat (2)", "cat", "cat"])
    assert names == ("cat", "cat (2)", "cat (3)", "cat (4)")
    many = readable_names(["cat"] * 15_000)  # in linear time
    assert (many[-1], len(set(many))) == ("cat (15000)", 15_000)
    [long] = readable_names(["word " * 300])
    assert long.endswith("wo...")
    assert len(long) <= 40


def test_colours_differ_and_are_never_grey():
    for num_classes in (0, 1, 20, 1510):  # 1510: of the finer grid
        colors = class_colors(f"word {i}" for i in range(num_classes))
        assert len(set(colors)) == len(colors) == num_classes
        assert all(type(value) is int and 0 <= value <= 255 for color in colors for value in color)
        assert all(max(color) - min(color) >= 30 for color in colors)
    assert len(set(class_colors(["cat", "cat", "CAT"]))) == 3


def test_colours_of_shipped_vocabularies_are_far_apart_and_neither_dark_nor_pale():
    places = _oklab(np.array(class_colors(load_vocabulary("voc20").class_names)) / 255)
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert distances[np.triu_indices(20, 1)].min() >= 0.1
    for color in class_colors(load_vocabulary("coco_stuff").class_names):
        assert 0.12 < colorsys.rgb_to_hls(*(value / 255 for value in color))[1] < 0.95


def test_a_name_keeps_its_colour():
    assert class_colors(["cat", "dog"]) == ((34, 102, 136), (238, 17, 170))
    assert class_colors(["Cat", "dog"])[:1] == class_colors(["cat"])
    cat, dog, cow = class_colors(["cat", "dog", "cow"])
    assert class_colors(["dog", "cat", "cow"]) == (dog, cat, cow)
